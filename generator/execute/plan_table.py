"""A plan on a terminal: one table of the steps, and what else there is to know below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from generator.execute.screen import screen

if TYPE_CHECKING:
    from typing import TextIO

    from generator.execute.plan import ShownPlan, StepPlan

_WORDS = {"kept": ("✓ kept", "green"), "do": ("+ do", "bold"), "may": ("~ may", "yellow"),
          "unknown": ("? unknown", "red")}  # fmt: skip


def show_plan(plan: ShownPlan, out: TextIO, shown: str) -> None:
    """Prints the plan of the bundle that its user calls `shown`."""
    console = screen(out)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    table.add_column("step", ratio=2)
    table.add_column("what it changes", ratio=3)
    for step in plan.steps:
        word, style = _WORDS.get(step.state, (step.state, ""))
        table.add_row(Text(word, style), Text(step.title), _changes(step))
    console.print(f"The plan of {plan.name}; looking changes nothing")
    if plan.open_run:
        console.print(f"The last run ({plan.open_run}) was interrupted. First is undone: {', '.join(plan.undo_first)}")
    if plan.take_back:
        console.print(f"First is taken back what a script began that was cut off: {'; '.join(plan.take_back)}")
    if plan.steps:
        console.print(table)
    for line in plan.aside:
        console.print(line, soft_wrap=True)
    if plan.cost:
        console.print("A rollback would cost now:")
    for line in plan.cost:
        console.print(f"  {line}")
    for reason in plan.blocked:
        who = ", and only the owner of this machine may decide" if reason.owner_only else ""
        console.print(f"A start would stop here{who}: {reason.what}\n  mend: {reason.fix}", soft_wrap=True)
    if plan.hash and not plan.blocked and all(step.state != "unknown" for step in plan.steps):
        console.print(f"Run this plan and no other:\n  gen up {shown} --approve {plan.hash}", soft_wrap=True)


def _changes(step: StepPlan) -> Text:
    here = tuple(f"here: {line}" for line in step.would)
    if step.state == "kept":
        return Text("\n".join(("nothing: it holds", *here)), "dim")
    if not step.touches and step.state == "do":
        return Text("\n".join(("nothing: it does not hold, and a run would stop here", *step.says)))
    decided = ("only if it is needed: that is decided on the way",) if step.state == "may" else ()
    return Text("\n".join((*decided, *step.touches, *here, *step.says)))
