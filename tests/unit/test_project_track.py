"""What an agent changes, by any means, becomes a commit: the same by an overlay and by a plain copy."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.copying import Copy, copy, program

__all__ = ["copy"]
FILES = ("a", "d/x", "d/y", "d/e/z", "run.sh")


def agent(script: str) -> Callable[[Path], None]:
    """What an agent does in the copy's folder, in a shell."""

    def act(root: Path) -> None:
        subprocess.run(("bash", "-euc", script), cwd=root, check=True)

    return act


# What is done, and what a commit says of it.
STORIES = {
    "nothing": ("true", ""),
    "a file is changed": ("echo more >>a", "~a"),
    "a file is added": ("echo n >new", "+new"),
    "a file in a new folder": ("mkdir -p n/m && echo n >n/m/f", "+n/m/f"),
    "a file is removed": ("rm a", "-a"),
    "a folder is removed": ("rm -r d", "-d/e/z -d/x -d/y"),
    "a folder comes back empty": ("rm -r d && mkdir d", "-d/e/z -d/x -d/y"),
    "a folder comes back with another file": ("rm -r d && mkdir d && echo n >d/n", "-d/e/z +d/n -d/x -d/y"),
    "a folder comes back with an old file": ("cp d/x . && rm -r d && mkdir d && mv x d/x", "-d/e/z -d/y"),
    "a file is renamed": ("mv a b", "-a +b"),
    "a folder is renamed": ("mv d f", "-d/e/z -d/x -d/y +f/e/z +f/x +f/y"),
    "a file becomes a folder": ("rm a && mkdir a && echo n >a/b", "-a +a/b"),
    "a folder becomes a file": ("rm -r d && echo n >d", "+d -d/e/z -d/x -d/y"),
    "a folder becomes a link": ("rm -r d && ln -s /etc d", "+d -d/e/z -d/x -d/y"),
    "a file becomes a link": ("ln -sf d/x a", "~a"),
    "a file becomes a pipe": ("rm a && mkfifo a", "-a"),
    "a mode is changed": ("chmod +x a && chmod -x run.sh", "~a ~run.sh"),
    "only a time is changed": ("touch a", ""),
    "it is changed and changed back": ("cp a b && echo n >a && cat b >a && rm b", ""),
    "a set-id bit": ("chmod 4755 a", "~a"),
    "a name with a line break": ("echo n >$'a\\nb'", "+a\nb"),
    "a name that looks quoted": ("echo n >'\"a\"'", '+"a"'),
    "a name with a backslash and a quote": ("echo n >'\"a\\b'", '+"a\\b'),
    "a name like an option": ("echo n >-rf && mkdir -- -d && echo n >-d/-e", "+-d/-e +-rf"),
    "a name that is no UTF-8": ("echo n >$'\\xff\\xfe'", "+\udcff\udcfe"),
    "names like the layer's own": ("echo n >.wh.a && echo n >.wh..wh..opq", "+.wh..wh..opq +.wh.a"),
}


@pytest.mark.parametrize("story", STORIES)
def test_what_is_done_is_what_the_commit_says(copy: Copy, story: str) -> None:
    script, told = STORIES[story]
    copy.write(*FILES)
    (copy.project / "run.sh").chmod(0o755)
    copy.enter()
    agent(script)(copy.root)
    copy.commit(script)
    assert copy.changed() == (told.split(" ") if told else [])
    assert copy.commit("nothing more") is None
    # What is kept besides is a cache: without it the same comes out.
    (copy.state / "seen.list").unlink()
    assert copy.commit("nothing more, and nothing remembered") is None


def test_the_content_and_the_mode_are_kept(copy: Copy) -> None:
    copy.write("a")
    copy.enter()
    agent("printf '\\0binary\\n' >a && chmod 755 a && ln -s ../up l")(copy.root)
    copy.commit()
    a, link = copy.track.changes(None, copy.track.head())
    assert (a.old.mode, a.new.mode, a.new.size) == (0o100644, 0o100755, 8)
    assert copy.track.blob(a.old.oid) == b"a\n"
    assert copy.track.blob(a.new.oid) == b"\0binary\n"
    assert (link.new.mode, copy.track.blob(link.new.oid)) == (0o120000, b"../up")


def test_between_any_two_commits(copy: Copy) -> None:
    copy.write(*FILES)
    copy.enter()
    commits = [None]
    for script in ("echo 1 >a", "rm -r d; echo 1 >b", "mkdir d; echo 2 >d/x; rm b", "echo 1 >c; cp c run.sh"):
        agent(script)(copy.root)
        commits.append(copy.commit(script))
    assert copy.changed(commits[0], commits[4]) == ["~a", "+c", "-d/e/z", "~d/x", "-d/y", "~run.sh"]
    # First touched after the older of the two: what it was then is the project's own version.
    assert copy.changed(commits[1], commits[2]) == ["+b", "-d/e/z", "-d/x", "-d/y"]
    assert copy.changed(commits[2], commits[3]) == ["-b", "+d/x"]
    assert copy.changed(commits[1], commits[4]) == ["+c", "-d/e/z", "~d/x", "-d/y", "~run.sh"]
    assert copy.changed(commits[4], commits[3]) == ["-c", "~run.sh"]
    assert [commit.command for commit in copy.track.commits()] == [
        "echo 1 >c; cp c run.sh",
        "mkdir d; echo 2 >d/x; rm b",
        "rm -r d; echo 1 >b",
        "echo 1 >a",
    ]


