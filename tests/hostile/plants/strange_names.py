# Names that turn the direction of writing, hide letters, end a line, or are an option to whoever writes *.
made = []
for name in ("sj.\u202exe.txt", "invoice\u2066.py", "a\u200bb.py", "two\nlines.py", "bell\x07.py", "--checkpoint-action=exec=x", "-e.py"):
    made.append(put(name))
planted(*made)
