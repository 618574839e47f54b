"""The containment table: attack by backend, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.attacks import ATTACKS, WEAKENED
from tests.hostile.lies import LIES
from tests.hostile.plants import PLANTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.hostile.attacks import Attack, Outcome
    from tests.hostile.lies import Lie
    from tests.hostile.plants import Plant

HEAD = """# Containment: what was tried from inside, and what came of it

Made by `python -m tests.hostile --out docs` on {date}: Linux {kernel}, Docker {docker}, {runsc}, {podman}. Each
row is a program in [tests/hostile/probes](../tests/hostile/probes), run in a sandbox of each backend that has
no network, a read-only root and no packages. "weakened" is the control: the same program in a container whose
walls were taken down, where it must report the breach, since a probe that cannot see one proves nothing. Under
gVisor and in a microVM the sandbox has a kernel of its own: what that answers, the host's was not asked. The
control is a container for every column. On "podman" it is a container as well, which `make test` does not try
again.

"held" is said of the host and of other sandboxes, not of the sandbox itself: under gVisor a fork bomb that reaches the
limit on processes, which counts gVisor's own threads, ends the sandbox (the workspace stays).

"""


BACK = """
## What comes back

Each row is a program in [tests/hostile/plants](../tests/hostile/plants), run in the copy of a project; then
`review.sh`, and `apply.sh --yes`, which is a yes to all but what is held back. The judge looks at the project: for what
the plant says must not be there, and for links that leave it, devices, set-uid bits, files of more than a gigabyte, and
a secret of the host's; and at what is shown, for what steers a terminal. The control is somebody who looks with `find`
and copies with `cp`.

"""


SAID = """
## What the host is told

In a container whose agent owns its programs, each program that a script may ask says what a row names; then every
script runs that asks or shows anything, and `gen test --json`. The judge looks whether the host ran what was said,
whether a line or a title is of the sandbox's making, and whether anything steers a terminal.

"""


def document(results: Mapping[tuple[str, str], Outcome], backends: tuple[str, ...]) -> str:
    """The tables."""
    parts = (table(ATTACKS, results, backends), BACK, table(PLANTS, results, backends), SAID)
    return "".join(parts) + table(LIES, results, backends)


def table(
    rows: Sequence[Attack] | Sequence[Plant] | Sequence[Lie],
    results: Mapping[tuple[str, str], Outcome],
    backends: tuple[str, ...],
) -> str:
    """One row an attack: the verdict for each backend, and what the probe saw."""
    columns = (*backends, WEAKENED)
    lines = [f"| attack | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for attack in rows:
        cells = [cell(results[attack.id, column]) for column in columns]
        lines.append(f"| {attack.title} | {' | '.join(cells)} ({attack.weakened}) |")
    return "\n".join(lines) + "\n"


def cell(outcome: Outcome) -> str:
    """The verdict in bold where it is bad in itself, and the words of the probe."""
    saw = outcome.saw.replace("|", "\\|").replace("<", "&lt;")
    return f"{outcome.verdict if outcome.verdict in ('held', 'untried') else f'**{outcome.verdict}**'}: {saw}"


def faults(results: Mapping[tuple[str, str], Outcome]) -> list[str]:
    """What is not as it must be: a sandbox that was breached, or a control that was not."""
    wanted = {True: "breach", False: "held"}
    return [
        f"{attack} on {column}: {outcome.verdict}: {outcome.saw}"
        for (attack, column), outcome in results.items()
        if outcome.verdict not in (wanted[column == WEAKENED], "untried")
    ]
