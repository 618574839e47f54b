"""Drives a bundle's own scripts: commands out, events in, shown to a person or a program.

There is one state machine, in the bundle's `lib/runner.sh`. What stands here starts it, reads what it says and gives
back its exit code; it decides nothing about steps. It knows nothing of profiles, plans or templates either: it reads a
bundle as anybody else would.
"""
