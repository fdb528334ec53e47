"""What the documents of studies must look like to be read back: they may have been touched."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from salessim.forecast.forecast import SERIES
from salessim.forecast.goals import Answer
from salessim.model.levers import LeverKind

Number = Annotated[float, Field(allow_inf_nan=False)]
Known = Number | None
"""None = undefined."""
MOST_ROWS = 10_000


class _Document(BaseModel):
    # what a later version adds is left alone
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Statistics(_Document):
    mean: Known
    se: Known
    p10: Known
    p50: Known
    p90: Known


class _Paired(_Statistics):
    low: Known
    high: Known
    variance_ratio: Known


class _PairedByPeriod(_Document):
    mean: list[Known]
    se: list[Known]
    p10: list[Known]
    p50: list[Known]
    p90: list[Known]
    low: list[Known]
    high: list[Known]
    variance_ratio: list[Known]


class _Odds(_Document):
    share: Number = Field(ge=0, le=1)
    low: Number
    high: Number
    tied: Number


class _Share(_Document):
    difference: Number
    low: Number
    high: Number
    gained: int
    lost: int


class _Verdict(_Document):
    word: str | None
    probability: Annotated[Known, Field(ge=0, le=1)]


class _Level(_Document):
    program_sha256: str
    totals: dict[str, _Statistics]
    verdict: _Verdict


class _Difference(_Document):
    totals: dict[str, _Paired]
    series: dict[str, _PairedByPeriod]
    sustained: _Share | None
    beats: _Odds | None


class _Run(_Document):
    trajectories: int = Field(ge=1)
    seed: int = Field(ge=0)


class Comparison(_Document):
    """``comparison.json``."""

    run: _Run
    base: str
    periods: list[date] = Field(min_length=1)
    scenarios: dict[str, _Level] = Field(min_length=2, max_length=MOST_ROWS)
    differences: dict[str, _Difference] = Field(min_length=1)
    notes: list[str]

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.base not in self.scenarios:
            raise ValueError(f'the base "{self.base}" is none of the scenarios')
        if set(self.differences) != set(self.scenarios) - {self.base}:
            raise ValueError("the differences are not those of the scenarios")
        parts: list[dict[str, Any]] = [one.totals for one in self.scenarios.values()]
        parts += [part for d in self.differences.values() for part in (d.totals, d.series)]
        if any(not set(SERIES) <= set(part) for part in parts):
            raise ValueError(f"expected all of the series {', '.join(SERIES)}")
        lists = (
            values
            for d in self.differences.values()
            for one in d.series.values()
            for values in one.model_dump().values()
        )
        if any(len(values) != len(self.periods) for values in lists):
            raise ValueError("a series has not as many numbers as there are periods")
        return self


class _Lever(_Document):
    lever: str
    kind: LeverKind
    what: str
    elasticity: Known
    elasticity_se: Known
    base_elasticity: Known
    base_elasticity_se: Known
    sustained_per_percent: Known
    sustained_per_percent_se: Known


class _Swing(_Document):
    input: str
    p05: Number
    p95: Number
    p05_words: str
    p95_words: str
    mean_at_p05: Known
    mean_at_p05_se: Known
    mean_at_p95: Known
    mean_at_p95_se: Known
    change_at_p05: Known
    change_at_p05_se: Known
    change_at_p95: Known
    change_at_p95_se: Known


class _Sobol(_Document):
    inputs: str
    first_order: Known
    first_order_low: Known
    first_order_high: Known
    total_order: Known
    total_order_low: Known
    total_order_high: Known


class _Cause(_Document):
    cause: str
    share_of_variance: Known
    share_of_variance_se: Known


class Sensitivity(_Document):
    """``sensitivity.json``."""

    of: str
    mean: Number
    se: Known
    sd: Number
    trajectories: int = Field(ge=1)
    worlds: int = Field(ge=0)
    seed: int = Field(ge=0)
    # folders of a version that did not write them are said to be of another plan
    program_sha256: str = ""
    sustained: tuple[Number, Number] | None = None
    levers: list[_Lever] = Field(max_length=MOST_ROWS)
    tornado: list[_Swing] = Field(max_length=MOST_ROWS)
    shares: list[_Sobol] = Field(max_length=MOST_ROWS)
    split: list[_Cause]
    notes: list[str]

    @model_validator(mode="after")
    def _has_all_causes(self) -> Self:
        if sorted(one.cause for one in self.split) != ["luck", "parameters", "shocks"]:
            raise ValueError("split: expected parameters, shocks and luck")
        return self


class _GoalRun(_Run):
    runs: int = Field(ge=0)
    program_sha256: str


class Goal(_Document):
    """A search for a goal, as ``goals.json`` and a run's manifest hold it."""

    run: _GoalRun
    goal: str
    words: str = ""
    asked: Number = Field(ge=0, le=1)
    now: Number = Field(ge=0, le=1)
    now_interval: tuple[Number, Number]
    answers: list[Answer] = Field(min_length=1, max_length=MOST_ROWS)


class GoalList(_Document):
    """``goals.json``."""

    goals: list[Goal]
