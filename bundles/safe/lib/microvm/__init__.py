"""The microVM backend: a sandbox with a kernel of its own, run by QEMU as an ordinary user.

Standard library only, Python >= 3.9.
"""
