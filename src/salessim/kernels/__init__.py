"""Machine code on flat arrays: scalar rules, passes over deals, a driver over trajectories."""
