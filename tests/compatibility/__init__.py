"""What the previous release left running has to get on with this one, and the other way round."""
