"""Monte Carlo sales forecasts, and whether the customers you have sustain the business."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from salessim._version import __version__
from salessim.errors import SalessimError

if TYPE_CHECKING:
    from salessim.api import (
        Run,
        compare,
        draw,
        explain,
        fill_gap,
        goal,
        init,
        init_workbook,
        just_enough,
        load_plan,
        load_run,
        open_deals,
        rerun,
        save_comparison,
        save_goals,
        save_plan_workbook,
        save_run,
        save_sensitivity,
        save_sweep,
        sensitivity,
        simulate,
        sweep,
        validate,
    )
    from salessim.config import Plan
    from salessim.fit.backtest import Backtest, backtest
    from salessim.fit.fit import Fitted, fit_history
    from salessim.fit.groups import Groups, compare_groups
    from salessim.fit.history import History
    from salessim.fit.on_disk import fit_on_disk
    from salessim.fit.reading import read_history
    from salessim.forecast import Comparison, Forecast, Funnel, Goals, Series, Sweep, Verdict
    from salessim.forecast.ranked_deals import RankedDeals
    from salessim.lowering import WorldSeeds
    from salessim.report.backtest import save_backtest
    from salessim.report.documents import save_report
    from salessim.report.fit import save_fit
    from salessim.report.workbook import write_workbook

__all__ = [
    "Backtest",
    "Comparison",
    "Fitted",
    "Forecast",
    "Funnel",
    "Goals",
    "Groups",
    "History",
    "Plan",
    "RankedDeals",
    "Run",
    "SalessimError",
    "Series",
    "Sweep",
    "Verdict",
    "WorldSeeds",
    "__version__",
    "backtest",
    "compare",
    "compare_groups",
    "draw",
    "explain",
    "fill_gap",
    "fit_history",
    "fit_on_disk",
    "goal",
    "init",
    "init_workbook",
    "just_enough",
    "load_plan",
    "load_run",
    "open_deals",
    "read_history",
    "rerun",
    "save_backtest",
    "save_comparison",
    "save_fit",
    "save_goals",
    "save_plan_workbook",
    "save_report",
    "save_run",
    "save_sensitivity",
    "save_sweep",
    "sensitivity",
    "simulate",
    "sweep",
    "validate",
    "write_workbook",
]

_HOMES = {
    "salessim.api": (
        "Run",
        "compare",
        "draw",
        "explain",
        "fill_gap",
        "goal",
        "init",
        "init_workbook",
        "just_enough",
        "load_plan",
        "load_run",
        "open_deals",
        "rerun",
        "save_comparison",
        "save_goals",
        "save_plan_workbook",
        "save_run",
        "save_sweep",
        "save_sensitivity",
        "sensitivity",
        "simulate",
        "sweep",
        "validate",
    ),
    "salessim.config": ("Plan",),
    "salessim.fit.backtest": ("Backtest", "backtest"),
    "salessim.fit.fit": ("Fitted", "fit_history"),
    "salessim.fit.groups": ("Groups", "compare_groups"),
    "salessim.fit.history": ("History",),
    "salessim.fit.on_disk": ("fit_on_disk",),
    "salessim.fit.reading": ("read_history",),
    "salessim.lowering": ("WorldSeeds",),
    "salessim.report.backtest": ("save_backtest",),
    "salessim.report.documents": ("save_report",),
    "salessim.report.fit": ("save_fit",),
    "salessim.report.workbook": ("write_workbook",),
    "salessim.forecast.ranked_deals": ("RankedDeals",),
    "salessim.forecast": (
        "Comparison",
        "Forecast",
        "Funnel",
        "Goals",
        "Series",
        "Sweep",
        "Verdict",
    ),
}


def __getattr__(name: str) -> Any:
    # Found on first use: `import salessim` and `salessim --help` load no numpy, numba or pandas.
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'salessim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
