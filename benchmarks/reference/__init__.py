"""Semantic-SAM as it was published, in plain torch: what our speed is measured against.

Everything is done the straightforward way: deformable attention with ``grid_sample`` level by level, masks and biases
of window attention made in every forward, the value projections of the decoder made for every click, heads on all nine
layers, all masks brought to full size before anything is chosen, cleaning of the whole picture. It reads its weights
from our network, so that both sides compute the same numbers.
"""
