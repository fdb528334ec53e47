"""The charts that belong to a run, as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from salessim.api.manifests import write_chart
from salessim.charts import style
from salessim.config import Plan
from salessim.forecast import Forecast


def write_charts(plan: Plan, forecast: Forecast, folder: Path, kinds: Sequence[str]) -> None:
    """Write the charts of a run into an existing folder, each as ``svg``, ``png`` or both.

    Bookings with and without external leads are drawn only where there are external leads.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    drawn = {
        "fan": forecast.plot.fan(),
        "origins": forecast.plot.origins(),
        "funnel": forecast.plot.funnel()[0],
        "process_map": plan.plot.process_map(),
    }
    if forecast.labels.external_sources:
        drawn["with_and_without"] = forecast.plot.with_and_without()[0]
    for name, ax in drawn.items():
        for kind in kinds:
            write_chart(ax, folder, name, kinds=[kind])
            # What stands where is found out once: it takes as long as drawing does.
            style.figure_of(ax).set_layout_engine("none")
