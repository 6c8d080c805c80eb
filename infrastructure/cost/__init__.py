"""What tasks cost on AWS: prices, loads, and a bill of the resources that the program declares."""
