"""One made-up pipeline, written as each CRM would export it; nothing of a real company."""

import zipfile
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd

STAGES = ("Qualification", "Proposal", "Negotiation")
WON, LOST = "Closed Won", "Closed Lost"
TODAY = pd.Timestamp("2026-01-31")
LABELS = {"101": "Qualification", "102": "Proposal", "103": "Negotiation", "104": WON, "105": LOST}
IDS = {label: key for key, label in LABELS.items()}


@dataclass(frozen=True)
class Truth:
    """Deals and every entry to a stage, to the second; rows in order of time."""

    deals: pd.DataFrame
    moves: pd.DataFrame


def truth(many=400, seed=20260131):
    """Deals over two years that pass, skip and lose stages, and some that get stuck for ever."""
    rng = np.random.default_rng(seed)
    created = pd.Timestamp("2024-02-01") + pd.to_timedelta(
        np.sort(rng.choice(729 * 86400, many, replace=False)), unit="s"
    )
    deals = pd.DataFrame(
        {
            "deal": [f"006{number:06d}" for number in rng.permutation(many)],
            "created": created.as_unit("us"),
            "owner": rng.choice(["Ann", "Bob", "Cleo"], many),
            "source": rng.choice(["web", "fair"], many),
            "amount": np.round(rng.lognormal(9.0, 0.8, many), 2),
        }
    )
    rows = []
    for deal, at in zip(deals["deal"], deals["created"], strict=True):
        for stage in STAGES:
            if stage == "Proposal" and rng.random() < 0.1:
                continue
            rows.append((deal, stage, at))
            if rng.random() < 0.05:
                break
            at += pd.Timedelta(seconds=int(rng.exponential(15 * 86400)) + 61)  # noqa: PLW2901
            if rng.random() < 0.3:
                rows.append((deal, LOST, at))
                break
        else:
            rows.append((deal, WON, at))
    moves = pd.DataFrame(rows, columns=["deal", "stage", "at"])
    moves = moves[moves["at"] < TODAY].sort_values("at", kind="stable", ignore_index=True)
    return Truth(deals, moves)


def told(deals):
    """Return what was read as the truth has it: moves with names, sorted."""
    names = (*deals.stages, WON, LOST)
    return pd.DataFrame(
        {
            "deal": deals.table["deal"].to_numpy()[deals.moves["deal"]],
            "stage": [names[stage] for stage in deals.moves["stage"]],
            "at": deals.moves["at"],
        }
    ).sort_values(["deal", "at"], ignore_index=True)


def expected(true):
    return true.moves.sort_values(["deal", "at"], ignore_index=True)


def closings(true):
    """Return each deal with its stage now, and its closing."""
    last = true.moves.groupby("deal").last().add_prefix("last_")
    frame = true.deals.join(last, on="deal")
    ended = frame["last_stage"].isin([WON, LOST])
    return frame.assign(closed=frame["last_at"].where(ended))


def generic(true):
    return {"moves.csv": true.moves.rename(columns={"at": "changed_at"})}


def change_log(true):
    """Leads with their attributes, and a log of changes with from and to; dates only in one."""
    log = true.moves.assign(from_stage=true.moves.groupby("deal")["stage"].shift())
    log = log.rename(columns={"deal": "lead_id", "stage": "to_stage", "at": "changed_at"})
    leads = true.deals.drop(columns="amount").rename(
        columns={
            "deal": "lead_id",
            "created": "created_at",
            "owner": "owner_rep_id",
            "source": "lead_source",
        }
    )
    return {"leads.csv": leads, "log.csv": log[["lead_id", "from_stage", "to_stage", "changed_at"]]}


def opportunity(true):
    """Salesforce's list of opportunities, dates as the English (US) interface writes them."""
    now = closings(true)
    planned = now["closed"].fillna(pd.Timestamp("2026-03-31"))
    return pd.DataFrame(
        {
            "Id": now["deal"],
            "StageName": now["last_stage"],
            "Amount": [f"${amount:,.2f}" for amount in now["amount"]],
            "CloseDate": planned.dt.strftime("%m/%d/%Y %I:%M:%S %p"),
            "LeadSource": now["source"],
            "IsClosed": now["closed"].notna(),
            "IsWon": now["last_stage"] == WON,
            "CreatedDate": now["created"].dt.strftime("%m/%d/%Y %I:%M:%S %p"),
            "OwnerId": now["owner"],
        }
    )


def salesforce_history(true):
    """OpportunityHistory, newest first and with a row for an edit that changes no stage."""
    rows = true.moves.merge(true.deals[["deal", "amount"]], on="deal")
    edits = rows.iloc[::7].assign(at=rows["at"].iloc[::7] + pd.Timedelta(seconds=30))
    rows = pd.concat([rows, edits]).sort_values("at", kind="stable")[::-1]
    history = pd.DataFrame(
        {
            "Id": [f"008{number:06d}" for number in range(len(rows))],
            "OpportunityId": rows["deal"],
            "CreatedDate": rows["at"].dt.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "StageName": rows["stage"],
            "Amount": rows["amount"],
            "IsDeleted": False,
        }
    )
    return {
        "Opportunity.csv": opportunity(true).assign(
            CreatedDate=true.deals["created"].dt.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        ),
        "OpportunityHistory.csv": history,
    }


def field_history(true):
    """OpportunityFieldHistory: a deal that never moved has no row there."""
    rows = true.moves.assign(old=true.moves.groupby("deal")["stage"].shift())
    rows = rows[rows["old"].notna()]
    stages = pd.DataFrame(
        {
            "OpportunityId": rows["deal"],
            "Field": "StageName",
            "OldValue": rows["old"],
            "NewValue": rows["stage"],
            "CreatedDate": rows["at"].dt.strftime("%Y-%m-%d %H:%M:%S"),
        }
    )
    other = stages.iloc[::5].assign(Field="NextStep", OldValue=None, NewValue="call")
    return {
        "Opportunity.csv": opportunity(true),
        "OpportunityFieldHistory.csv": pd.concat([stages, other]),
    }


