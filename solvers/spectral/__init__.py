"""Equations solved by Fourier pseudo-spectral methods, one file each."""
