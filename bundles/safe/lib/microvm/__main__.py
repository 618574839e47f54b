"""`python3 -I -B lib/microvm --state DIR COMMAND ...`; see --help."""

import sys
from pathlib import Path

# A folder that is started has itself on the path; the package is found one above it.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from microvm.cli import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
