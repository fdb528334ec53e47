"""The pictures of a plan: as methods on given axes, and as files of a folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from salessim.charts import stage_times, style
from salessim.charts.process_map import process_map
from salessim.model.plan import Model

LONGEST_NAME = 60
"""Characters of a pipeline's name in a file's name."""
PANEL_HEIGHT = 4.2


@dataclass(frozen=True)
class PlanPlots:
    """The pictures of a plan as methods; each draws on given axes, or on a figure of its own."""

    model: Model

    def process_map(self, ax: Axes | None = None) -> Axes:
        """Draw how deals are born, move, return and leave; see `process_map.process_map`."""
        return process_map(self.model, ax)

    def cycle_times(self, stage: str, ax: Axes | None = None) -> Axes:
        """Draw how long visits to ``pipeline.stage`` last; see `stage_times.cycle_times`."""
        return stage_times.cycle_times(self.model, stage, ax)

    def open_deals(self, stage: str, ax: Axes | None = None) -> Axes:
        """Draw the open deals of ``pipeline.stage`` by age; see `stage_times.open_deals`."""
        return stage_times.open_deals(self.model, stage, ax)

    def save(self, folder: Path) -> None:
        """Write the map, and of each pipeline the cycle times and the open deals, as SVG.

        Raises
        ------
        OSError
            A file cannot be written.
        """
        style.save(self.process_map(), folder / "process_map.svg")
        for name, addresses in _pipelines(self.model):
            style.save(_sheet(self.cycle_times, addresses), folder / f"cycle_times-{name}.svg")
            held = [a for a in addresses if len(stage_times.open_ages(self.model, a))]
            if held:
                style.save(_sheet(self.open_deals, held), folder / f"open_deals-{name}.svg")


def _pipelines(model: Model) -> Iterator[tuple[str, list[str]]]:
    """Return each pipeline's name as a file's name may hold it, and its stages' addresses."""
    taken: set[str] = set()
    for pipeline in model.pipelines:
        plain = re.sub(r"[^A-Za-z0-9_-]+", "_", pipeline.name)[:LONGEST_NAME]
        name, number = plain, 1
        while name.lower() in taken:  # a folder may take a and A for the same
            number += 1
            name = f"{plain}-{number}"
        taken.add(name.lower())
        yield name, [f"{pipeline.name}.{stage.name}" for stage in pipeline.stages]


def _sheet(draw: Callable[[str, Axes], Axes], addresses: list[str]) -> Figure:
    """Draw a chart for each stage, two in a row."""
    columns = min(2, len(addresses))
    rows = -(-len(addresses) // columns)
    figure = style.new_figure(width=columns * style.WIDTH, height=rows * PANEL_HEIGHT)
    for index, address in enumerate(addresses):
        draw(address, figure.add_subplot(rows, columns, index + 1))
    return figure
