# The socket family that talks to the hypervisor, and past every network namespace. Number 2 is the host.
try:
    with socket.socket(40, socket.SOCK_STREAM) as one:
        if facts["kernel"] == "host":
            breach("AF_VSOCK: a socket was opened")
        one.settimeout(3)
        one.connect((2, 1))
        breach("AF_VSOCK: the host answered")
except ConnectionResetError:
    breach("AF_VSOCK: the host answered")
except OSError as error:
    asked("AF_VSOCK", error.errno)
