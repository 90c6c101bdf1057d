"""Benchmarks: run by hand, their results stand in docs/benchmarks.md."""
