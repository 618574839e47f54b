# What is neither file, folder nor link; and files that would run as somebody else.
made = []
os.mkfifo("pipe")
made.append("pipe")
one = socket.socket(socket.AF_UNIX)
with contextlib.suppress(OSError):
    one.bind("sock")
    made.append("sock")
for name, kind in (("char", stat.S_IFCHR), ("block", stat.S_IFBLK)):
    with contextlib.suppress(OSError):
        os.mknod(name, kind | 0o666, os.makedev(1, 3))
        made.append(name)
for name, mode in (("set-uid", 0o4755), ("set-gid", 0o2755)):
    put(name)
    with contextlib.suppress(OSError):
        os.chmod(name, mode)
    made.append(name)
planted(*made)
