"""Benchmarks: what salessim reaches, side by side with its peers."""
