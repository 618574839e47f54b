# Plain files, to which links of the project with names that steer lead: at once, by another link, and where git ignores it.
planted(*[put(path, "echo evil\n") for path in ("docs/plain.md", "tools/env.sh", "tools/ed/tasks.json")])
