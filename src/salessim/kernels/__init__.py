"""Machine code on flat arrays: short scalar rules, passes over deals, a driver over trajectories."""
