"""Errors that are the user's to mend: the command line prints them and exits with code 1."""

from __future__ import annotations


class SalessimError(Exception):
    """A mistake in what was given, said with its address and remedy.

    Parameters
    ----------
    *problems : str
        One line each; all that were found, not the first only.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
