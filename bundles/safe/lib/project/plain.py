"""What is shown as text though git takes it for binary: one NUL, in a comment, would hide a change from its reader."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from project.data import Change

# As far as git looks for a NUL.
BEGINNING = 8000
# Larger ones are not shown at all.
LARGEST = 1 << 20
# Suffixes of what is read, and run, as text.
SUFFIXES = frozenset(
    re.findall(
        r"\S+",
        "ada adb ads asm astro awk bash bat bzl c cc cfg cjs clj cljs cmake cmd coffee conf cpp cr cs css csv "
        "cts cxx d dart ebnf edn el elm erb erl ex exs f90 fish fs fsx go gradle graphql groovy h hbs hcl hh "
        "hpp hrl hs htm html hxx idl inc ini ipynb java jl js json json5 jsonc jsonl jsp jsx kt kts ksh less "
        "lhs lisp lock lua m mak md mdc mdx mjs mk ml mli mm mts mustache nim nix nu pas php phtml pl pm pod "
        "po proto ps1 psd1 psm1 properties pug py pyi pyw pyx r rake rb rkt rs rst sass sbt scala scm scss "
        "sed sh sol sql st styl sv svelte svg swift tcl tex tf toml tpl ts tsv tsx twig txt v vala vb vbs vhd "
        "vim vue wat xml xsd xsl yaml yml zig zsh",
    )
)


ODD = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def is_text(change: Change, old: bytes, new: bytes) -> bool:
    """Whether a change that has a NUL is one of a text: by its name, what was there, how it begins, most of it."""
    suffix = change.path.rpartition(b"/")[2].rpartition(b".")[2].decode("ascii", "replace").lower()
    was = change.old is not None and b"\0" not in old[:BEGINNING] and bool(old)
    return suffix in SUFFIXES or was or new.startswith(b"#!") or reads(new)


def reads(content: bytes) -> bool:
    """Whether nearly all of how it begins is what a text consists of."""
    begins = content[:BEGINNING]
    return len(ODD.findall(begins)) * 10 < len(begins) or not begins
