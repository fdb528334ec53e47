"""What comes out of a run: a labelled forecast, the verdict, tables and charts."""

from salessim.forecast.comparison import Comparison, Outcome
from salessim.forecast.forecast import SERIES, Forecast
from salessim.forecast.funnel import Funnel
from salessim.forecast.goals import Answer, Goals
from salessim.forecast.rival import Rival
from salessim.forecast.series import Series, Split, Summary
from salessim.forecast.sweep import Sweep
from salessim.forecast.verdict import Verdict

__all__ = [
    "SERIES",
    "Answer",
    "Comparison",
    "Forecast",
    "Funnel",
    "Goals",
    "Outcome",
    "Rival",
    "Series",
    "Split",
    "Summary",
    "Sweep",
    "Verdict",
]
