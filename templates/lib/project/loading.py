"""What files that list sources as well load: settings of linters and tests, manifests, makefiles.

In them a word counts that is a path, or that has a program's suffix, wherever it stands: as the second item of a list,
below a key that nobody has heard of, in a command. Not so what stands below a key that lists what the file is about,
or has the suffix of what is compiled, shown or read.
"""

from __future__ import annotations

import re

from project import spelling, tasks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = rb"""[^\s"'`;|&()<>\[\]{}=,:#!*?\\]+"""
CODE = re.compile(rb"\.(?:sh|bash|js|cjs|mjs|ts|cts|mts|py|rb|pl|php|lua|ps1|bat|cmd)$", re.IGNORECASE)
# What of a path's suffix says that it is no program: source to compile, data, something to look at.
NO_CODE = re.compile(
    rb"\.(?:c|cc|cpp|cxx|h|hh|hpp|hxx|inl|ipp|m|mm|s|asm|f|f90|for|d|rs|go|java|kt|cs|fs|vb|swift|zig|hs|ml|mli|nim|cr"
    rb"|in|o|obj|md|mdx|rst|txt|adoc|html?|css|scss|sass|less|svg|png|jpe?g|gif|ico|webp|pdf|csv|tsv|sql|snap|proto"
    rb"|map|po|pot|xsd|wasm|ttf|woff2?|zip|gz|lock|log|vue|svelte|astro|pyi)$",
    re.IGNORECASE,
)
# Keys, sections and functions that list what a file is about, or what it makes; without dashes and underscores.
SOURCES = frozenset(
    re.findall(
        rb"\w+",
        b"files file include includes included exclude excluded excludes excludedfiles extendexclude extendinclude "
        b"forceexclude sources source sourceroots src srcs srcdir ignore ignores ignored ignorepatterns "
        b"perfileignores extendperfileignores omit norecursedirs testpaths testpathignorepatterns "
        b"coveragepathignorepatterns collectcoveragefrom watchpathignorepatterns transformignorepatterns "
        b"modulepathignorepatterns testmatch testregex packages packagedata packagedir pymodules datafiles dataset "
        b"onlyinclude sdist wheel artifacts readme license licensefiles changelog documentation homepage "
        b"repository url urls baseurl mypypath knownfirstparty knownthirdparty perfiletarget scripts "
        b"consolescripts guiscripts module addexecutable addlibrary targetsources targetincludedirectories "
        b"includedirectories addsubdirectory install installsources installdata outdir outfile output outputs "
        b"outputpath target targets content paths roots rootdirs types typeroots typings workspaces members "
        b"defaultmembers directory dir cachedir cachedirectory projectroot objects headers sourcefiles "
        b"sourcesfiles testfiles depends deps inputs watch reportpaths reports report bench bin example test lib "
        b"labels",
    )
)
# Files below folders of settings that only list what is there.
LISTS = frozenset(
    ("sources.txt", "record", "installed-files.txt", "compile_commands.json", "manifest.in", "codeowners")
)
# Functions that run what they are given, also where that is called a source: Meson's and CMake's.
RUNNING = frozenset((b"runcommand", b"executeprocess"))
SHELL = re.compile(rb"\$[({]shell\b")
TOKEN = re.compile(
    rb"^\[+(?P<section>[^\[\]\n]{1,200})\]+[ \t\r]*$"
    rb"""|(?<![\w./@-])-*(?P<key>[A-Za-z_][\w-]*)(?=["']?\s*(?:[:+?]?=|:|\())"""
    rb"|(?P<open>[\[({])|(?P<close>[\])}])|(?P<word>" + PATH + rb")",
    re.MULTILINE,
)
DOTTED = re.compile(rb"[A-Za-z_]\w*(?:\.\w+)+$")
# A recipe of make's runs when somebody asks for it; what a shell says while the file is read does not wait for that.
RECIPE = re.compile(rb"^\t(?!.*\$[({]shell\b).*$", re.MULTILINE)
ELEMENT = re.compile(rb"<(\w+)")
# `"a", "b.py"` and `"a" / "b.py"`: what a program puts together to one path.
PARTS = re.compile(rb"""["'][\w./-]+["'](?:\s*[,/]\s*["'][\w./-]+["'])+""")
_NAMES = rb"""[A-Za-z_][\w.]*(?:(?:["']?\s*,\s*["']?|\r?\n[ \t]+(?:-[ \t]+)?["']?)[A-Za-z_][\w.]*)*"""
MODULES = re.compile(
    rb"""(?:^|(?<=[\s"'`(\[{=;|&!@:,]))(?:-[mpr]|--(?:require|import|loader|plugin|load-plugins)|pytest_plugins"""
    rb"""|plugins?|load-plugins|build-backend)(?![\w-])["']?(?:[\s=:,(\[{"']|-[ \t])*(""" + _NAMES + rb")",
    re.MULTILINE,
)
NAME = re.compile(rb"[A-Za-z_][\w.]*")
# A module of Rust's is a file beside the one that names it.
MOD = re.compile(rb"^[ \t]*(?:pub(?:\([^)]*\))?[ \t]+)?mod[ \t]+(\w+)[ \t]*;", re.MULTILINE)
RUST = re.compile(rb"(?<![\w./-])[\w./-]{1,200}\.rs\b")


