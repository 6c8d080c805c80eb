"""The laptop edition: the whole pipeline on one machine, without an AWS account and without Docker.

Read in this order: `__main__` (the command), `edition` (what starts and stops in which order), `deploy` (runs the
Pulumi program and builds the services), then the rooms that they use, each of which knows only those after it:

- `services`: AWS services that the laptop edition runs itself: the front door and the gateway behind it (`http`,
  `gateway`), the pipe (`pipes`), the state machine (`states`), the functions (`lambdas`), and what observes them.
- `program`: evaluates the Pulumi program and creates on the emulator what it declares.
- `emulator`: the embedded AWS emulator, and clients for it.
- `host`: the machine: options, files, processes.
"""
