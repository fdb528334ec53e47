"""How good forecasts made on the past alone would have been: origins, actuals, rules, scores."""
