"""Everything that knows a PDE or a model by name."""

if __name__ == "solvers":
    raise ImportError("import pdekit.solvers, not solvers")