def test_what_can_never_come_back_is_noted(copy: Copy) -> None:
    copy.write(*FILES)
    copy.enter()
    script = """
        mkfifo pipe; mknod null c 1 3; echo n >suid; chmod 4755 suid; ln suid twice
        truncate -s 500G sparse; mkdir -p repo/.git; echo n >repo/.git/config; mkdir .GIT; ln -s x .gitmodules
    """
    agent(script)(copy.root)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(copy.root / "sock"))
    copy.commit()
    assert copy.changed() == ["+suid", "+twice"]
    assert copy.noted() == [
        *("git:.GIT", "odd-name:.gitmodules", "device:null", "fifo:pipe", "git:repo/.git", "socket:sock"),
        *("large:sparse", "hard-link:suid", "set-id:suid", "hard-link:twice", "set-id:twice"),
    ]
    # Notes go with what they are of.
    agent("rm -r pipe null suid twice sparse repo .GIT .gitmodules sock")(copy.root)
    copy.commit()
    assert (copy.changed(), copy.noted()) == ([], [])


def test_a_file_that_grew_too_large_is_not_taken_for_removed(copy: Copy) -> None:
    copy.write("a", "b")
    copy.enter()
    agent("echo 2 >b")(copy.root)
    copy.commit()
    agent("truncate -s 1G a b")(copy.root)
    copy.commit()
    assert copy.changed() == ["~b"]
    assert copy.noted() == ["large:a", "large:b"]


def test_the_version_at_entry_is_unknown_when_the_host_was_first(copy: Copy) -> None:
    copy.write("a", "b")
    copy.enter()
    (copy.project / "a").write_text("the host's\n")
    agent("echo agent >>a; echo agent >b")(copy.root)
    copy.commit()
    a, b = copy.track.changes(None, copy.track.head())
    assert (a.old, copy.noted()) == (None, ["base-unknown:a"])
    assert copy.track.blob(b.old.oid) == b"b\n"
    # That is not forgotten with the cache.
    (copy.state / "seen.list").unlink()
    agent("echo more >>a")(copy.root)
    copy.commit()
    assert copy.noted() == ["base-unknown:a"]


def test_a_change_that_leaves_no_trace_in_size_or_time_is_seen(copy: Copy) -> None:
    """Within a tick of the clock, or with the time set back: the time of change tells, or the file is read again."""
    copy.write("a")
    copy.enter()
    for content in ("1\n", "2\n", "3\n"):
        (copy.root / "a").write_text(content)
        os.utime(copy.root / "a", (0, 0))
        copy.commit()
        (change,) = copy.track.changes(None, copy.track.head())
        assert copy.track.blob(change.new.oid) == content.encode()


def test_a_commit_that_was_cut_off_is_made_again(copy: Copy) -> None:
    copy.write("a")
    copy.enter()
    agent("echo 1 >a")(copy.root)
    first = copy.commit()
    remembered = (copy.state / "seen.list").read_bytes()
    agent("echo 2 >a")(copy.root)
    second = copy.commit()
    # Killed after git had the commit, before the cache was written: and one whose cache is half written.
    for content in (remembered, remembered[: len(remembered) // 2], b""):
        (copy.state / "seen.list").write_bytes(content)
        assert copy.commit() is None
        assert copy.track.head() == second
    # Killed before git had it.
    (copy.state / "track.git/refs/heads/sandbox").write_text(first + "\n")
    assert copy.commit() is not None
    assert copy.changed(first) == ["~a"]


def test_the_program_commits_with_the_command_s_words(copy: Copy) -> None:
    copy.write("a")
    copy.enter()
    agent("echo 1 >a")(copy.root)
    words = ("commit", "--command-file", "-", "--exit", "3", "--seconds", "1.5")
    done = program(
        copy.state, *words, stdin="sh\0-c\0echo it's \x1b[31m\udcff\n>a\0".encode("utf-8", "surrogateescape")
    )
    assert (done.returncode, done.stdout.decode().strip()) == (0, copy.track.head())
    agent("echo 2 >a")(copy.root)
    assert program(copy.state, "commit", "--outside").returncode == 0
    outside, command = copy.track.commits()
    assert (outside.kind, outside.command) == ("outside", "")
    assert (command.kind, command.code, command.seconds) == ("command", 3, 1.5)
    assert command.command == "sh -c 'echo it'\"'\"'s \x1b[31m\udcff\n>a'"
    shown = program(copy.state, "log").stdout.decode()
    assert "\x1b" not in shown
    assert "exit 3, 1.5 s" in shown


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("commit", "--exit"), 2, b"--exit is not known, or lacks its value"),
        (("commit", "--exit", "x"), 2, b"this commit is not understood"),
        (("diff", "x"), 2, b"x is no commit"),
        (("diff", "x..y"), 2, b"x is no commit"),
        (("diff", "--output=/tmp/x.."), 2, b""),
        (("undo", "9"), 2, b"so many commands have not changed anything"),
        (("undo", "0"), 2, b"there is nothing to undo in that"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, words: tuple[str, ...], code: int, said: bytes) -> None:
    copy = Copy(tmp_path, "plain")
    copy.enter()
    done = program(copy.state, *words)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert b"Traceback" not in done.stderr


def test_without_a_copy_every_command_says_so(tmp_path: Path) -> None:
    for words in (("commit",), ("log",), ("diff",), ("status",), ("undo",), ("left-out",)):
        done = program(tmp_path, *words)
        assert (done.returncode, done.stderr[:40]) == (2, b"gen: there is no copy of a project here\n"[:40])
        assert program(tmp_path, "leave").returncode == 0
    shutil.rmtree(tmp_path)
