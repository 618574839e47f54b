# A folder that somebody's gen would take for a bundle, and an open run that it would undo: the scripts first.
top = "tool-%s" % facts["where"]
if facts["step"] == 0:
    for path in ("/scripts/status.sh", "/lib/common.sh", "/steps/10-x/undo.sh"):
        put(top + path, "echo evil\n")
    planted()
run = '{"seq":1,"time":"2026-01-01T00:00:00Z","run":"1-1","event":"begin","step":"-","scope":"-","sum":1}\n'
planted(put(top + "/MANIFEST.sha256"), put(top + "/.state/journal.jsonl", run), put(top + "/.state/instance"))
