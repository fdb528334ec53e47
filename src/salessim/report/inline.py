"""A picture as part of a page: SVG without a header, its names its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from salessim.charts import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMED = re.compile(r'\bid="|url\(#|href="#')
_HEAD = re.compile(r"<svg[^>]*>", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_BOX = re.compile(r'viewBox="[\d. -]+"')


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
    return f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {box.group()}>{body}'.strip()
