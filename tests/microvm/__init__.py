"""Real machines under QEMU, most often without hardware to help."""
