"""What reaches a goal: the answers of a search, in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from salessim.readable import percent, trajectories

if TYPE_CHECKING:
    import pandas as pd

    from salessim.forecast.goals_plot import GoalPlots

RUN_NAMES = ("trajectories", "seed", "runs", "program_sha256")
"""What answers can be found again from."""
Ends = tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What varying one thing gives.

    Attributes
    ----------
    key : str
        A key of the plan, or the name of a lever.
    moves : str
        What a lever moves, in words; empty of a key.
    first, last : str
        Ends of the range.
    now : str
        What the plan says; empty when it says nothing of the kind.
    status : str
        ``found``; ``always``: all values looked at give the probability asked for; ``never``:
        none does.
    value : float
        The number that varies: the answer; of ``always`` the value that gives least, of ``never``
        the one that gives most.
    text : str
        The value as it is written, with its unit.
    means : str
        What a lever's factor comes to; empty where nothing more is to be said.
    interval : (float or None, float or None)
        95 % interval of the value, for the Monte Carlo error; None on a side where that is beyond
        the range, and unless found.
    interval_text : str
        The same as it is written; empty unless found.
    change : float or None
        Relative to what the plan says.
    probability : float
        Share of the trajectories that reach the goal with the value.
    probability_interval : (float, float)
        Its Wilson interval.
    curve : tuple of (float, float)
        All values that were looked at, rising, and the share that each gives.
    note : str
        What else to know; empty when nothing is.
    """

    key: str
    moves: str
    first: str
    last: str
    now: str
    status: Literal["found", "always", "never"]
    value: float
    text: str
    means: str
    interval: Ends
    interval_text: str
    change: float | None
    probability: float
    probability_interval: tuple[float, float]
    curve: tuple[tuple[float, float], ...]
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Answer:
        """Read what `to_dict` wrote, also after JSON has made lists of its tuples."""
        ends = {name: tuple(raw[name]) for name in ("interval", "probability_interval")}
        curve = tuple((float(value), float(share)) for value, share in raw["curve"])
        return cls(**{**raw, **ends, "curve": curve})

    def sentence(self, asked: float) -> str:
        """Say what it takes, or how far it goes."""
        low, high = (percent(end, fine=True) for end in self.probability_interval)
        share = f"{percent(self.probability, fine=True)} ({low} to {high})"
        where = ", ".join(filter(None, (self.text, self.means)))
        name = f"{self.key} ({self.moves})" if self.moves else self.key
        span = f"from {self.first} to {self.last}"
        if self.status == "never":
            said = (
                f"{name}: not reachable {span}: the most it gives is a probability of {share}, "
                f"at {where}."
            )
        elif self.status == "always" and self.key == "leads" and self.value == 0.0:
            said = f"No external leads are needed: without any the probability is {share}."
        elif self.status == "always":
            said = (
                f"{name}: {percent(asked)} are reached everywhere {span}: the least it gives is a "
                f"probability of {share}, at {where}."
            )
        else:
            now = f", {percent_change(self.change)} on {self.now}" if self.now else ""
            said = (
                f"{name}: {where}{'' if self.moves else now}; 95% interval {self.interval_text}; "
                f"the probability there is {share}."
            )
        return f"{said} {self.note}".rstrip()


def percent_change(change: float | None) -> str:
    """Write a relative change with its sign, to three digits."""
    if change is None:
        return "-"
    size = abs(100.0 * change)
    digits = 0 if size >= 9.95 else 1
    return f"{'-' if change < 0 else '+'}{size:,.{digits}f}%"


@dataclass(frozen=True, kw_only=True)
class Goals:
    """What reaches a goal with the probability asked for, each thing varied alone.

    Iterating gives the answers: what is found with the least relative change first, what is not
    reachable last.

    Attributes
    ----------
    goal : str
        The condition as it may be typed.
    words : str
        The condition in words.
    asked : float
        Probability asked for.
    now : float
        Probability as the plan is.
    now_interval : (float, float)
        Its Wilson interval.
    answers : tuple of Answer
    trajectories, seed : int
        Of each run; all runs are on the same random numbers.
    runs : int
        How many there were.
    program_sha256 : str
        Of the plan as it is.
    """

    goal: str
    words: str
    asked: float
    now: float
    now_interval: tuple[float, float]
    answers: tuple[Answer, ...]
    trajectories: int
    seed: int
    runs: int
    program_sha256: str

    def __iter__(self) -> Iterator[Answer]:
        return iter(self.answers)

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def _repr_html_(self) -> str:
        from salessim.forecast import notebook_studies

        return notebook_studies.goals(self)

    def sentences(self) -> list[str]:
        """Return the goal, where the plan stands, and what reaches it, in words."""
        low, high = map(percent, self.now_interval)
        return [
            f"Goal: {self.words}, with a probability of {percent(self.asked)}.",
            f"As the plan is: {percent(self.now)} ({low} to {high}).",
            *(answer.sentence(self.asked) for answer in self.answers),
            self.precision(),
        ]

    def precision(self) -> str:
        """Say how well the answers are known."""
        runs = "1 run" if self.runs == 1 else f"{self.runs} runs"
        return (
            f"{runs} of {trajectories(self.trajectories)}, all on the same random "
            "numbers; intervals are of 95% and for the Monte Carlo error only."
        )

    def summary(self) -> dict[str, Any]:
        """Return the document of ``salessim goal --json``: numbers, lists, text, None."""
        return {
            "run": self.run_document(),
            "goal": self.goal,
            "words": self.words,
            "asked": self.asked,
            "now": self.now,
            "now_interval": list(self.now_interval),
            "answers": [answer.to_dict() for answer in self.answers],
        }

    @classmethod
    def from_summary(cls, raw: Mapping[str, Any]) -> Goals:
        """Read what `summary` wrote; the condition stands for its words where it has none."""
        low, high = raw["now_interval"]
        return cls(
            goal=raw["goal"],
            words=raw.get("words", raw["goal"]),
            asked=raw["asked"],
            now=raw["now"],
            now_interval=(low, high),
            answers=tuple(map(Answer.from_dict, raw["answers"])),
            **{name: raw["run"][name] for name in RUN_NAMES},
        )

    def run_document(self) -> dict[str, Any]:
        """Return what the answers can be found again from."""
        return {name: getattr(self, name) for name in RUN_NAMES}

    @property
    def plot(self) -> GoalPlots:
        """Charts on given axes: ``goals.plot.curve()``, ``goals.plot.ranking()``."""
        from salessim.forecast.goals_plot import GoalPlots

        return GoalPlots(self)

    def to_frame(self) -> pd.DataFrame:
        """Return a row per answer."""
        import pandas as pd

        rows = [
            {
                "key": answer.key,
                "status": answer.status,
                "value": answer.value,
                "low": answer.interval[0],
                "high": answer.interval[1],
                "change": answer.change,
                "probability": answer.probability,
                "probability_low": answer.probability_interval[0],
                "probability_high": answer.probability_interval[1],
                "text": answer.text,
                "means": answer.means,
            }
            for answer in self.answers
        ]
        return pd.DataFrame(rows).set_index("key")
