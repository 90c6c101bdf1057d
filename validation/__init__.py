"""Evidence: benchmarks, reference numbers and validation suites."""

if __name__ == "validation":
    raise ImportError("import pdekit.validation, not validation")
