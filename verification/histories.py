"""Public records with known outcomes, read as `salessim fit` reads them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from salessim.fit.history import History
from salessim.fit.reading import read_history


def leadforge(data: Path) -> History:
    """Read the full stage history of leadforge_world_a: an independent generator's 15,000 leads.

    The amount of a lead is in every row; a forecaster sees it from its stage `sql` on, and so it is
    read.
    """
    import pandas as pd

    rows = pd.read_parquet(data / "leadforge_world_a" / "truth" / "full_stage_history.parquet")
    late = rows["to_stage"].isin(["mql", "sal", "closed_lost"])
    rows["amount"] = rows["estimated_acv"].mask(late)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "leadforge_world_a.csv"
        columns = ["lead_id", "from_stage", "to_stage", "changed_at", "amount"]
        rows[columns].to_csv(file, index=False)
        return read_history([file])


def maven(data: Path) -> History:
    """Read maven_crm_opportunities: a list of 8,800 made-up deals without stages."""
    return read_history([data / "maven_crm_opportunities" / "sales_pipeline.csv"])


def bpic(data: Path) -> History:
    """Read bpic2012_loan_pipeline: 13,087 real loan applications; the amount is what is asked."""
    return read_history(
        [data / "bpic2012_loan_pipeline" / "stage_events.parquet"],
        columns={"won": "A_APPROVED", "lost": "A_DECLINED,A_CANCELLED"},
        stages=["A_PARTLYSUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "A_FINALIZED", "O_SENT_BACK"],
    )


def olist(data: Path) -> History:
    """Read olist_marketing_funnel: 8,000 real leads, of which only wins are told."""
    folder = data / "olist_marketing_funnel"
    return read_history(
        [
            folder / "olist_marketing_qualified_leads_dataset.csv",
            folder / "olist_closed_deals_dataset.csv",
        ]
    )
