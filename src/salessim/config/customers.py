"""Customers at the start: by count, or from a file."""

from __future__ import annotations

from datetime import date

import numpy as np

from salessim._typing import FloatArray
from salessim.config.csv_text import TableError
from salessim.config.open_deals import say_doubles, say_empty
from salessim.config.schema import Customers as CustomersTable
from salessim.config.tables import (
    DataTable,
    day_parser,
    parse_cells,
    pick_column,
    rows_at,
    say_which,
)


def customers_by_count(table: CustomersTable) -> tuple[tuple[str, ...], FloatArray | None]:
    """Return ids (``customer 1`` ...) and tenures in days, None when not given."""
    ids = tuple(f"customer {number}" for number in range(1, (table.count or 0) + 1))
    return ids, None if table.tenure is None else np.full(len(ids), table.tenure)


def read_customers(
    table: CustomersTable, data: DataTable, start: date
) -> tuple[tuple[str, ...], FloatArray | None]:
    """Return ids and tenures in days (None without a column `since`) of a data file.

    Raises
    ------
    TableError
        With all that is wrong with the file.
    """
    problems: list[str] = []
    everyone = range(len(data.rows))
    names: dict[str, str] = {}
    for role in ("customer_id", "since"):
        try:
            name, cells = pick_column(data, getattr(table.columns, role), role)
        except TableError as error:
            problems.append(str(error))
            continue
        if cells:
            names[role] = name
            say_empty(data, name, everyone, problems)
        elif role == "customer_id":
            problems.append(say_which(data, role))
    ids: list[str] = []
    if "customer_id" in names:
        cells = data.columns[names["customer_id"]]
        ids = ["" if cell is None else str(cell) for cell in cells]
        say_doubles(data, names["customer_id"], ids, everyone, problems)
    tenures = _tenures(table, data, names, start, problems)
    if problems:
        raise TableError(*problems)
    return tuple(ids), tenures


def _tenures(
    table: CustomersTable,
    data: DataTable,
    names: dict[str, str],
    start: date,
    problems: list[str],
) -> FloatArray | None:
    """Return days from `since` to the start; a date after the start is a problem."""
    if "since" not in names:
        return None
    everyone = range(len(data.rows))
    days = parse_cells(data, names["since"], day_parser(table.date_format), everyone, problems)
    late = [at for at in everyone if days[at] is not None and days[at] > start]
    if late:
        problems.append(
            f"{data.name}: {rows_at(data, late)}: {names['since']} is after the start ({start}); "
            "take the rows out or start later"
        )
    if problems:
        return None
    return np.array([(start - day).days for day in days], dtype=np.float64)
