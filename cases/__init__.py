"""Case files shipped with pdekit; a case is named by its path below this folder."""

if __name__ == "cases":
    raise ImportError("import pdekit.cases, not cases")
