"""A trajectory's world: its row of the arrays that differ between trajectories."""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel
from salessim.kernels.arrays import (
    Arrays,
    Arrivals,
    Base,
    Health,
    Pipelines,
    Stages,
)
from salessim.kernels.clocks import wind
from salessim.kernels.pieces import NUMBER, draw_lines
from salessim.kernels.state import WoundClocks, WoundPieces


@kernel
def _row(array, i):
    return array[min(i, array.shape[0] - 1)]


@kernel
def _stages(stages, worlds, i):
    return Stages(
        conversion=_row(worlds.conversion, i),
        shares=_row(worlds.shares, i),
        slip=_row(worlds.slip, i),
        law=_row(worlds.law, i),
        pace=stages.pace,
        purpose=stages.purpose,
        returns=stages.returns,
        target=stages.target,
        rest_law=_row(worlds.rest_law, i),
        rest_purpose=stages.rest_purpose,
        days_to_win=stages.days_to_win,
        scale=_row(worlds.scale, i),
        rest_scale=_row(worlds.rest_scale, i),
        aged_anew=_row(worlds.aged_anew, i),
    )


@kernel
def _clocks(clocks, worlds, i, guides):
    cumulative = _row(worlds.cumulative, i)
    if i < worlds.cumulative.shape[0]:
        wind(cumulative, cumulative.shape[1] - 1, guides, np.int64(0))
    return WoundClocks(
        day_cell=clocks.day_cell,
        edges=clocks.edges,
        speed=_row(worlds.speed, i),
        days_per_unit=_row(worlds.days_per_unit, i),
        cumulative=cumulative,
        guide=guides.first,
        scale=guides.scale,
        steps=guides.steps,
    )


@kernel
def _pieces(pieces, worlds, i, guides, lines, clocks):
    clock = _row(worlds.piece_clock, i)
    if i < worlds.piece_clock.shape[0]:
        wind(clock, clock.shape[1] - 2, guides, ~NUMBER)
        draw_lines(lines, pieces.day, pieces.row, clocks)
    return WoundPieces(
        day_piece=pieces.day_piece,
        day=pieces.day,
        period=pieces.period,
        cell=pieces.cell,
        lines=lines,
        clock=clock,
        guide=guides.first,
        scale=guides.scale,
        steps=guides.steps,
    )


@kernel
def _arrivals(arrivals, worlds, i):
    return Arrivals(
        first=arrivals.first,
        source=arrivals.source,
        tag=arrivals.tag,
        opens=arrivals.opens,
        closes=arrivals.closes,
        factor_law=_row(worlds.factor_law, i),
        first_line=arrivals.first_line,
        entity=arrivals.entity,
        month=arrivals.month,
        mean=_row(worlds.mean, i),
        start=arrivals.start,
        length=arrivals.length,
    )


@kernel
def _pipelines(pipelines, worlds, i):
    return Pipelines(
        first_stage=pipelines.first_stage,
        amount_law=_row(worlds.amount_law, i),
        segment=pipelines.segment,
        amount_factor=_row(worlds.amount_factor, i),
        clock=pipelines.clock,
        origins=pipelines.origins,
    )


@kernel
def _base(base, worlds, i):
    return Base(
        entity=base.entity,
        law=base.law,
        segment=base.segment,
        lifetime_law=_row(worlds.lifetime_law, i),
        lifetime_scale=_row(worlds.lifetime_scale, i),
        lifetime_anew=_row(worlds.lifetime_anew, i),
        tenure=base.tenure,
        alive=base.alive,
        clock=base.clock,
    )


@kernel
def in_world(program, worlds, i, wound):
    """Return the Program as it is in the world of a chunk's trajectory i: views, no copies.

    ``wound`` are the guides to clocks and to pieces, and the lines of these; they are worked out
    anew where worlds differ.
    """
    clock_guides, piece_guides, lines = wound
    clocks = _clocks(program.speed_clocks, worlds, i, clock_guides)
    return Arrays(
        clock=program.clock,
        speed_clocks=clocks,
        pieces=_pieces(program.pieces, worlds, i, piece_guides, lines, clocks),
        stages=_stages(program.stages, worlds, i),
        pipelines=_pipelines(program.pipelines, worlds, i),
        arrivals=_arrivals(program.arrivals, worlds, i),
        customer_sources=program.customer_sources,
        base=_base(program.base, worlds, i),
        health=Health(
            shares=_row(worlds.health_shares, i),
            churn=_row(worlds.health_churn, i),
            rate=_row(worlds.health_rate, i),
        ),
        open_deals=program.open_deals,
        tables=program.tables,
    )
