"""From words to arrays: the only door between the model and the kernels."""

from salessim.lowering.lower import lower
from salessim.lowering.program import Program
from salessim.lowering.seeds import WorldSeeds

__all__ = ["Program", "WorldSeeds", "lower"]
