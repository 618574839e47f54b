# What a tool on the host would run, or be steered by, though nobody asked for that: at any depth, in any spelling.
made = []
for path in (
    ".git/hooks/post-checkout", "sub/.git/hooks/pre-commit", ".GIT/config", "sub/.Git/config", ".g\u200cit/config", ".git ./x",
    "git~1/config", ".gitattributes", "sub/.GitAttributes", ".gitmodules", ".vscode/tasks.json", "sub/.VSCode/settings.json",
    ".idea/workspace.xml", ".devcontainer/devcontainer.json", ".envrc", "sub/.EnvRC", ".claude/settings.json",
    "sub/.Claude/commands/x.md", ".mcp.json", "CLAUDE.md", "sub/claude.MD", "AGENTS.md", ".cursor/rules/x", ".cursorrules",
    ".aider.conf.yml", ".github/workflows/ci.yml", ".GitHub/Workflows/x.yml", ".gitlab-ci.yml", "sub/Jenkinsfile",
    ".husky/pre-commit", ".npmrc", ".pre-commit-config.yaml", "conftest.py", "package.yaml", "x-1.dist-info/entry_points.txt",
    "rust-analyzer.toml", ".bsp/x.json", "hie.yaml", "compile_commands.json", ".rbenv-vars", ".prototools", ".envrc.local", ".ghci",
    ".iex.exs", ".RData", ".gitlint", ".arcconfig", "sub/x.elc", "sub/x.beam", "sub/x.whl", "sub/x.so.1", ".woodpecker.yml",
    "sub/.goosehints", ".tool-of-tomorrow", "tool-of-tomorrow.toml", "pip.py", "json/__init__.py", "sub/-rf", "sub/a\u202eb",
):  # fmt: skip
    with contextlib.suppress(OSError):
        made.append(put(path))
made.append(put("sub/package.json", '{"scripts": {"postinstall": "evil"}}\n'))
# What a file names that steers something: it is of no name that is held back.
put("sub/.envrc", ". ./dev.sh\n")
made.append(put("sub/dev.sh"))
made.append(put("pnpm/package.json", '{"scripts": {"pnpm:devPreinstall": "node x"}}\n'))
# A repository that is nothing but a folder: git takes it for one wherever it stands.
for path in ("bare/HEAD", "bare/config", "bare/objects/x", "bare/refs/heads/x"):
    made.append(put(path, "ref: refs/heads/x\n"))
# The last parts of one of which the project has a folder called refs, and a bundle of gen that somebody's `gen` would find.
for path in ("paper/HEAD", "paper/config", "paper/objects/x", "MANIFEST.sha256", "scripts/status.sh", "x/.state/journal.jsonl"):
    made.append(put(path, "ref: refs/heads/x\n"))
# What a link among git's hooks leads to, and what git's settings name.
for path in ("tools/hook.sh", "tools/hooks/pre-push"):
    made.append(put(path, "#!/bin/sh\necho evil\n"))
made.append(put("runs.sh", "#!/bin/sh\necho evil\n", 0o755))
planted(*made)
