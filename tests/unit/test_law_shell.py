"""A law: text that others wrote is no part of what bash evaluates.

Bash runs commands that stand in what it reckons with: `$((x))` where x is `UID[$(id)]` runs id. So each variable in an
arithmetic expression has to come from a place that only makes numbers: a literal, a count, other arithmetic, a setting of the
bundle, or NUMBER, which the parsers of lib/common.sh set. Other ways to evaluate text are on a short list with their reasons.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "templates"
SHELL = sorted(
    path
    for path in TEMPLATES.rglob("*")
    if path.is_file() and (path.suffix == ".sh" or path.read_bytes()[:2] == b"#!") and "microvm" not in path.parts
)

# Bash sets these itself, and nobody else can: an assignment to the first four is a number, whatever it says.
BASH = {"SECONDS", "RANDOM", "EUID", "UID", "PPID", "LINENO", "BASHPID", "BASH_VERSINFO"}
PARSED = "NUMBER"
SETTING = re.compile(r"GEN_[A-Z_]*(BYTES|UID|PIDS)")

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
    "lib/docker.sh: a list of unquoted words": IDS,
    "lib/fingerprint.sh: a script with a variable in it": "a part of an awk program, written in that file",
    "lib/isolation.sh: a list of unquoted words": "backends: words of the settings, or one of them",
    "lib/plan.sh: a list of unquoted words": STEPS,
    "lib/podman.sh: a list of unquoted words": IDS,
    "lib/runner.sh: a list of unquoted words": STEPS,
    "lib/sight.sh: a script with a variable in it": "literal names of fields",
    "lib/storage.sh: a script with a variable in it": "literal names of fields",
    "steps/image/do.sh: a list of unquoted words": "paths that are written in that file",
    "steps/image/undo.sh: a list of unquoted words": IDS,
    "steps/sandbox/undo.sh: a list of unquoted words": IDS,
}
"""Ways to evaluate text that are no danger where they stand, as `file: what`."""

# Where somebody turns off the linter's word about unquoted text, it is looked at by a person.
UNQUOTED = {
    "lib/lock.sh": "numbers of the kernel's",
    "lib/runner.sh": STEPS,
    "lib/storage.sh": "names of loop devices, from /sys",
    "lib/subnet.sh": IDS,
}


@dataclass(frozen=True, slots=True)
class Use:
    """A variable, or a whole expression, that bash evaluates."""

    file: str
    function: str
    name: str
    line: int


def bare(text: str) -> str:
    """The script without comments, here-documents and what stands in single quotes, line for line."""
    out: list[str] = []
    position, double, depth = 0, False, []
    while position < len(text):
        rest = text[position:]
        if text[position] == "\\":
            out.append(rest[:2].replace("\n", " \n") if rest[:2] == "\\\n" else "__")
            position += 2
        elif not double and text[position] == "'":
            dollar = position and text[position - 1] == "$"
            end = re.compile(r"(?:[^'\\]|\\.)*'" if dollar else r"[^']*'", re.S).match(text, position + 1)
            assert end, rest[:80]
            out.append("'" + re.sub(r"[^\n]", "_", text[position + 1 : end.end() - 1]) + "'")
            position = end.end()
        elif not double and text[position] == "#" and (position == 0 or text[position - 1] in " \t\n;("):
            position += len(rest.split("\n", 1)[0])
        elif rest.startswith("$("):
            depth.append(double)
            double = False
            out.append("$(")
            position += 2
        elif text[position] == "(" and not double and depth:
            depth.append(double)
            out.append("(")
            position += 1
        elif text[position] == ")" and not double and depth:
            double = depth.pop()
            out.append(")")
            position += 1
        elif text[position] == '"':
            double = not double
            out.append('"')
            position += 1
        else:
            out.append(text[position])
            position += 1
    return _without_documents("".join(out))


def _without_documents(text: str) -> str:
    lines, end = [], ""
    for line in text.split("\n"):
        if end:
            end = "" if line.strip() == end else end
            lines.append("")
            continue
        started = re.search(r"(?<!<)<<-?(['\"]?)([A-Z]+|_+)\1$", line)
        end = "PYTHON" if started and "_" in started[2] else started[2] if started else ""
        lines.append(line)
    return "\n".join(lines)


def balanced(text: str, start: int, pair: str) -> int:
    """Behind the bracket that closes the one at `start`."""
    level = 0
    for position in range(start, len(text)):
        level += (text[position] == pair[0]) - (text[position] == pair[1])
        if level == 0:
            return position + 1
    raise AssertionError(text[start : start + 80])


def expressions(text: str) -> Iterator[tuple[int, str]]:
    """Each arithmetic expression of a script, with where it begins."""
    for match in re.finditer(r"\(\(", text):
        yield match.start(), text[match.end() : balanced(text, match.start(), "()") - 2]
    for match in re.finditer(r"\$\{(?:#?\w+)(\[)", text):
        yield match.start(1), text[match.start(1) + 1 : balanced(text, match.start(1), "[]") - 1]
    for match in re.finditer(r"(?:^|[\s;(])\w+(\[)(?=[^\]]*\]\+?=)", text, re.M):
        yield match.start(1), text[match.start(1) + 1 : balanced(text, match.start(1), "[]") - 1]
    for match in re.finditer(r"\$\{(\w+|@):(?![-+=?])", text):
        yield match.start(), text[match.end() : balanced(text, match.start() + 1, "{}") - 1]
    for match in re.finditer(r"\[\[ (.*?) \]\]", text):
        for side in re.finditer(r"(\S+) -(?:eq|ne|lt|le|gt|ge) (\S+)", match[1]):
            yield match.start(), f"{side[1]} {side[2]}"


def names_in(expression: str) -> Iterator[str]:
    """What an expression takes its numbers from: names of variables, $1 and so on, or a whole command."""
    if expression in ("@", "*", ""):
        return
    rest = re.sub(r"\$\(\((?:[^()]|\([^()]*\))*\)\)", " ", expression)
    for match in re.finditer(r"\$\((?!\()", rest):
        yield "$(" + rest[match.end() : match.end() + 20]
    rest = re.sub(r"\$\{#[^}]*\}|\$[#?$!]|\b0x[0-9a-fA-F]+\b", " ", rest)
    for match in re.finditer(r"\$\{?([0-9@*]+)", rest):
        yield f"${match[1]}"
    yield from re.findall(r"(?<![\w#])([A-Za-z_]\w*)", re.sub(r"\$\(.*", " ", rest))


def functions_of(text: str) -> list[tuple[int, int, str]]:
    """Where each function begins and ends: a short one on its line, a longer one with a bracket at the margin."""
    return [
        (match.start(), match.end(), match[1])
        for match in re.finditer(r"^(\w+)\(\) [{(](?:.*[})]$|.*\n(?:(?![})]).*\n)*[})])", text, re.M)
    ]


def function_at(spans: list[tuple[int, int, str]], position: int) -> str:
    return next((name for start, end, name in spans if start <= position < end), "")


_VALUE = r"((?:\"(?:[^\"$]|\$\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|\$)*\"|\$\(\((?:[^()]|\([^()]*\))*\)\)|\$\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|\$\{[^}]*\}|'[^']*'|[^\s;&|)\"'])*)"
_ASSIGNED = re.compile(rf"(?:^|[\s;({{&|])(\w+)\+?={_VALUE}", re.M)


def assignments(text: str) -> Iterator[tuple[int, str, str]]:
    """Each assignment: where, to which variable, and of what."""
    for match in _ASSIGNED.finditer(text):
        yield match.start(), match[1], match[2]
    for match in re.finditer(r"\bread ((?:-\S+ )*(?:-[duntN] ?\S+ )*)([\w ]+)", text):
        for name in match[2].split():
            yield match.start(), name, "read"
    for match in re.finditer(r"\bfor (\w+) in ([^;\n]*)", text):
        numbers = re.fullmatch(r"[\d ]+", match[2])
        yield match.start(), match[1], "0" if numbers else "a list"
    for match in re.finditer(r"\bprintf -v (\w+)", text):
        yield match.start(), match[1], "printf"


class Scripts:
    """All scripts, and what is known of their variables."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = {file: bare(text) for file, text in texts.items()}
        self.spans = {file: functions_of(text) for file, text in self.texts.items()}
        self.values: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
        for file, text in self.texts.items():
            for position, name, value in assignments(text):
                self.values[name].append((file, function_at(self.spans[file], position), value))

    def uses(self) -> Iterator[Use]:
        for file, text in self.texts.items():
            for position, expression in expressions(text):
                for name in names_in(expression):
                    yield Use(file, function_at(self.spans[file], position), name, text.count("\n", 0, position) + 1)

    def is_number(self, use: Use, seen: frozenset[str] = frozenset()) -> bool:
        """Whether everything that is assigned to the variable, where this use can see it, is a number."""
        if use.name in BASH or use.name == PARSED or SETTING.fullmatch(use.name) or use.name in seen:
            return True
        if not use.name.isidentifier():
            return False
        every = self.values.get(use.name, [])
        here = [entry for entry in every if entry[:2] == (use.file, use.function)]
        file = [entry for entry in every if entry[0] == use.file]
        return bool(every) and all(self.numeric(entry, use, seen) for entry in here or file or every)

    def numeric(self, entry: tuple[str, str, str], use: Use, seen: frozenset[str]) -> bool:
        file, function, value = entry
        value = value.strip('"')
        if re.fullmatch(r"-?\d*|''|\$[#?$!]|\$\{#[^}]*\}", value) or value.startswith("$(("):
            return True
        other = re.fullmatch(r"\$\{?(\w+)\}?", value)
        return bool(other) and self.is_number(Use(file, function, other[1], use.line), seen | {use.name})


