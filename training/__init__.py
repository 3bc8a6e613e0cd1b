"""Data, targets, losses, the training loop, evaluation and the gate."""
