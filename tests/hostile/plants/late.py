# What a person looks at first, and what comes when they have looked.
if facts["step"] == 0:
    put("reviewed-%s.txt" % facts["where"], "as it was reviewed\n")
    planted()
planted(put("unseen-%s.txt" % facts["where"]))
