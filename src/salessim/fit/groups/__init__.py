"""One process or many? Whether owners, or other groups of deals, differ more than chance allows."""

from salessim.fit.groups.compare import Groups, compare_groups
from salessim.fit.groups.spread import Spread

__all__ = ["Groups", "Spread", "compare_groups"]
