"""The guest's first process."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from microvm.guest.agent import main  # noqa: E402

main()
