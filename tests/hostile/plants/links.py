# Links that leave the project, at once or by a detour.
made = [
    link("absolute", "/etc/passwd"),
    link("up", "../outside/secret"),
    link("folder-up", ".."),
    link("detour", "src/../../outside"),
    link("itself", os.path.join(facts["outside"], "secret")),
]
link("first", "folder-up/outside")
planted(*made, "first")