def words(path: bytes, text: bytes) -> Iterator[tuple[bytes, bool]]:
    """What may be a path in such a file, and whether it may be a module's name."""
    name = spelling.folded(path.rpartition(b"/")[2])
    if name in LISTS:
        return
    if tasks.is_makefile(name):
        text = SHELL.sub(b"( shell= ", RECIPE.sub(b"", text))
    if ".xml" in name:
        # An element's name is a key, too.
        text = ELEMENT.sub(rb" \1=", text)
    for word in dict.fromkeys(_listed(text, SOURCES)):
        if NO_CODE.search(word):
            continue
        if b"/" in word or CODE.search(word):
            yield word, False
            # What a folder of settings holds is often told from where that folder is.
            if path.rpartition(b"/")[0].rpartition(b"/")[2].startswith(b"."):
                yield b"../" + word, False
        elif DOTTED.match(word) and not name.endswith(".py"):
            yield word, True
    yield from ((word, False) for word in joined(text) if CODE.search(word))


def modules(text: bytes) -> Iterator[bytes]:
    """The modules that a text says are to be loaded; of a list, each."""
    for match in MODULES.finditer(text):
        yield from NAME.findall(match[1])


def joined(text: bytes) -> Iterator[bytes]:
    """The paths that a text puts together from quoted parts."""
    for match in PARTS.finditer(text):
        yield b"/".join(part.strip(b"./") for part in re.findall(rb"[\"']([\w./-]+)[\"']", match[0]))


def rust(text: bytes) -> Iterator[bytes]:
    """The files that a program of Rust's is made of."""
    yield from RUST.findall(text)
    for match in MOD.finditer(text):
        yield from (match[1] + b".rs", match[1] + b"/mod.rs")


def _listed(text: bytes, without: frozenset[bytes]) -> Iterator[bytes]:
    """The words of a text, without those below some keys, or in a section of such a name."""
    section = key = b""
    above: list[bytes] = []
    for match in TOKEN.finditer(text):
        if match["section"]:
            section, key, above = _bare(match["section"].rpartition(b".")[2]), b"", []
        elif match["key"]:
            key = _bare(match["key"])
        elif match["open"]:
            above.append(key)
        elif match["close"]:
            key = above.pop() if above else key
        elif without.isdisjoint((key, section)) or not RUNNING.isdisjoint(above):
            yield match["word"]


def _bare(key: bytes) -> bytes:
    return key.strip(b" \"'").replace(b"-", b"").replace(b"_", b"").lower()
