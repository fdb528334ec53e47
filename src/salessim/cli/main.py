"""The `salessim` command: subcommands found by name and loaded when called."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import click

from salessim._version import __version__
from salessim.errors import SalessimError

COMMANDS = {
    "init": "Write a commented plan with made-up data, ready to run, into a new folder.",
    "fit": "Make a plan of a company's records: CRM exports, lists of orders or subscriptions.",
    "run": "Simulate a plan: the forecast, and the verdict without external leads.",
    "compare": "Simulate a plan and its scenarios on the same random numbers; the differences.",
    "sweep": "Simulate a plan at many points of its keys, on the same random numbers.",
    "sensitivity": "Find what moves the result: levers, what is not known, shocks, luck.",
    "goal": "Find what makes a plan reach a number with a probability: a key, or any lever.",
    "validate": "Check a plan and show all errors at once; simulate nothing.",
    "explain": "Say a plan in words: stages, sources, laws, win rates, cycle times, R.",
    "backtest": "Forecast from days in the past and hold it against what came true.",
    "report": "Write what finance opens, sends on and prints, from a finished run.",
    "rerun": "Repeat a run from its directory, and say whether the bits agree.",
    "schema": "Print the JSON Schema of plan files, for editors.",
}
FAILED_CHECK = 3
INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""
RECORDED = "salessim.command"
"""Key of the context's `meta` that holds the command as typed."""


class Failed(click.ClickException):
    """The user's mistake, each problem on a line of its own on stderr; exit code 1."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems

    def show(self, file: Any = None) -> None:
        """Print the problems."""
        for problem in self.problems:
            click.echo(f"error: {problem}", file=file, err=True)
        try:
            sys.stdout.flush()
        except OSError:
            # What is left would be tried again when Python ends, and complained about.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """Say what cannot be written; a reader who has seen enough is no error."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPIPE:  # click ends quietly
            raise
        raise Failed([f"cannot write: {error.strerror or error}"]) from error


class LazyGroup(click.Group):
    """A group whose commands are modules of this package, imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of work."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; a usage error names the nearest when there is none of that name."""
        if cmd_name not in COMMANDS:
            from salessim.config.words import nearest

            ctx.fail(f'there is no command "{cmd_name}"; {nearest(cmd_name, COMMANDS)}')
        command: click.Command = import_module(f"salessim.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Keep the command as typed: a run's manifest records it."""
        typed = [info_name or "salessim", *args]
        with _writing():  # --help, --version
            ctx = super().make_context(info_name, args, parent, **extra)
        ctx.meta[RECORDED] = typed
        return ctx

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; the user's mistakes become messages, never tracebacks."""
        for stream in (sys.stdout, sys.stderr):
            # A name that the terminal cannot show must not end a run.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        try:
            with _writing():
                return super().invoke(ctx)
        except SalessimError as error:
            raise Failed(error.problems) from error
        except MemoryError as error:
            raise Failed(
                ["not enough memory for this many trajectories; ask for fewer with -n"]
            ) from error
        except KeyboardInterrupt:
            click.echo("interrupted: nothing is written", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="salessim")
def main() -> None:
    """Forecast sales by simulation, with and without new external leads."""
