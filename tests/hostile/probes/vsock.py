# The socket family that talks to the hypervisor, and past every network namespace.
try:
    with socket.socket(40, socket.SOCK_STREAM) as one:
        breach("AF_VSOCK: a socket was opened")
except OSError as error:
    asked("AF_VSOCK", error.errno)
