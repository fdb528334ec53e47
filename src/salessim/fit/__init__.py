"""From the records of a company to a plan, and how good forecasts made that way would have been."""
