"""Monte Carlo sales forecasts, and whether the customers you have sustain the business."""

__version__ = "0.1.0"