EVALUATIONS = (
    (r"\beval\b", "eval"),
    (r"(?:^|[\s;&|({])let\s", "let"),
    (r"\b(?:declare|typeset|local|readonly) -\w*[in]", "declare -i or -n"),
    (r"\$\{!", "a name in a variable"),
    (r"(?:\[\[?|\btest) -v\b", "test -v"),
    (r"\bprintf (?:-v \w+ )?\"?[^\"'\s]*\$", "a format in a variable"),
    (r"(?:^|[\s;(|{])read (?!-\w*r|.* -r |it |as |from )", "read without -r"),
    (r"\b(?:sh|bash) -c \"(?!\$[A-Z_]+\")[^\"]*\$", "a script with a variable in it"),
    (r"\bxargs\b", "xargs"),
    (r"\bfor \w+ in [^;\n]*(?<!\")\$\{?(?!GEN_)\w", "a list of unquoted words"),
    (r"\b(?:sed|awk) (?:-[nEi]+ +|-F *'_*' +)*\"[^\"]*(?<!\\)\$[\w{]", "a script with a variable in it"),
    (r"\bgrep (?:-(?!\w*F)\w+ )*\"[^\"]*(?<!\\)\$[\w{]", "a pattern with a variable in it"),
)
"""Other ways in which bash takes text for more than text."""


