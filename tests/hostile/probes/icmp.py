# An echo request, by the kernel's own ping socket or by a raw one.
import struct

saw = []
for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
    try:
        with socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP) as one:
            one.settimeout(2)
            body = struct.pack("!BBHHH", 8, 0, 0, 7, 1)
            total = sum(struct.unpack("!4H", body))
            body = struct.pack("!BBHHH", 8, 0, 0xFFFF & ~((total >> 16) + (total & 0xFFFF)), 7, 1)
            one.sendto(body, (facts["peer"], 0))
            one.recv(100)
            breach("the peer answered a ping")
    except OSError as error:
        saw.append(name_of(error))
held(", ".join(saw))
