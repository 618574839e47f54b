"""The program `gen`, which is also `python -m generator`: one command, then the process ends."""

from __future__ import annotations

import gc
import sys


def run() -> int:
    """Runs the command of this process and gives its exit code.

    No garbage is collected: so short a process ends before that pays, and the system takes all memory back at once.
    """
    gc.disable()
    try:
        from generator.cli import main
    except ImportError as error:
        from generator.missing import told

        what, why, mend = told(error)
        sys.stderr.write(f"gen: error: {what}\n{why}\n{mend}\n")
        return 2
    code = main()
    gc.freeze()  # Python collects once more when it ends, but not what is frozen
    return code


if __name__ == "__main__":
    sys.exit(run())
