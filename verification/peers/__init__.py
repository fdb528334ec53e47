"""The same plans by other means: NumPy, SimPy, Ciw."""
