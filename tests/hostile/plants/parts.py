# A folder that git takes for a repository, whose settings run something: an innocent part of it comes first.
top = "store-%s" % facts["where"]
if facts["step"] == 0:
    put(top + "/refs/heads/x", "0" * 40 + "\n")
    planted()
config = put(top + "/config", "[core]\n\tbare = true\n\tfsmonitor = evil\n")
planted(config, put(top + "/HEAD", "ref: refs/heads/x\n"), put(top + "/objects/info/x", "\n"))
