"""Layers that the models are made of, on tensors ``(batch, channel, *space)``."""
