# Processes without end; but no more than a few beyond the limit, so that a sandbox without one survives.
children = []
try:
    while len(children) <= facts["pids"] + 20:
        pid = os.fork()
        if pid == 0:
            time.sleep(60)
            os._exit(0)
        children.append(pid)
    saw, end = "%d processes were made, and %d is the limit" % (len(children), facts["pids"]), breach
except OSError as error:
    saw, end = "%s after %d processes" % (name_of(error), len(children)), held
for pid in children:
    os.kill(pid, signal.SIGKILL)
end(saw)
