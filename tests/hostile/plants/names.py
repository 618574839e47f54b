# Names that steer a terminal, end a line, look like an option, or are no text; and a path as deep as it can be made.
for name in (
    b"\x1b[2J\x1b]0;evil\x07",
    b"two\nlines",
    b"-rf",
    b"--help",
    b"\xff\xfe",
    b"back\\slash",
    "right\u202eleft".encode(),
    b"x" * 255,
):
    with contextlib.suppress(OSError):
        put(name, "a name\n")
top = os.getcwd()
with contextlib.suppress(OSError):
    for _ in range(100):
        os.mkdir("deep")
        os.chdir("deep")
    put("end")
os.chdir(top)
put("text.txt", "an escape \x1b[2J in a file\n")
planted()
