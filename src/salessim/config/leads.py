"""A plan's document without external leads, and without what is said of them elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salessim.config.documents import key_parts


def without_external_sources(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a valid plan's document without its external sources and its scenarios.

    Effects of shocks on these sources go too, and correlations of their numbers; scenarios may be
    about them.
    """
    sources = document.get("sources", {})
    gone = {name for name, table in sources.items() if table["kind"] == "external"}
    rest = {key: table for key, table in document.items() if key != "scenarios"}
    rest["sources"] = {name: table for name, table in sources.items() if name not in gone}
    if shocks := rest.get("shocks"):
        rest["shocks"] = {name: _without_leads(shock, gone) for name, shock in shocks.items()}
    if correlation := rest.get("correlation"):
        rest["correlation"] = {
            first: {second: value for second, value in row.items() if not _is_of(second, gone)}
            for first, row in correlation.items()
            if not _is_of(first, gone)
        }
    return rest


def _without_leads(shock: Mapping[str, Any], gone: set[str]) -> dict[str, Any]:
    if not isinstance(shock.get("leads"), Mapping):
        return dict(shock)
    leads = {name: effect for name, effect in shock["leads"].items() if name not in gone}
    return {**shock, "leads": leads}


def _is_of(address: str, sources: set[str]) -> bool:
    """Say whether an address is one of a source."""
    head, *names = key_parts(address)
    return head == "sources" and names[0] in sources
