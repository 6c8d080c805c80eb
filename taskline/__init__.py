"""What people import: the client, the command line and the console of Taskline."""
