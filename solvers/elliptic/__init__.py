"""Boundary-value problems on boxes, one file each."""
