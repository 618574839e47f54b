"""The project's copy: what goes into the sandbox, what changed there, and what comes back."""
