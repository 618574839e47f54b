# A set-uid program of root's, put there by root: does it make anybody root?
import subprocess

done = subprocess.run([facts["set_uid"], "-c", "import os; print(os.geteuid())"], capture_output=True, text=True)
said = done.stdout.strip()
if said == "0" and os.geteuid() != 0:
    breach("the program ran as root")
held("the program ran as %s" % (said or done.stderr.strip()[-60:]))
