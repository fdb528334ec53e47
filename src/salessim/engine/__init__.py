"""Chunks of trajectories on an executor."""
