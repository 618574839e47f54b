"""The guest's first process."""

import os
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from microvm.guest.agent import main  # noqa: E402

main()
