# Stands before each probe, which runs inside a sandbox with nothing but Python's own library.
#
# facts: what the harness knows: the peer's address, the canary, the limits, and whose kernel should answer ("host" or "own").
# A probe ends with held() or breach(), and says in a few words what it saw.
import errno
import json
import os
import signal
import socket
import sys
import time

facts = json.loads(sys.argv[1])


def held(saw):
    print(saw)
    sys.exit(0)


def breach(saw):
    print(saw)
    sys.exit(1)


def name_of(error):
    return errno.errorcode.get(error.errno, str(error)) if isinstance(error, OSError) and error.errno else str(error)


def got(what):
    """Something of a kernel was had: of whose?"""
    if facts["kernel"] == "own":
        held(what + ", in the sandbox's own kernel")
    breach(what)


def asked(what, number):
    """A system call that the filter should refuse failed with this number: who said so?"""
    if number in (errno.EPERM, errno.ENOSYS):
        held(what + ": refused with " + errno.errorcode[number])
    if facts["kernel"] == "own":
        held(what + ": the sandbox's own kernel says " + errno.errorcode.get(number, str(number)))
    breach(what + ": the host's kernel was asked, and says " + errno.errorcode.get(number, str(number)))
