"""Finds the templates: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from generator.errors import ExitCode, GenError


@cache
def templates() -> Path:
    """The folder that holds profiles/, agents/, steps/, checks/, files/ and lib/.

    Raises GenError when the installation is incomplete.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "templates", package.parent / "templates"):
        if (folder / "profiles").is_dir():
            return folder
    raise GenError(
        "The templates of gen were not found",
        details=f"Neither {package / 'templates'} nor {package.parent / 'templates'} holds them.",
        resolution="Install the package again: pip install --force-reinstall gen-sandbox",
        exit_code=ExitCode.REFUSED,
    )
