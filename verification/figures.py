"""Pictures of the report: quantiles against quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from salessim._typing import FloatArray
from salessim.model.law import floats

SHARES = np.concatenate([[0.001, 0.005], np.arange(0.01, 0.995, 0.01), [0.995, 0.999]])
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Okabe and Ito's, told apart by colour-blind readers."""


def quantiles(samples: FloatArray) -> FloatArray:
    """Return the quantiles that are drawn."""
    return floats(np.quantile(samples, SHARES))


def qq(
    path: Path,
    *,
    title: str,
    unit: str,
    reference: tuple[str, FloatArray],
    others: Mapping[str, FloatArray],
) -> None:
    """Draw the quantiles of others against those of a reference, and their ratio below.

    Parameters
    ----------
    path : Path
        Of the picture; its ending says the format.
    title, unit : str
    reference : tuple of (name, quantiles)
        At `SHARES`.
    others : mapping of name to quantiles
    """
    from matplotlib.figure import Figure

    name, across = reference
    figure = Figure(figsize=(6.0, 6.5), layout="constrained")
    top, below = figure.subplots(2, sharex=True, height_ratios=[3, 1])
    top.plot(across, across, color="0.6", linewidth=1, zorder=0, label="equal")
    below.axhline(0.0, color="0.6", linewidth=1, zorder=0)
    for (label, values), colour, marker in zip(others.items(), COLOURS, "o^sD", strict=False):
        look = {"color": colour, "marker": marker, "ms": 4, "ls": "none", "fillstyle": "none"}
        top.plot(across, values, label=label, **look)
        below.plot(across, 100.0 * (values / across - 1.0), **look)
    top.set(title=title, ylabel=unit)
    below.set(xlabel=f"{name}: {unit}", ylabel="difference (%)")
    top.yaxis.set_major_formatter("{x:,.0f}")
    below.xaxis.set_major_formatter("{x:,.0f}")
    for axes in (top, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="0.9", linewidth=0.5)
    top.legend(frameon=False)
    figure.savefig(path, dpi=110)
