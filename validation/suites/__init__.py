"""Validation suites: lists of checks."""
