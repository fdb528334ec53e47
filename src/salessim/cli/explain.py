"""`salessim explain`."""

from __future__ import annotations

from pathlib import Path

import click

from salessim.cli.options import out_option, plan_argument, set_option


@click.command()
@plan_argument
@set_option
@out_option("Draw the plan into this new folder: process map, cycle times, open deals by age.")
def command(plan: str, *, changes: tuple[str, ...], out: Path | None) -> None:
    """Say PLAN in words: every stage, source and law, win rates, cycle times, R."""
    from salessim import api
    from salessim.cli import render

    loaded = api.load_plan(plan, changes=changes)
    explanation = api.explain(loaded)
    folder = None if out is None else api.draw(loaded, out)
    console = render.console()
    render.explanation(console, explanation)
    if folder is not None:
        names = ", ".join(sorted(file.name for file in folder.iterdir()))
        render.text(console, f"Drawn to {folder}: {names}.")
