"""The laptop edition: the whole pipeline on one machine, without an AWS account and without Docker.

Read in this order: `__main__` (the command), `edition` (the order things start and stop in), `emulator` (AWS),
`stack` (runs the Pulumi program), `provisioner` (creates what the program declares), `front_door` (the port a person
talks to, with the `gateway` behind it), `pipe` (moves messages), `engine` (runs the state machine for it, with the
interpreter in `express`), `lambdas` (runs the functions for all of them).
"""
