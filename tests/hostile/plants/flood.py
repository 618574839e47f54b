# More links that leave the project than anybody reads.
os.mkdir("flood")
for number in range(facts["flood"]):
    os.symlink("/etc/passwd", "flood/%d" % number)
planted("flood")
