"""`python -m verification.customers DATA`: customers' next months, forecast and as they came.

DATA is a folder with public records of repeat purchase; those that are absent are left out. Each
history is cut at a day and fitted as `salessim fit` does; the plan is simulated, and what customers
of that day ordered afterwards stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

import salessim as ss
from salessim.fit.history import History, Orders
from salessim.fit.orders import order_days
from salessim.fit.subscription_base import FittedSubscriptions

if TYPE_CHECKING:
    import pandas as pd

TRAJECTORIES = 500


@dataclass(frozen=True, kw_only=True)
class Case:
    """Records of orders, cut at a day."""

    name: str
    read: Callable[[Path], pd.DataFrame]
    file: str
    start: str
    """First day that is forecast."""
    months: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was forecast of the customers there were, and what came: orders, then their amounts."""

    case: Case
    customers: int
    low: tuple[float, float]
    middle: tuple[float, float]
    high: tuple[float, float]
    came: tuple[float, float]

    def line(self) -> str:
        """Return it as a row of a table."""
        cells = [f"{self.case.name} ({self.customers:,})", self.case.start, f"{self.case.months}"]
        for low, middle, high, came in zip(
            self.low, self.middle, self.high, self.came, strict=True
        ):
            inside = "in" if low <= came <= high else "out"
            cells += [
                f"{middle:,.0f}",
                f"{low:,.0f} to {high:,.0f}",
                f"{came:,.0f}",
                f"{middle / came - 1.0:+.1%}, {inside}",
            ]
        return f"| {' | '.join(cells)} |"


def cdnow(path: Path) -> pd.DataFrame:
    """Read CDNOW: music bought by customers who began in one quarter."""
    import pandas as pd

    told = pd.read_parquet(path)
    who = "master_id" if "master_id" in told else "customer_id"
    return _orders(told[who], told["date"], told["dollar_value"])


def madrigal(path: Path) -> pd.DataFrame:
    """Read Madrigal: customers since 2016; orders are told by quarter, days are drawn in it."""
    import pandas as pd

    told = pd.read_parquet(path)
    told = told[told["Cohort"].astype(str) != "pre_y2016"]
    quarters = pd.PeriodIndex(told["quarter"].astype(str), freq="Q")
    length = (quarters.end_time - quarters.start_time).days + 1
    told = told.assign(begin=quarters.start_time, length=length)
    each = told.loc[told.index.repeat(told["trans"])]
    within = np.random.default_rng(1).uniform(size=len(each)) * each["length"]
    at = each["begin"] + pd.to_timedelta(np.floor(within), unit="D")
    return _orders(each["CustomerID"], at, each["spend"] / each["trans"])


def donations(path: Path) -> pd.DataFrame:
    """Read donations by year, 0 or 1: a donation of 1 on a day that is drawn in its year."""
    import pandas as pd

    long = pd.read_csv(path).melt(id_vars="donor_id")
    long = long[long["value"] == 1]
    begin = pd.to_datetime(long["variable"].str[1:] + "-01-01")
    within = np.random.default_rng(1).integers(0, 365, len(long))
    return _orders(long["donor_id"], begin + pd.to_timedelta(within, unit="D"), long["value"])


def retail(path: Path) -> pd.DataFrame:
    """Read UCI Online Retail: a British gift wholesaler, one year; lines of an invoice as one."""
    import pandas as pd

    lines = pd.read_parquet(path).dropna(subset=["CustomerID"])
    lines["amount"] = lines["Quantity"] * lines["UnitPrice"]
    told = lines.groupby(["CustomerID", "InvoiceDate"])["amount"].sum().reset_index()
    return _orders(told["CustomerID"], told["InvoiceDate"], told["amount"])


CASES = (
    Case(name="CDNOW, 1 in 10", read=cdnow, file="cdnow/cdnow_sample.parquet",
         start="1997-10-01", months=9),
    Case(name="CDNOW", read=cdnow, file="cdnow/cdnow_master.parquet",
         start="1997-10-01", months=9),
    *(Case(name="Madrigal", read=madrigal, start=f"{year}-01-01", months=12,
           file="madrigal_customer_base_audit/customer_quarter.parquet") for year in (2018, 2019)),
    *(Case(name="Donations", read=donations, start="2002-01-01", months=months,
           file="donations_bgbb/donor_cohort_1995_binary.csv.gz") for months in (12, 60)),
    *(Case(name="Online Retail", read=retail, start=f"2011-{month:02}-01", months=months,
           file="uci_online_retail/online_retail.parquet") for month, months in ((6, 3), (6, 6),
                                                                                 (9, 3))),
)  # fmt: skip


def _orders(customer: pd.Series, at: pd.Series, amount: pd.Series) -> pd.DataFrame:
    import pandas as pd

    columns = {"customer": customer.astype(str), "at": at, "amount": amount.astype(float)}
    return pd.DataFrame(columns).reset_index(drop=True)


def forecast(case: Case, told: pd.DataFrame) -> Row:
    """Forecast the customers there were, and count what they ordered."""
    import pandas as pd

    start = pd.Timestamp(case.start)
    end = start + pd.DateOffset(months=case.months)
    orders = Orders(table=told, until=pd.Timestamp(end), known_from=told["at"].min())
    as_of = (start - pd.Timedelta(days=1)).date()
    fitted = ss.fit_history(History(orders=orders), as_of=as_of, horizon=f"{case.months} months")
    base = fitted.customers
    if base is None or isinstance(base, FittedSubscriptions):
        raise TypeError(f"{case.name}: orders make a base of orders")
    run = ss.simulate(fitted.plan(), trajectories=TRAJECTORIES, seed=1)
    drawn = [
        series.by("origin")["customers"].samples.sum(axis=1) for series in (run.wins, run.bookings)
    ]
    later = told[(told["at"] >= start) & told["customer"].isin(set(base.customers["customer_id"]))]
    came = order_days(Orders(table=later, until=orders.until, known_from=start)).table
    low, middle, high = (
        (float(np.quantile(drawn[0], share)), float(np.quantile(drawn[1], share)))
        for share in (0.1, 0.5, 0.9)
    )
    return Row(
        case=case,
        customers=len(base.customers),
        low=low,
        middle=middle,
        high=high,
        came=(float(len(came)), float(came["amount"].sum())),
    )


def rows(data: Path) -> Iterator[Row]:
    """Yield a row for each case whose records are there."""
    for case in CASES:
        if (data / case.file).exists():
            yield forecast(case, case.read(data / case.file))


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(data: Path) -> None:
    """Forecast customers whose next months are known, and print both."""
    what = [
        f"{kind}{part}" for kind in ("orders", "amount") for part in ("", ", 80 %", " came", "")
    ]
    what[3] = what[7] = "error"
    heads = ["records (customers)", "from", "months", *what]
    click.echo(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for row in rows(data):
        click.echo(row.line())


if __name__ == "__main__":
    main()
