# A file of the host with a secret in it: by its own path, through other processes' roots, and below every mount.
tops = {"", "/host"}
for number in os.listdir("/proc"):
    if number.isdigit():
        tops.add("/proc/%s/root" % number)
for line in open("/proc/self/mountinfo"):
    tops.add(line.split()[4].rstrip("/"))
for top in sorted(tops):
    for path in (top + facts["canary"], top + "/" + os.path.basename(facts["canary"])):
        try:
            with open(path) as file:
                if facts["secret"] in file.read():
                    breach("read " + path)
        except OSError:
            pass
held("not below any of %d folders" % len(tops))
