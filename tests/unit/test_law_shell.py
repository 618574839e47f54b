"""A law: text that others wrote is no part of what bash evaluates.

Bash runs commands that stand in what it reckons with: `$((x))` where x is `UID[$(id)]` runs id. So each variable in an
arithmetic expression has to come from a place that only makes numbers: a literal, a count, other arithmetic, a setting
of the bundle, or NUMBER, which the parsers of lib/common.sh set. Other ways to evaluate text are on a short list.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.shell_law import evaluated, unproven

TEMPLATES = Path(__file__).parents[2] / "templates"
SHELL = sorted(
    path
    for path in TEMPLATES.rglob("*")
    if path.is_file() and (path.suffix == ".sh" or path.read_bytes()[:2] == b"#!") and "microvm" not in path.parts
)

ALLOWED_NUMBERS = {
    "lib/common.sh: text": "the parser itself, which has looked at each digit",
    "lib/journal.sh: CRC": "a table of the script's own",
    "lib/journal.sh: byte": 'printf -v byte %d "\'X" gives the number of a letter',
}
"""Where a variable in arithmetic is a number for another reason, as `file: name`."""

IDS = "the engine's own numbers and names, which have neither blanks nor stars"
STEPS = "names of steps, from the manifest of this bundle"
ALLOWED_EVALUATION = {
    "checks/capabilities/check.sh: a script with a variable in it": "two literal names of fields",
    "checks/secrets/check.sh: a script with a variable in it": "a key's name from the profile, which has a pattern",
    "files/scripts/plan.sh: a list of unquoted words": STEPS,
    "lib/client.sh: a script with a variable in it": "two literal names of plugins",
    "lib/debts.sh: a script with a variable in it": "a part of an awk program, written in lib/fingerprint.sh",
    "lib/docker.sh: a list of unquoted words": IDS,
    "lib/fingerprint.sh: a script with a variable in it": "a part of an awk program, written in that file",
    "lib/isolation.sh: a list of unquoted words": "backends: words of the settings, or one of them",
    "lib/leash.sh: a script with a variable in it": "parts of a script, written in that file",
    "lib/machine.sh: a list of unquoted words": "the number of a process, which is a whole one",
    "lib/owned.sh: a list of unquoted words": IDS,
    "lib/preflight.sh: a pattern with a variable in it": "a container's name from the settings",
    "lib/reach.sh: a pattern with a variable in it": "ports and addresses of the settings, in hexadecimal",
    "lib/troubles.sh: a pattern with a variable in it": "patterns of a step's troubles, from a file of the manifest",
    "steps/set-aside/undo.sh: a list of unquoted words": IDS,
    "lib/plan.sh: a list of unquoted words": STEPS,
    "lib/plan.sh: a pattern with a variable in it": "a pattern that is written in that file",
    "lib/plan.sh: a script with a variable in it": "a step's name, from the manifest of this bundle",
    "files/scripts/plan.sh: a pattern with a variable in it": "a pattern that is written in lib/plan.sh",
    "files/scripts/plan.sh: a script with a variable in it": "a literal mark and a step's name",
    "lib/sources.sh: a list of unquoted words": "paths that are written in that file",
    "lib/podman.sh: a list of unquoted words": IDS,
    "lib/runner.sh: a list of unquoted words": STEPS,
    "lib/sight.sh: a script with a variable in it": "literal names of fields",
    "lib/storage.sh: a script with a variable in it": "literal names of fields",
    "steps/image/do.sh: a list of unquoted words": "paths that are written in that file",
    "lib/images.sh: a list of unquoted words": IDS,
    "steps/sandbox/undo.sh: a list of unquoted words": IDS,
}
"""Ways to evaluate text that are no danger where they stand, as `file: what`."""

# Where somebody turns off the linter's word about unquoted text, it is looked at by a person.
UNQUOTED = {
    "lib/client.sh": "names of variables",
    "lib/holders.sh": "paths in which the kernel writes a blank as a number",
    "lib/lock.sh": "numbers of the kernel's",
    "lib/runner.sh": STEPS,
    "lib/storage.sh": "names of loop devices, from /sys",
    "lib/subnet.sh": IDS,
}


def texts_of_the_bundle() -> dict[str, str]:
    return {str(path.relative_to(TEMPLATES)): path.read_text() for path in SHELL}


def test_every_number_in_arithmetic_comes_from_where_only_numbers_come_from() -> None:
    assert unproven(texts_of_the_bundle(), ALLOWED_NUMBERS) == []


def test_no_other_text_is_evaluated() -> None:
    assert evaluated(texts_of_the_bundle(), ALLOWED_EVALUATION) == []


def test_unquoted_text_is_known() -> None:
    loud = {file for file, text in texts_of_the_bundle().items() if re.search(r"disable=\S*SC20(?:86|46)", text)}
    assert loud <= UNQUOTED.keys()


# The faults that this law is for, each as it stood or could stand; and what is right instead.
FAULTS = (
    "size=$(($(inside df -k --output=size /tmp | tail -n 1) * 1024))",
    'right_size() {\n    local bytes=$(($1 * 1024)) size\n}',
    "fields=$(inside df)\necho $((${fields##*$'\\n'} * 1024))",
    "[ $((16#$(value CapEff))) -eq 0 ]",
    'read -r KNOWN digest <"$seen"\ntail -n "+$((KNOWN + 1))"',
    'count=$(cat file)\n[[ $count -gt 3 ]]',
    'n=$(inside nproc)\necho "${list[$n]}"',
    'n=$(inside nproc)\nlist[n]=1',
    'n=$(inside nproc)\necho "${text:$n:1}"',
    'n=$(inside nproc)\nm=$n\n((m > 3)) && echo',
    'for n in $(inside nproc); do echo $((n + 1)); done',
    "echo $((FROM_THE_ENVIRONMENT + 1))",
)  # fmt: skip
EVALUATED = (
    'eval "$line"',
    "let n=n+1",
    "declare -i n=$x",
    'echo "${!name}"',
    "[[ -v $name ]]",
    'test -v "$name"',
    'printf "$said"',
    'printf -v out "$said"',
    "read line",
    'inside sh -c "ls $path"',
    "cut -f 1 | xargs rm",
    "for name in $names; do :; done",
    'sed -n "s/^$key=//p"',
    'awk "/$key/"',
    'grep -q "^$key"',
)
RIGHT = (
    'whole "$(inside df)" || exit\nsize=$((NUMBER * 1024))',
    "tries=0\ntries=$((tries + 1))\n[[ $tries -lt 5 ]]",
    "all=()\nn=0\nwhile [ $((${#all[@]} - n)) -ge 3 ]; do n=$((n + 1)); done",
    "since=$SECONDS\necho $((SECONDS - since))",
    "echo $((GEN_MEMORY_BYTES >> 20)) '$((x))' # $((y))",
    "cat <<'TEXT'\n$((z))\nTEXT",
    "unset ${!COMPOSE_@}",
)


@pytest.mark.parametrize("script", FAULTS)
def test_the_law_sees_a_number_of_somebody_else(script: str) -> None:
    assert unproven({"x.sh": script + "\n"})


@pytest.mark.parametrize("script", EVALUATED)
def test_the_law_sees_what_evaluates_text(script: str) -> None:
    assert evaluated({"x.sh": script + "\n"})


@pytest.mark.parametrize("script", RIGHT)
def test_the_law_lets_pass_what_is_right(script: str) -> None:
    assert unproven({"x.sh": script + "\n"}) == []
    assert evaluated({"x.sh": script + "\n"}) == []
