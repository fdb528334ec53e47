"""From words to arrays: the only door between the model and the kernels."""

from salessim.lowering.lower import lower
from salessim.lowering.program import Program

__all__ = ["Program", "lower"]
