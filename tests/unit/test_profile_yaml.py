"""YAML that is refused before anybody looks at its values, with the exact words."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.profile import ProfileErrors, load_profile

LEAST = "Write at least `name: my-sandbox`."
SYNTAX = "Look at the indentation, the colons, the quotes and the brackets here and just above."
TOP_KEYS = (
    "Known here: name, description, engine, isolation, image, agent, resources, storage, project, network, "
    "security, build, extends."
)
DEEP = f"1:18: name{'[0]' * 11}: is nested deeper than 12 levels. No key of a profile lies that deep."

CASES: list[tuple[bytes, list[str]]] = [
    (b"", [f"1:1: profile: is empty. {LEAST}"]),
    (b"# nothing\n", [f"1:1: profile: is empty. {LEAST}"]),
    (b"- a\n", [f"1:1: profile: is not a mapping of keys to values. {LEAST}"]),
    (b"box\n", [f"1:1: profile: is not a mapping of keys to values. {LEAST}"]),
    (b"name: box\n---\n", ["2:1: profile: starts a second document. Keep one document: remove the `---`."]),
    (b"%YAML 1.1\n---\nname: box\n", ["2:1: profile: holds a % directive. Remove it: no directive is needed."]),
    (
        b"name: &a box\ndescription: *a\n",
        [
            "1:7: name: has an anchor (&a). Remove it, and write values out.",
            "2:14: description: is an alias (*a). Write the value out.",
        ],
    ),
    (b"name: box\ndescription: *nope\n", ["2:14: description: is an alias (*nope). Write the value out."]),
    ("*a\ud7fc".encode(), ["1:1: profile: is an alias (*a?). Write the value out."]),
    (b"*a : 1\nname: box\n", ["1:1: profile: is an alias (*a). Write the value out."]),
    (b"&a name: box\n", ["1:1: profile: has an anchor (&a). Remove it, and write values out."]),
    (b"name: box\nname: bax\n", ["2:1: name: is given twice (first in line 1). Keep one of the two."]),
    (
        b"name: box\nstorage:\n  size: 1G\n  size: 2G\n",
        ["4:3: storage.size: is given twice (first in line 3). Keep one of the two."],
    ),
    (
        b"name: box\nstorage:\n  <<: {size: 1G}\n",
        ["3:3: storage: has a merge key (<<). Write the values out, or use extends."],
    ),
    (b"name: !!str box\n", ["1:7: name: has the tag `tag:yaml.org,2002:str`. Remove it."]),
    (b"name: !python/name:os.system box\n", ["1:7: name: has the tag `!python/name:os.system`. Remove it."]),
    (b"!!map\nname: box\n", ["1:1: profile: has the tag `tag:yaml.org,2002:map`. Remove it."]),
    (b"name: box\nstorage:\n\tsize: 1G\n", ["3:1: profile: is indented with a tab. Use spaces."]),
    (b"name: a: b\n", [f"1:8: profile: is not YAML (mapping values are not allowed here). {SYNTAX}"]),
    (b"name: box\n storage: x\n", [f"2:9: profile: is not YAML (mapping values are not allowed here). {SYNTAX}"]),
    (b'name: "box\n', [f"2:1: profile: is not YAML (found unexpected end of stream). {SYNTAX}"]),
    (b"name: box\ndescription: caf\xe9\n", ["2:17: profile: is not UTF-8 text. Save the file as UTF-8."]),
    ("name: box\n".encode("utf-16"), ["1:1: profile: is not UTF-8 text. Save the file as UTF-8."]),
    (b"name: b\0x\n", ["1:8: profile: holds the invisible character U+0000. Remove it."]),
    (b"name: b\x1b[0m\n", ["1:8: profile: holds the invisible character U+001B. Remove it."]),
    (
        "name: box\ndescription: a\u202eb\n".encode(),
        ["2:15: profile: holds the invisible character U+202E. Remove it."],
    ),
    (
        b'name: box\ndescription: "a\\u0007b"\n',
        ["2:14: description: holds the invisible character U+0007. Remove it."],
    ),
    (b"name: " + b"[" * 14 + b"]" * 14, [DEEP]),
    (b"#" * (1024 * 1024 + 1), ["1:1: profile: is larger than 1 MiB. Remove what does not belong into a profile."]),
    (
        b"name: box\nimage: [" + b"a," * 20_001 + b"]\n",
        ["2:40003: profile: has more than 20000 values. Remove what does not belong into a profile."],
    ),
    (b"? [a]\n: b\nname: box\n", ["1:3: profile: has a key that is not plain text. Write each key as one word."]),
    (b"1: b\nname: box\n", [f"1:1: 1: is not a key that is known here. {TOP_KEYS}"]),
    (b"name: box\nzzz: 1\n", [f"2:1: zzz: is not a key that is known here. {TOP_KEYS}"]),
    (b"name: box\nstorge: {}\n", ["2:1: storge: is not a key that is known here. Did you mean storage?"]),
    (b"name: box\nextend: dev\n", ["2:1: extend: is not a key that is known here. Did you mean extends?"]),
    (b"name: box\nmemory: 1G\n", ["2:1: memory: is not a key that is known here. Did you mean resources.memory?"]),
    (b"name: box\nimage:\n  Base: a\n", ["3:3: image.Base: is not a key that is known here. Did you mean image.base?"]),
    (b"description: x\n", ["1:1: name: is missing. Add `name: my-sandbox`."]),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[repr(text[:40]) for text, _ in CASES])
def test_refused(text: bytes, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("profile.yaml").write_bytes(text)
    with pytest.raises(ProfileErrors) as caught:
        load_profile("profile.yaml")
    assert str(caught.value.details).splitlines() == [f"profile.yaml:{line}" for line in expected]


@pytest.mark.parametrize(
    "text",
    [
        b"---\nname: box\n",
        b"\xef\xbb\xbfname: box\n",
        b"name: box\r\ndescription: a\r\n",
        b"{name: box, image: {packages: [git]}}",
        "name: box\ndescription: Ein Kästchen für später\n".encode(),
        b"name: box\nnetwork:\n  ports: [22:22]\n",
        b"name: box\ndescription: 2001-01-01\n",
        b"name: box\n...\n",
    ],
)
def test_accepted(text: bytes, tmp_path: Path) -> None:
    file = tmp_path / "profile.yaml"
    file.write_bytes(text)
    assert load_profile(file).profile.name == "box"
