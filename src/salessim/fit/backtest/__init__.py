"""How good forecasts made on the past alone would have been: origins, actuals, rules, scores."""

from salessim.fit.backtest.result import Backtest

__all__ = ["Backtest"]
