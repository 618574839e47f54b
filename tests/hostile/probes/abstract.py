# A socket in the kernel's abstract namespace: it has no file, and belongs to the network namespace.
try:
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(2)
        one.connect("\0" + facts["marker"])
        breach("connected to somebody else's abstract socket")
except OSError as error:
    held(name_of(error))
