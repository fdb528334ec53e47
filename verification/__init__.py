"""The long statistical suite: exact answers and other simulators; see docs/verification.md."""
