"""Diagnostics that go beyond invariants: entropies, phase space, scattering data."""
