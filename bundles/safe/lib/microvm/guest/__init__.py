"""What runs inside the guest, as root: the agent that the host talks to. Everything else there is not trusted."""
