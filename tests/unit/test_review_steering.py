"""What something that steers leads to on the host is held back: by links of every kind, and by git's own files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from project import gitnames, outside, scan, steering
from project.host import Host
from project.risky import Reason
from project.verdict import judge

from tests.unit.applying import Link, Tree, Versions, make


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the user's in which nothing is."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("HOME", str(home))
    return home


def held(project: Path, *names: str, links: Tree | None = None) -> dict[str, list[Reason]]:
    """Of these paths, which the agent changed, those that are held back."""
    versions = Versions({}, {**dict.fromkeys(names, "new"), **(links or {})})
    with Host(os.fsencode(project)) as host:
        found = judge(versions.changes, versions.blob, host)
    return {os.fsdecode(one.change.path): list(one.held) for one in found if one.held}


# Links of the host's (`@` is the project's own absolute path); what the agent changes; what of it is held back.
LINKS = {
    "a plain one": ("CLAUDE.md>docs/x.md", "docs/x.md docs/y.md", "docs/x.md"),
    "one with another name": ("readable>docs/x.md", "docs/x.md", ""),
    "an absolute one": ("CLAUDE.md>@/docs/x.md", "docs/x.md docs/y.md", "docs/x.md"),
    "out and in again": ("CLAUDE.md>../project/docs/x.md", "docs/x.md docs/y.md", "docs/x.md"),
    "out by a link, and in again": ("CLAUDE.md>../way/x.md", "docs/x.md docs/y.md", "docs/x.md"),
    "a chain": ("CLAUDE.md>a a>b/c b>docs docs/c>x.md", "docs/x.md q", "docs/x.md"),
    "a link on the way": ("CLAUDE.md>b/x.md b>docs", "b/x q", "b/x"),
    "to what is not there yet": ("CLAUDE.md>no/where/x.md", "no/where/x.md no/y", "no/where/x.md"),
    "to a folder": (".vscode>tools/ed", "tools/ed/tasks.json tools/x", "tools/ed/tasks.json"),
    "in such a folder": (".vscode>tools/ed tools/ed/t>../../q/t", "q/t q/u", "q/t"),
    "below a name that steers": (".vscode/tasks.json>../q/t", "q/t q/u", "q/t"),
    "spelled otherwise": ("CLAUDE.md>Docs/X.md", "docs/x.md docs/y.md", "docs/x.md"),
    "a circle": ("CLAUDE.md>a a>CLAUDE.md", "docs/x.md", ""),
    "more ways than are followed": ("CLAUDE.md>l/l/l/l/x l>m/m/m/m/l m>l/l/l/m", "docs/x.md", "docs/x.md"),
    "a program in a store of packages": ("node_modules/.bin/x>../../tools/x.js", "tools/x.js q", "tools/x.js"),
    "a package in a store of packages": ("node_modules/me/x>../../pkg", "pkg/a.js", ""),
    "in a folder that has a shape": ("env/bin/x>../../tools/x env/pyvenv.cfg>../q", "tools/x q r", "tools/x q"),
    "in git's own folder": (".git/hooks/pre-commit>../../scripts/x.sh", "scripts/x.sh q", "scripts/x.sh"),
    "git's hooks as a whole": (".git/hooks>../tools/hooks", "tools/hooks/a q", "tools/hooks/a"),
}


@pytest.mark.parametrize(("host", "changed", "wanted"), LINKS.values(), ids=LINKS)
def test_what_a_link_leads_to(tmp_path: Path, host: str, changed: str, wanted: str) -> None:
    project = tmp_path / "project"
    pairs = [link.replace("@", str(project)).split(">") for link in host.split()]
    links = {name: Link(target) for name, target in pairs}
    make(project, {"pkg/README": "", "docs/README": "", ".git/HEAD": "ref: x", **links})
    (tmp_path / "way").symlink_to("project/docs")
    assert set(held(project, *changed.split())) == set(wanted.split())


def test_gits_own_folder_under_another_name(tmp_path: Path) -> None:
    project = make(tmp_path / "project", {".git": "gitdir: store/x\n", "store/x/HEAD": "ref: x"})
    assert set(held(project, "store/x/config", "q")) == {"store/x/config"}


def test_one_that_git_ignores_counts(tmp_path: Path) -> None:
    project = make(tmp_path / "project", {".gitignore": ".vscode\n", ".vscode": Link("tools/ed")})
    assert set(held(project, "tools/ed/tasks.json", "tools/x")) == {"tools/ed/tasks.json"}


def test_one_that_an_earlier_apply_brought_counts_and_one_that_comes_along(tmp_path: Path) -> None:
    project = make(tmp_path / "project", {"a": Link("q")})
    assert set(held(project, "q/x", links={"CLAUDE.md": Link("a/x")})) == {"CLAUDE.md", "q/x"}
    make(project, {"CLAUDE.md": Link("a/x")})
    assert set(held(project, "q/x", "q/y")) == {"q/x"}


def test_one_that_never_comes_sends_nobody_around_on_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make(tmp_path / "project", {"x": ""})
    looked: list[bytes] = []
    monkeypatch.setattr("project.links.read", looked.append)
    held(project, "q", links={"CLAUDE.md": Link("/net/elsewhere/x"), "x": Link("../../y")})
    assert [path for path in looked if b"elsewhere" in path or path.endswith(b"/y")] == []


def test_the_users_own_links_into_the_project_count(tmp_path: Path, home: Path) -> None:
    project = make(tmp_path / "project", {"zsh/rc": "", "nvim/init.lua": "", "q": ""})
    (home / ".zshrc").symlink_to(project / "zsh/rc")
    (home / ".config").mkdir()
    (home / ".config/nvim").symlink_to("../../project/nvim")
    (home / "work").symlink_to(project)
    assert set(held(project, "zsh/rc", "nvim/lua/x.lua", "q")) == {"zsh/rc", "nvim/lua/x.lua"}


# A link outside; where it leads (`@` is the project); what the agent changes, of which the first is held back.
OUTSIDE = {
    "a plugin of vim's": (".vim/pack/d/start/plug", "@/v", "v/plugin/x.vim q"),
    "one of several settings": (".ssh/config.d/p", "@/s", "s q"),
    "a file of an editor's": (".config/nvim/init.lua", "@/nv/x.lua", "nv/x.lua q"),
    "in a folder that is a link": ("dots/vim/plugin", "@/v", "v/x.vim q"),
    "in git's hooks": ("../hk/pre-commit", "@/tools/pre.sh", "tools/pre.sh q"),
    "in a folder that a link leads to": ("shared/tasks.json", "@/t/x", "t/x q"),
    "in no folder of settings": ("work/x", "@/q", "- q"),
}


@pytest.mark.parametrize(("link", "target", "changed"), OUTSIDE.values(), ids=OUTSIDE)
def test_links_outside_that_lead_in(tmp_path: Path, home: Path, link: str, target: str, changed: str) -> None:
    settings = f"[core]\n\thooksPath = {tmp_path}/hk\n"
    host: Tree = {".git/HEAD": "ref: x", ".git/config": settings, "v/a": "", ".vscode": Link(str(home / "shared"))}
    project = make(tmp_path / "project", host)
    place = home / link
    place.parent.mkdir(parents=True)
    place.symlink_to(target.replace("@", str(project)))
    (home / ".vim").symlink_to("dots/vim") if link.startswith("dots") else None
    paths = [path for path in changed.split() if path != "-"]
    assert list(held(project, *paths)) == [path for path in changed.split()[:1] if path != "-"]


def test_a_home_is_looked_at_as_far_as_its_limits(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make(tmp_path / "project", {"v": "", "w": ""})
    make(home / ".vim/deep/er", {"link": Link(str(project / "v"))})
    make(home / ".vim", {"link": Link(str(project / "w")), "circle": Link(".")})
    assert set(held(project, "v", "w")) == {"v", "w"}
    monkeypatch.setattr(outside, "NAMES", 4)
    assert set(held(project, "v", "w")) == {"w"}
    monkeypatch.setattr(outside, "SECONDS", -1)
    assert set(held(project, "v", "w")) == set()


# Where it stands, what it says; what the agent changes; what of it is held back, and as what it is named.
SETTINGS = (
    ("[core]\n\thooksPath = tools/hooks\n", "tools/hooks/pre-x q", "tools/hooks/pre-x", "core.hookspath"),
    ("[core] hooksPath = \"tools/hooks\" # y\n", "tools/hooks/pre-x q", "tools/hooks/pre-x", "core.hookspath"),
    ("[CORE]\n\tHOOKSPATH = tools/\\\nhooks\n", "tools/hooks/pre-x q", "tools/hooks/pre-x", "core.hookspath"),
    ("[core]\n\thooksPath = @/tools/hooks\n", "tools/hooks/pre-x q", "tools/hooks/pre-x", "core.hookspath"),
    ("[core]\n\tfsmonitor = tools/watch\n", "tools/watch q", "tools/watch", "core.fsmonitor"),
    ("[core]\n\tattributesFile = tools/attributes\n", "tools/attributes q", "tools/attributes", "core.attributesfile"),
    ("[core]\n\tsshCommand = sh -x 'tools/ssh.sh'\n", "tools/ssh.sh q", "tools/ssh.sh", "core.sshcommand"),
    ("[include]\n\tpath = ../gitconf\n", "gitconf q", "gitconf", "include.path"),
    ("[includeIf \"onbranch:x\"]\n\tpath = ../gitconf\n", "gitconf q", "gitconf", "includeif.onbranch:x.path"),
    ("[include]\n\tpath = ../more\n", "deep/er q", "deep/er", "more core.editor"),
    ("[filter \"x\"]\n\tclean = python3 tools/clean.py %f\n", "tools/clean.py q", "tools/clean.py", "filter.x.clean"),
    ("[diff \"x\"]\n\ttextconv = tools/text\n", "tools/text q", "tools/text", "diff.x.textconv"),
    ("[merge \"x\"]\n\tdriver = tools/m %O %A\n", "tools/m q", "tools/m", "merge.x.driver"),
    ("[alias]\n\tst = !sh run.sh\n", "run.sh q", "run.sh", "alias.st"),
    ("[alias]\n\tst = \"!f() { $(git rev-parse --show-toplevel)/t/x; }; f\"\n", "t/x q", "t/x", "alias.st"),
    ("[gpg]\n\tprogram = ./tools/gpg\n", "tools/gpg q", "tools/gpg", "gpg.program"),
    ("[credential \"https://x\"]\n\thelper = !tools/keys\n", "tools/keys q", "tools/keys", "credential.https://x.helper"),
    ("[commit]\n\ttemplate = tools/message\n", "tools/message q", "tools/message", "commit.template"),
    ("[remote \"origin\"]\n\turl = ../docs\n\tfetch = +docs/a:docs/b\n", "docs/a docs/b", "", ""),
    ("[remote \"o\"]\n\turl = ext::sh% t/x\n", "t/x q", "t/x", "remote.o.url"),
    ("[remote \"o\"]\n\tpushurl = \"ext::t/x %S\"\n", "t/x q", "t/x", "remote.o.pushurl"),
    ("[url \"ext::sh% t/x% \"]\n\tinsteadOf = https://q/\n", "t/x q", "t/x", "url.ext::sh% t/x% .insteadof"),
    ("[url \"https://q/\"]\n\tinsteadOf = ext::q\n", "q", "", ""),
    ("[submodule \"s\"]\n\turl = ext::t/x\n", "t/x q", "t/x", "submodule.s.url"),
    ("[branch \"x\"]\n\tremote = ext::t/x\n", "t/x q", "t/x", "branch.x.remote"),
    ("[branch \"x\"]\n\tmerge = refs/heads/x\n[user]\n\tname = a b\n", "refs/heads/x b", "", ""),
    ("[safe]\n\tdirectory = @\n", "docs/a", "", ""),
    ("[core\nbroken = ]\n\x00[[", "docs/a", "", ""),
)  # fmt: skip


@pytest.mark.parametrize(("text", "changed", "wanted", "by"), SETTINGS)
@pytest.mark.parametrize("place", ["project", "worktree", "home", "nested"])
def test_what_gits_settings_name(
    tmp_path: Path, home: Path, place: str, text: str, changed: str, wanted: str, by: str
) -> None:
    project = tmp_path / "project"
    top = project / "sub" if place == "nested" else project
    make(top, {"more": "[core]\n\teditor = sh deep/er\n"})
    # An included file's path is taken from where the settings are.
    text = text.replace("@", str(top)).replace(
        "path = ../", f"path = {top}/" if place in ("worktree", "home") else "path = ../"
    )
    if place == "worktree":
        make(tmp_path / "main/.git/worktrees/w", {"HEAD": "ref: x", "commondir": "../..\n", "config.worktree": text})
        make(project, {".git": f"gitdir: {tmp_path}/main/.git/worktrees/w\n"})
        if "path = ../" in text:
            pytest.skip("is taken from where the settings are")
    else:
        make(top / ".git", {"HEAD": "ref: x", "config": "" if place == "home" else text})
        if place == "home":
            (home / ".gitconfig").write_text(text)
    prefix = "sub/" if place == "nested" else ""
    found = held(project, *(prefix + name for name in changed.split()))
    assert set(found) == {prefix + name for name in wanted.split()}
    for reasons in found.values():
        assert reasons[0].reason.startswith("named by ")
        assert by in reasons[0].reason


def test_the_words_of_a_hook_are_paths(tmp_path: Path) -> None:
    hook = '#!/bin/sh\ncd "$(git rev-parse --show-toplevel)" && sh ./scripts/lint.sh\n$TOP/tools/x --config=conf/a\n'
    sample = "sh sample.sh\n"
    hooks = {".git/HEAD": "ref: x", ".git/hooks/pre-commit": (hook, 0o755), ".git/hooks/pre-push.sample": sample}
    project = make(tmp_path / "project", hooks)
    changed = ("scripts/lint.sh", "tools/x", "conf/a", "scripts/other.sh", "sample.sh", "cd")
    found = held(project, *changed)
    assert set(found) == {"scripts/lint.sh", "tools/x", "conf/a", "cd"}
    assert found["tools/x"][0].reason == "named by .git/hooks/pre-commit"


def test_too_much_to_look_at_holds_all_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make(tmp_path / "project", dict.fromkeys(map(str, range(20)), ""))
    monkeypatch.setattr(scan, "MOST", 10)
    assert held(project, "x", "y") == {"x": [steering.MANY], "y": [steering.MANY]}


@pytest.mark.parametrize("way", ["a link of git's", "a setting"])
def test_unheld_the_next_commit_runs_it(tmp_path: Path, way: str) -> None:
    project = make(
        tmp_path / "project", {"scripts/x.sh": ("#!/bin/sh\n", 0o755), "hooks/pre-commit": Link("../scripts/x.sh")}
    )
    git(project, "init", "-q")
    if way == "a setting":
        git(project, "config", "core.hooksPath", "hooks")
    else:
        (project / ".git/hooks").mkdir(exist_ok=True)
        (project / ".git/hooks/pre-commit").symlink_to("../../scripts/x.sh")
    assert set(held(project, "scripts/x.sh")) == {"scripts/x.sh"}
    # The control: as if it had come back.
    (project / "scripts/x.sh").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    git(project, "commit", "-q", "--allow-empty", "-m", "x")
    assert (tmp_path / "ran").exists()


def git(project: Path, *words: str) -> None:
    """Runs git in a project, as its owner would."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(("git", *who, *words), cwd=project, check=True, capture_output=True)


def test_settings_are_read_as_git_reads_them(tmp_path: Path) -> None:
    text = '[a "B c"]\n\tKey = one "two # three" ; four\n[d]e=f\n\tg\n[h "x\\"y"] i = "\\\\n" \\\n j\n'
    (tmp_path / "config").write_text(text)
    words = ("git", "config", "-z", "--file", tmp_path / "config", "--list")
    told = subprocess.run(words, capture_output=True, check=True).stdout.split(b"\0")[:-1]
    wanted = [tuple(each.partition(b"\n")[::2]) for each in told]
    found = [(key.encode(), value) for key, value in gitnames.settings(text.encode())]
    assert [value for _, value in found] == [value for _, value in wanted]
    assert [key for key, _ in found][:3] == [b"a.B c.key", b"d.e", b"d.g"]
