"""`salessim schema`."""

from __future__ import annotations

import json

import click


@click.command()
def command() -> None:
    """Print the JSON Schema of plan files, so that editors complete and check them."""
    from salessim.config import json_schema

    click.echo(json.dumps(json_schema(), indent=2))
