# A datagram to somebody who sends it back.
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(2)
        one.sendto(b"canary", (facts["peer"], facts["port"]))
        breach("the peer answered: %r" % one.recv(100))
except OSError as error:
    held(name_of(error))