def texts_of_the_bundle() -> dict[str, str]:
    return {str(path.relative_to(TEMPLATES)): path.read_text() for path in SHELL}


def unproven(texts: dict[str, str]) -> list[str]:
    scripts = Scripts(texts)
    found = {
        f"{use.file}: {use.name}": use.line
        for use in scripts.uses()
        if not scripts.is_number(use) and f"{use.file}: {use.name}" not in ALLOWED_NUMBERS
    }
    return [f"{where} (line {line})" for where, line in sorted(found.items())]


def evaluated(texts: dict[str, str]) -> list[str]:
    found = set()
    for file, text in texts.items():
        for pattern, what in EVALUATIONS:
            for match in re.finditer(pattern, bare(text), re.M):
                line = bare(text).count("\n", 0, match.start()) + 1
                if f"{file}: {what}" not in ALLOWED_EVALUATION:
                    found.add(f"{file}: {what} (line {line}: {match[0].strip()})")
    return sorted(found)


def test_every_number_in_arithmetic_comes_from_where_only_numbers_come_from() -> None:
    assert unproven(texts_of_the_bundle()) == []


def test_no_other_text_is_evaluated() -> None:
    assert evaluated(texts_of_the_bundle()) == []


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
    'eval "$line"', "let n=n+1", "declare -i n=$x", 'echo "${!name}"', '[[ -v $name ]]', 'test -v "$name"', 'printf "$said"',
    'printf -v out "$said"', "read line", 'inside sh -c "ls $path"', "cut -f 1 | xargs rm", "for name in $names; do :; done",
    'sed -n "s/^$key=//p"', 'awk "/$key/"', 'grep -q "^$key"',
)  # fmt: skip
RIGHT = (
    'whole "$(inside df)" || exit\nsize=$((NUMBER * 1024))',
    "tries=0\ntries=$((tries + 1))\n[[ $tries -lt 5 ]]",
    "all=()\nn=0\nwhile [ $((${#all[@]} - n)) -ge 3 ]; do n=$((n + 1)); done",
    "since=$SECONDS\necho $((SECONDS - since))",
    "echo $((GEN_MEMORY_BYTES >> 20)) '$((x))' # $((y))",
    "cat <<'TEXT'\n$((z))\nTEXT",
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
