"""What runs or steers something in the repository that an agent gets: by names of plain files, and by links."""

from __future__ import annotations

from pathlib import Path

STEERING = {
    ".gitignore": ".vscode\n",
    "docs/plain.md": "be kind\n",
    "docs/house.md": "no shouting\n@docs/details.md\n",
    "docs/details.md": "nor whispering\n",
    "tools/env.sh": "export PYTHONPATH=$PWD/search\n",
    "search/own.py": "\n",
    "tools/ed/tasks.json": "{}\n",
    "package.json": '{"scripts": {"postinstall": "node scripts/setup.js", "serve": "node scripts/serve.js"}}\n',
    "scripts/setup.js": "0\n",
    "scripts/serve.js": "0\n",
    ".mcp.json": '{"mcpServers": {"own": {"command": "npm", "args": ["run", "serve"]}}}\n',
    ".husky/pre-commit": "make lint\n",
    "Makefile": "lint:\n\t@./recipes/lint.sh\n",
    "recipes/lint.sh": "true\n",
    "CLAUDE.md": "@docs/house.md\n",
}


def that_steers(folder: Path) -> None:
    """Puts all of it into a repository."""
    for path, text in STEERING.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    (folder / ".cursorrules").symlink_to(folder / "docs/plain.md")
    (folder / ".vscode").symlink_to("tools/ed")
    (folder / "links").mkdir()
    (folder / "links/one").symlink_to("../tools/env.sh")
    (folder / ".envrc").symlink_to("links/one")
