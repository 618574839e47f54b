# Memory without end; but no more than a fifth beyond the limit. The child is what the kernel ends.
pid = os.fork()
if pid == 0:
    block, kept = 8 << 20, []
    while len(kept) * block < facts["memory"] * 1.2:
        kept.append(os.urandom(1) * block)
    os._exit(7)
_, status = os.waitpid(pid, 0)
if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 7:
    breach("%d MiB were taken" % (facts["memory"] * 1.2 / (1 << 20)))
held(
    "the process was ended by signal %d" % os.WTERMSIG(status)
    if os.WIFSIGNALED(status)
    else "the process ended with %d" % os.WEXITSTATUS(status)
)
