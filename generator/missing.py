"""What to say when a Python package that gen needs is not there. Imports nothing that could be missing itself."""

from __future__ import annotations

import sys
from pathlib import Path

from generator.printable import escaped

SOURCE = Path(__file__).parents[1]


def told(error: ImportError) -> tuple[str, str, str]:
    """What could not be done, why, and what mends it, for an import that failed."""
    name = escaped(error.name or str(error))
    if (SOURCE / "pyproject.toml").is_file():
        mend = f"Install what it needs with: make -C '{SOURCE}' .venv/.stamp   (then run '{SOURCE}/.venv/bin/gen')"
    else:
        mend = f"Install it again, with what it needs: {sys.executable} -m pip install --force-reinstall gen-sandbox"
    return f"gen cannot begin: Python finds no {name}", f"{sys.executable} was asked: {escaped(str(error))}", mend
