"""How Sphinx builds the documentation: `python -m sphinx -W docs OUT`, without a network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

from salessim import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

project = "salessim"
release = __version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "myst_parser"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure"]  # what a plan writes wrongly is no TOML
highlight_language = "none"
smartquotes = False  # options begin with two hyphens
toc_object_entries = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
autosummary_generate = False
numpydoc_show_class_members = False  # autodoc shows them

html_theme = "alabaster"
html_title = f"salessim {release}"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "description": "Monte Carlo sales forecasts",
    "fixed_sidebar": True,
    "page_width": "1200px",
    "sidebar_width": "270px",
}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}

LINK = re.compile(r"^\| \[[^]]+\]\(([\w-]+)\.md\)", re.MULTILINE)


def parts_in_navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    """Make of the tables of the index, one for each part, the navigation of all pages."""
    if page != "index":
        return
    first, *parts = re.split(r"^(?=## )", source[0], flags=re.MULTILINE)
    source[0] = first + "".join(part + toctree(part) for part in parts)


def toctree(part: str) -> str:
    """Return a hidden list of the pages that a part's table links to."""
    pages = LINK.findall(part)
    title = part.partition("\n")[0].removeprefix("## ")
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {title}", "", *pages, "```", "", ""])


def no_constructor(_app: Sphinx, what: str, *_of: object) -> tuple[str, None] | None:
    """Leave out how objects are made that functions return: their attributes are described."""
    return ("", None) if what == "class" else None


def inline_math(writer: HTML5Translator, node: nodes.math) -> None:
    """Write a formula as MathML, which browsers show without a script from elsewhere."""
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def block_math(writer: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on lines of its own."""
    writer.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Add what Sphinx does not have."""
    app.connect("source-read", parts_in_navigation)
    app.connect("autodoc-process-signature", no_constructor)
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))
