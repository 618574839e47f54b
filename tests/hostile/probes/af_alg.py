# The kernel's cryptography by a socket: a large and often broken part of it.
try:
    with socket.socket(38, socket.SOCK_SEQPACKET) as one:
        got("AF_ALG: a socket was opened")
except OSError as error:
    asked("AF_ALG", error.errno)
