"""The core decides. It is pure: the same request in the same world gets the same decision.

Nothing here reads a clock, a disk, a socket or the environment, and nothing here is random: whatever a decision may
depend on is in the `World` that it is given. import-linter holds this law in CI.
"""
