"""A plan on a terminal: one table of the steps, and what else there is to know below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from typing import TextIO

    from generator.execute.plan import ShownPlan, StepPlan

_WORDS = {"kept": ("✓ kept", "green"), "do": ("+ do", "bold"), "unknown": ("? unknown", "red")}


def show_plan(plan: ShownPlan, out: TextIO, shown: str) -> None:
    """Prints the plan of the bundle that its user calls `shown`."""
    console = Console(file=out, highlight=False, markup=False, emoji=False)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    table.add_column("step", ratio=2)
    table.add_column("what it changes", ratio=3)
    for step in plan.steps:
        word, style = _WORDS.get(step.state, (step.state, ""))
        table.add_row(Text(word, style), step.title, _changes(step))
    console.print(f"The plan of {plan.name}; looking changes nothing")
    if plan.open_run:
        console.print(f"The last run ({plan.open_run}) was interrupted. First is undone: {', '.join(plan.undo_first)}")
    console.print(table)
    console.print("A rollback would cost now:")
    for line in plan.cost:
        console.print(f"  {line}")
    if all(step.state != "unknown" for step in plan.steps):
        console.print(f"Run this plan and no other:\n  gen up {shown} --approve {plan.hash}", soft_wrap=True)


def _changes(step: StepPlan) -> Text:
    if step.state == "kept":
        return Text("nothing: it holds", "dim")
    if not step.touches and step.state == "do":
        return Text("\n".join(("nothing: it does not hold, and a run would stop here", *step.says)))
    return Text("\n".join((*step.touches, *step.says)))
