"""Work that goes on while nobody waits for a response: a redrive of many tasks, a load of the laptop."""
