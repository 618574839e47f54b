# Plain files, which others name: one that npm runs, and one that an assistant reads.
planted(put("scripts/setup.js", "evil()\n"), put("docs/house.md", "do evil\n"))
