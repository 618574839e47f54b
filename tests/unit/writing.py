"""What the tests of writing a bundle share: two small versions of one, and how to look at a folder."""

import os
from pathlib import Path

import pytest

from generator.bundle import write_bundle
from generator.errors import GenError
from generator.render import MANIFEST, RenderedFile, manifest, sha256

Files = dict[str, RenderedFile]


def files_of(**contents: str) -> Files:
    """A small bundle: `a__b="x"` is the file a/b; what begins with #! is executable."""
    files = {
        name.replace("__", "/"): RenderedFile(content.encode(), 0o755 if content.startswith("#!") else 0o644)
        for name, content in sorted(contents.items())
    }
    return files | {MANIFEST: RenderedFile(manifest(files), 0o644)}


ONE = files_of(README="one\n", lib__run="#!/bin/sh\n", old__gone="old\n")
TWO = files_of(README="two\n", lib__run="#!/bin/sh\n", new__here="new\n")


def tree(folder: Path) -> dict[str, str]:
    """What is there: content by path, with a mark for what may be executed."""
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8") + ("*" if os.access(path, os.X_OK) else "")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def seal(folder: Path) -> None:
    """Makes what stands in the bundle what its manifest says."""
    own = {"local", ".state", "storage", "backups"}
    paths = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())
    listed = [path for path in paths if "/" in path and path.split("/")[0] not in own]
    lines = (f"{sha256((folder / path).read_bytes())}  {path}\n" for path in listed)
    (folder / MANIFEST).write_text("".join(lines), "ascii")


def refusal(files: Files, out: Path, *, force: bool = False) -> GenError:
    """The error of a write that must fail."""
    with pytest.raises(GenError) as caught:
        write_bundle(files, out, force=force)
    assert caught.value.resolution
    return caught.value
