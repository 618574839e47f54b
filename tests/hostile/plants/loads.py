# Plain files that are named in more than one step: by a recipe that a hook asks for, a script that a server's list of words asks for, a
# folder in which Python looks for modules, and instructions that name others.
planted(
    put("recipes/lint.sh"),
    put("scripts/serve.js"),
    put("search/json.py"),
    put("docs/details.md"),
)
