"""A picture as part of a page: SVG without a header, its names its own."""

from __future__ import annotations

import re

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from salessim.charts import style

_NAMED = re.compile(r'\bid="|url\(#|href="#')
_HEAD = re.compile(r"<svg[^>]*>", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_BOX = re.compile(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) [\d.]+"')
READABLE = 0.0525
"""Width of a point that keeps the letters of a chart readable, in letters of the page (rem)."""


def titles(drawn: Axes | Figure) -> str:
    """Return what a picture says of itself: its headline and the titles of its axes."""
    figure = style.whole_figure(drawn)
    said = [figure.get_suptitle(), *(ax.get_title(loc="left") for ax in figure.axes)]
    plain = (" ".join(title.split()).replace(r"\$", "$") for title in said)
    return ". ".join(title for title in plain if title)


def inline_svg(drawn: Axes | Figure, *, name: str) -> str:
    """Return a figure as an ``<svg>`` element that scales to the width it is given.

    Parameters
    ----------
    drawn : Axes or Figure
    name : str
        Letters and digits put before all names within it: pictures on one page share none.
    """
    text = style.svg(drawn)
    text = _METADATA.sub("", text[text.index("<svg") :])
    head = _HEAD.match(text)
    box = _BOX.search(text)
    if head is None or box is None:
        raise ValueError("matplotlib wrote no SVG")
    body = _NAMED.sub(lambda found: f"{found.group()}{name}-", text[head.end() :])
    # Never smaller than its words can be read: what does not fit is scrolled.
    least = f"min-width:{float(box.group(1)) * READABLE:.1f}rem"
    start = f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {box.group()} style="{least}">'
    return f"{start}{body}".strip()
