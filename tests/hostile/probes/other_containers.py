# Somebody else's process and its environment, in which keys usually stand.
seen = 0
for number in os.listdir("/proc"):
    if number.isdigit():
        seen += 1
        try:
            with open("/proc/%s/environ" % number) as file:
                if "GEN_PEER=" in file.read():
                    breach("the environment of another container's process was read")
        except OSError:
            pass
held("%d processes, none of another container" % seen)
