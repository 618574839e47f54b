"""`gen doctor`: what may keep a bundle from running here, and what earlier runs left half made.

`facts` is what is known, frozen; `engine`, `host` and `bundles` gather it; the modules of findings are pure
functions over it, `diagnosis` first; `mending` does what a finding says is safe to do.
"""
