"""From one profile to a complete, readable bundle."""

__version__ = "0.1.0"
