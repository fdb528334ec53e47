"""The pictures of a plan in a folder of their own."""

from __future__ import annotations

from pathlib import Path

from salessim.api.run_directory import RunDirectory
from salessim.config import Plan


def draw(plan: Plan, path: str | Path) -> Path:
    """Write the process map, and by pipeline cycle times and open deals, as SVG; simulate nothing.

    Parameters
    ----------
    plan : Plan
    path : str or Path
        A folder that must not exist; it appears whole or not at all.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    SalessimError
        The path exists, or cannot be written.
    """
    with RunDirectory(path) as directory:
        plan.plot.save(directory.work)
        return directory.publish()
