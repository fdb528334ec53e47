"""What a fit puts into a plan: keys in the plan's own notation, ready to be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Part:
    """Tables of a plan, fitted together.

    Each fit makes one of its own, and nothing but finite numbers, texts and dates is in it.
    """

    document: Mapping[str, Any]
    """Nested tables as TOML has them: ``{"pipelines": {"new": {"amount": {...}, ...}}}``. Numbers
    that are not known exactly are in the plan's notation of uncertain numbers."""
    correlations: tuple[tuple[str, str, float], ...] = ()
    """(address, address, correlation of the standard normal scores) of uncertain numbers."""
    comments: Mapping[str, str] = field(default_factory=dict)
    """Address of a table -> what is written above it: how much data, which family, what else."""
    warnings: tuple[str, ...] = ()
    """Whole sentences the user must read before trusting it: too short a history, a trend break."""
