"""The network, its weights and the local engine."""
