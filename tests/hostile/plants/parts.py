# A folder that git takes for a repository, whose settings run something: the parts come one apply after the other.
top = "store-%s" % facts["where"]
if facts["step"] == 0:
    put(top + "/refs/heads/x", "0" * 40 + "\n")
    put(top + "/objects/info/x", "\n")
    planted()
if facts["step"] == 1:
    put(top + "/config", "[core]\n\tbare = true\n\tfsmonitor = evil\n")
    planted()
planted(put(top + "/HEAD", "ref: refs/heads/x\n"))
