"""Arrays that a kernel borrows: used without counting references to them."""

from __future__ import annotations

import numba
from numba.core import cgutils, types
from numba.extending import intrinsic


def _without_owner(context, builder, kind, value):
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value=value)
        array.meminfo = cgutils.get_null_value(array.meminfo.type)
        return array._getvalue()  # noqa: SLF001  (as numba itself reads a proxy)
    if isinstance(kind, types.BaseTuple):
        items = cgutils.unpack_tuple(builder, value)
        parts = [
            _without_owner(context, builder, item, part)
            for item, part in zip(kind, items, strict=True)
        ]
        return context.make_tuple(builder, kind, parts)
    return value


@intrinsic
def _borrow(_context, value):
    def generate(context, builder, signature, args):
        return _without_owner(context, builder, signature.args[0], args[0])

    return value(value), generate


def _as_it_is(value):
    return value


borrow = _as_it_is if numba.config.DISABLE_JIT else _borrow
"""Return the same (nested) tuple of arrays, each without an owner.

Handing a Program of sixty arrays from pass to pass counts sixty references up and down, atomically:
a sixth of the walk's time. An array without an owner is not counted. The caller of the driver holds
the arrays for as long as the driver runs, and nothing a driver borrows outlives it.
"""
