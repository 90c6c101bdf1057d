"""Evidence: benchmarks against other programs and against plain code."""

if __name__ == "validation":
    raise ImportError("import pdekit.validation, not validation")
