# Stands before each plant, which runs inside a sandbox, in the copy of the project, with nothing but Python's own library.
#
# facts: what the harness knows: a folder of the host beside the project, and how many files a flood has.
# A plant ends with planted(): what of it must never come back by itself.
import contextlib
import json
import os
import socket
import stat
import sys
import time

facts = json.loads(sys.argv[1])


def put(path, content="evil\n", mode=0o644):
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with open(path, "w") as file:
        file.write(content)
    os.chmod(path, mode)
    return path


def link(path, target):
    os.symlink(target, path)
    return path


def planted(*paths):
    print(json.dumps([os.fsdecode(path) for path in paths]))
    sys.exit(0)
