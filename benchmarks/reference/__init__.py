"""A pipeline built like the systems that Taskline replaces, to compare the laptop edition's costs with.

FastAPI behind Mangum takes a task and sends it to an SQS FIFO queue; one Lambda function processes the queue. No
record, no claim, no state machine, no history. It runs on the same emulator and with the same runtime client.
"""
