# What Python takes for a module of its own or a tool's, where it is started: a file, a package, a link to a package that is none of
# these, and what a tool loads by its name.
put("inner/__main__.py")
put("inner/__init__.py")
planted(put("pip.py"), put("json/__init__.py"), link("yaml", "inner"), put("evil-1.dist-info/entry_points.txt", "[pytest11]\nevil = inner\n"))
