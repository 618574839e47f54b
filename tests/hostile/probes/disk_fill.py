# Files without end, wherever one may write; but no more than a little beyond what the workspace may hold.
block = os.urandom(1 << 20)
total, made, saw = 0, [], set()
for folder in ("/workspace", "/var/tmp", "/tmp", "/root", "/usr", "/opt"):
    path = folder + "/gen-probe-fill"
    written = 0
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        saw.add(name_of(error))
        continue
    made.append(path)
    try:
        while written <= facts["disk"] + (32 << 20):
            written += os.write(file, block)
    except OSError as error:
        saw.add(name_of(error))
    os.close(file)
    os.unlink(path)
    if written > facts["disk"]:
        breach("%d MiB were written in %s" % (written >> 20, folder))
    total += written
held("%s after %d MiB" % (", ".join(sorted(saw)), total >> 20))
