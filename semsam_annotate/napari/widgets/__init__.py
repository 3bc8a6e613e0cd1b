"""The dock: small widgets that show the state and forward to it."""
