"""What bash takes for more than text, found in a script: for the law in test_law_shell.py."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

# Bash sets these itself, and nobody else can: an assignment to the first four is a number, whatever it says.
BASH = {"SECONDS", "RANDOM", "EUID", "UID", "PPID", "LINENO", "BASHPID", "BASH_VERSINFO"}
PARSED = "NUMBER"
SETTING = re.compile(r"GEN_[A-Z_]*(BYTES|UID|PIDS)")


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


_INSIDE = r"(?:[^()]|\((?:[^()]|\([^()]*\))*\))*"
_VALUE = rf"((?:\"(?:[^\"$]|\$\({_INSIDE}\)|\$)*\"|\$\({_INSIDE}\)|\$\{{[^}}]*\}}|'[^']*'|[^\s;&|)\"'])*)"
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
    # With that at its end it gives names, and no value.
    (r"\$\{!(?!\w+@\})", "a name in a variable"),
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


def unproven(texts: dict[str, str], allowed: Collection[str] = ()) -> list[str]:
    """The numbers that bash reckons with which may be somebody else's text."""
    scripts = Scripts(texts)
    found = {
        f"{use.file}: {use.name}": use.line
        for use in scripts.uses()
        if not scripts.is_number(use) and f"{use.file}: {use.name}" not in allowed
    }
    return [f"{where} (line {line})" for where, line in sorted(found.items())]


def evaluated(texts: dict[str, str], allowed: Collection[str] = ()) -> list[str]:
    """Where text is evaluated in another way."""
    found = set()
    for file, text in texts.items():
        for pattern, what in EVALUATIONS:
            for match in re.finditer(pattern, bare(text), re.M):
                line = bare(text).count("\n", 0, match.start()) + 1
                if f"{file}: {what}" not in allowed:
                    found.add(f"{file}: {what} (line {line}: {match[0].strip()})")
    return sorted(found)
