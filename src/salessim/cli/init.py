"""`salessim init`."""

from __future__ import annotations

import shlex

import click


@click.command()
@click.argument("target", metavar="DIR")
@click.option(
    "--template",
    default="saas",
    metavar="NAME",
    show_default=True,
    help="saas (subscriptions), distributor (repeat orders) or agency (projects).",
)
@click.option(
    "--excel", is_flag=True, help="Write a workbook to fill in; DIR is then its name: plan.xlsx."
)
def command(target: str, template: str, *, excel: bool) -> None:
    """Write a commented plan with made-up data into DIR, a new or empty folder."""
    from salessim.api.templates import TEMPLATES, init, init_workbook

    if not excel and target.lower().endswith(".xlsx"):
        raise click.UsageError(f"{target} would be a folder; add --excel to write a workbook")
    plan = init_workbook(target, template=template) if excel else init(target, template=template)
    click.echo(f"{target}: a plan for {TEMPLATES[template].summary}; its data are made up")
    if not excel:
        for file in sorted(plan.parent.iterdir(), key=lambda file: file != plan):
            click.echo(f"  {file.name}")
    click.echo("Next:")
    for verb in ("explain", "run", "compare"):
        click.echo(f"  salessim {verb} {shlex.quote(str(plan))}")
