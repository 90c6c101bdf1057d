"""``python -m pdekit``."""

from pdekit.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
