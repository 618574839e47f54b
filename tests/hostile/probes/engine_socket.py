# Every Unix socket that can be found is asked whether it is an engine.
found = []
for top in ("/run", "/var/run", "/tmp", "/host", "/workspace"):
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            try:
                with socket.socket(socket.AF_UNIX) as one:
                    one.settimeout(2)
                    one.connect(path)
                    one.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                    if b"OK" in one.recv(1000):
                        breach("an engine answers at " + path)
            except OSError:
                found.append(path)
held("no engine behind any of %d files" % len(found))
