"""What engines that run OCI containers share: the system-call filter, the policy, the assistant's description."""
