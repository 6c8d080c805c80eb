"""The code that runs in AWS Lambda, importable under the same names on AWS, on the laptop and in tests.

Arrows point one way: handlers (`validator`, `processor`, `reader`, `redrive`, `documents`, `events`, `monitor`,
`breaker`) -> domain (`tasks`) <- `adapters`.
"""
