# A name asked of the configured servers, and of one that would answer anything.
import struct

try:
    breach("a name was resolved: %s" % socket.gethostbyname("canary.test"))
except OSError as error:
    saw = [name_of(error)]
query = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + b"\6canary\4test\0" + struct.pack("!2H", 1, 1)
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(2)
        one.sendto(query, (facts["peer"], 53))
        one.recv(512)
        breach("a name server answered")
except OSError as error:
    held(", ".join([*saw, name_of(error)]))
