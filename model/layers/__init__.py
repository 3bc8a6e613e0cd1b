"""Layers that the encoders and decoders share."""