def hubspot_wide(true):
    """A column for each stage, by its id, and the table of the stages."""
    wide = true.moves.assign(id=true.moves["stage"].map(IDS)).pivot_table(
        index="deal", columns="id", values="at", aggfunc="max"
    )
    text = wide.apply(lambda column: column.dt.strftime("%Y-%m-%d %H:%M:%S"))
    text.columns = [f"hs_v2_date_entered_{name}" for name in text.columns]
    deals = true.deals.join(text, on="deal")
    deals["created"] = deals["created"].dt.strftime("%Y-%m-%d %H:%M:%S")
    columns = {
        "deal": "Record ID",
        "created": "Create Date",
        "owner": "Deal owner",
        "amount": "Amount",
        "source": "Original Source",
    }
    return {"deals.csv": deals.rename(columns=columns), "stages.csv": stage_table()}


def stage_table():
    return pd.DataFrame(
        {
            "stage_id": list(LABELS),
            "label": list(LABELS.values()),
            "display_order": range(5),
            "closed_won": [label == WON for label in LABELS.values()],
            "is_closed": [label in (WON, LOST) for label in LABELS.values()],
        }
    )


def hubspot_names(true):
    """Columns as the interface of HubSpot names them, days written first."""
    wide = true.moves.pivot_table(index="deal", columns="stage", values="at", aggfunc="max")
    text = wide.apply(lambda column: column.dt.strftime("%d/%m/%Y %H:%M:%S"))
    text.columns = [f'Date entered "{name} (Sales Pipeline)"' for name in text.columns]
    deals = (
        true.deals[["deal", "created"]]
        .rename(columns={"deal": "Record ID"})
        .join(text, on="Record ID")
    )
    deals["Create Date"] = deals.pop("created").dt.strftime("%d/%m/%Y %H:%M:%S")
    return {"deals.csv": deals}


def hubspot_properties(true):
    """The history of all properties; the newest change of a deal first, times in milliseconds."""
    milliseconds = true.moves["at"].astype("datetime64[ms]").astype("int64")
    rows = pd.DataFrame(
        {
            "deal_id": true.moves["deal"],
            "timestamp": milliseconds,
            "name": "dealstage",
            "value": true.moves["stage"].map(IDS),
        }
    )
    amounts = true.moves.drop_duplicates("deal").merge(true.deals[["deal", "amount"]], on="deal")
    worth = pd.DataFrame(
        {
            "deal_id": amounts["deal"],
            "timestamp": amounts["at"].astype("datetime64[ms]").astype("int64"),
            "name": "amount",
            "value": amounts["amount"].astype(str),
        }
    )
    other = worth.iloc[::4].assign(name="hubspot_owner_id", value="77")
    both = pd.concat([rows, worth, other]).sort_values("timestamp", kind="stable")[::-1]
    return {"properties.csv": both, "stages.csv": stage_table()}


def fivetran(true):
    """HubSpot's deal_stage as a warehouse has it, beside deals one of which was merged."""
    rows = pd.DataFrame(
        {
            "deal_id": true.moves["deal"],
            "date_entered": true.moves["at"],
            "value": true.moves["stage"].map(IDS),
            "_fivetran_active": True,
        }
    )
    extra = rows.iloc[:1].assign(deal_id="999")
    deals = true.deals.rename(
        columns={
            "deal": "deal_id",
            "owner": "owner_id",
            "created": "property_createdate",
            "amount": "property_amount",
        }
    ).assign(is_deleted=False)
    merged = pd.DataFrame({"deal_id": true.deals["deal"].iloc[:1], "merged_deal_id": ["999"]})
    return {
        "deal.csv": deals.drop(columns="source"),
        "deal_stage.csv": pd.concat([rows, extra]),
        "deal_pipeline_stage.csv": stage_table(),
        "merged_deal.csv": merged,
    }


HISTORIES = (
    generic,
    change_log,
    salesforce_history,
    field_history,
    hubspot_wide,
    hubspot_names,
    hubspot_properties,
    fivetran,
)
"""Writers of the whole truth: name of a file -> its table."""


def write(folder, tables, **options):
    """Write tables as CSV files and return their paths."""
    paths = []
    for name, table in tables.items():
        path = folder / name
        table.to_csv(path, index=False, **options)
        paths.append(path)
    return paths


SPACES = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
FRAME = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="{KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
}
"""Parts that all workbooks share."""


def write_workbook(path, sheets):
    """Write tables as the sheets of an Excel file; no library at hand does it."""
    listed = related = ""
    parts = dict(FRAME)
    for at, (name, rows) in enumerate(sheets.items(), 1):
        listed += f'<sheet name="{escape(name)}" sheetId="{at}" r:id="rId{at}"/>'
        related += (
            f'<Relationship Id="rId{at}" Type="{OFFICE}/worksheet" Target="worksheets/s{at}.xml"/>'
        )
        data = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
        parts[f"xl/worksheets/s{at}.xml"] = (
            f"<worksheet {SPACES}><sheetData>{data}</sheetData></worksheet>"
        )
    parts["xl/workbook.xml"] = (
        f'<workbook {SPACES} xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>'
    )
    parts["xl/_rels/workbook.xml.rels"] = (
        f'<Relationships xmlns="{PACKAGE}/relationships">{related}</Relationships>'
    )
    with zipfile.ZipFile(path, "w") as book:
        for name, text in parts.items():
            book.writestr(name, text)
    return path


def _cell(value):
    if value is None:
        return "<c/>"
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'
