"""`python3 -I -S -B lib/microvm/__main__.py --state DIR COMMAND ...`; see --help."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Started as a folder, Python has put it first; as a file, with -I, it has put nothing there. Python's own modules go
# before whatever lies beside these.
sys.path[: sys.path[0] == HERE] = []
sys.path.append(os.path.dirname(HERE))

from microvm.cli import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
