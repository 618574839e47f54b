"""How a bundle starts its Python programs, but that what is compiled is kept for all tests."""

import sys
import tempfile

PYTHON = (sys.executable, "-I", "-S", "-B", "-X", f"pycache_prefix={tempfile.gettempdir()}/gen-tests-compiled")
