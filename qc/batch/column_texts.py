"""What the tables, views and columns of a store hold, in words: for its table `columns` and for Datasette."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_COMMON: Mapping[str, str] = {
    "id": "Number of the row; a later one is larger.",
    "name": "What a row is called where others refer to it.",
    "copy": "Id of the returned copy, such as its RMA.",
    "inspection_id": "The inspection, in `inspections`.",
    "verdict_id": "The verdict, in `verdicts`.",
    "run_id": "The call of qc that added the row, in `runs`.",
    "policy_id": "The policy, in `policies`.",
    "policy": "Id of the policy it was judged by.",
    "policy_version": "Version of that policy.",
    "outcome": "defect, no-defect, needs-review or insufficient-evidence.",
    "margin_mm": "Distance to the limit of the rule that decides, in mm, negative beyond it; of a no-defect, of the nearest cut. "
    "Empty where that rule is not in millimeters.",
    "refund": "eligible, not-eligible or review.",
    "route": "Where the claim goes: refund, none, returns-center or review.",
    "shows": "JSON: rules of severity defect that the copy is outside of or that are undecided, the gravest first.",
    "isbn": "ISBN as stated or read.",
    "title": "Title as stated.",
    "reference": "What it was compared with: pdf, copy, consensus or none, and its name.",
    "inspected": "When the inspection began, ISO 8601.",
    "path": "Where its scans lay.",
    "report": "Path of its report.html; empty where it could not be inspected.",
    "status": "done, or failed where it could not be inspected.",
    "message": "What is to be said of it, in a sentence.",
    "measure": "Id of the measure; `qc explain` says what it is.",
    "page": "Position among the scanned interior pages, from 1, covers excluded; empty: the whole copy.",
    "edge": "head, tail, spine or fore-edge.",
    "axis": "height or width; of a position x or y.",
    "side": "front or back of a cover.",
    "value": "The measured value, in `unit`; empty: it could not be measured, and `flags` say why.",
    "unit": "mm, deg, count, dE00, density or fraction.",
    "u": "Standard uncertainty (k = 1) in the unit of the value.",
    "flags": "JSON: named doubts and reasons; `qc explain` says what each means.",
    "detail": "JSON: what the measure knows beyond the number.",
    "evidence": "JSON: where it shows, in pixels of which scan.",
    "person": "Who decided.",
    "reason": "Why, in the words of the person.",
    "code": "Reason of the person as a code of the policy's [[codes]].",
    "clause": "The sentence of the policy.",
    "source": "Where the sentence stands.",
    "verbatim": "1: the printer's own words; 0: our summary.",
    "scans": "SHA-256 over the names and contents of the scans.",
    "withdraws": "The decision that this row takes back; empty of a decision.",
}

_OBSERVED: Mapping[str, str] = {"version": "Version of the measure that gave it."}
_DECIDED: Mapping[str, str] = {
    "made": "When it was decided, ISO 8601.",
    "outcome": "What the person decided: one of the four outcomes of a verdict, or withdrawn.",
    "verdict_id": "The verdict that stood then, in `verdicts`.",
    "inspection_id": "The inspection that was looked at, in `inspections`.",
    "refund": "Refund that follows from the decision.",
    "route": "Where the claim goes then.",
    "scans": "SHA-256 over the names and contents of the scans that it was decided on.",
}

_TEXTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "runs": (
        "Calls of qc that added rows.",
        {
            "command": "How it was called.",
            "started": "When, ISO 8601.",
            "qc": "Version of qc.",
        },
    ),
    "policies": (
        "Policies that copies were judged by.",
        {
            "name": "Id of the policy.",
            "version": "Its version.",
            "sha256": "SHA-256 of its file.",
            "toml": "Text of its file.",
        },
    ),
    "inspections": (
        "Each time a copy was inspected, or could not be.",
        {
            "key": "Hash of everything the inspection depends on; the same key, the same result.",
            "exit": "Exit code of a failed one; else 0.",
            "message": "Why it failed; else empty.",
            "seconds": "How long it took.",
            "facts": "JSON: copy, reference, pages, what was not seen, provenance.",
            "policy_id": "The policy of a failed one, in `policies`; else that of its verdicts counts.",
        },
    ),
    "observations": (
        "Every number that was measured, one a row.",
        {
            **_OBSERVED,
            "copy": "The other copy it is on, in comparisons.",
            "copies": "JSON: the two copies it is between.",
        },
    ),
    "verdicts": (
        "Every verdict of the machine: of the inspection, and of each `qc judge --save` since.",
        {
            "made": "When it was judged, ISO 8601.",
            "summary": "The verdict in a sentence.",
            "reasons": "JSON: why the refund is as it is; `sentence` is a number in `sentences`.",
            "not_checked": "JSON: what was not looked at.",
            "rescan": "JSON: the scans that could change the verdict.",
            "findings": "JSON: what each rule says; `sentence` is a number in `sentences`. The view `findings` has a row each.",
            "in_force": "1: the last of these counts. 0: of `qc judge` when it stored what nobody had put in force.",
        },
    ),
    "decisions": ("What persons decided, and took back; nothing is deleted.", _DECIDED),
    "file_hashes": (
        "Files that were read, so that they need not be read again to see whether they changed.",
        {
            "path": "Path of the file.",
            "size": "Bytes.",
            "mtime_ns": "Time of its last change in nanoseconds since 1970.",
            "sha256": "SHA-256 of its content.",
        },
    ),
    "sentences": ("Sentences of policies that findings and reasons rest on, each once.", {}),
    "listings": (
        "Each summary.csv with its index.html.",
        {
            "folder": "The folder they lie in.",
            "title": "Head of the index.",
            "made": "When it was first written, ISO 8601.",
        },
    ),
    "listed": ("Copies that a listing has, in its order.", {"listing_id": "The listing, in `listings`."}),
    "columns": (
        "What tables, views and columns hold: this text.",
        {
            "table": "Table or view.",
            "column": "Column; empty: the table itself.",
            "text": "What it holds.",
        },
    ),
    "latest_verdicts": (
        "Begin here: a row a copy with the verdict in force, what a person decided, and the refund.",
        {
            "decided": "What a person decided, where that was not withdrawn; it follows the copy through later inspections.",
            "decided_on": "When that was, ISO 8601.",
            "stale": "1: the scans are no longer those that the decision was on. Empty: no decision.",
            "waits": "1: a person is to decide: the refund is up for review, or the decision is stale; 0 while `scan_again` is 1.",
            "scan_again": "1: a person asked for new scans (code rescan), or decided that these do not suffice; none came yet.",
            "lost": "1: claimed as lost, and nothing was scanned.",
            "refund": "eligible, not-eligible or review: of the decision, where one holds, else of the verdict.",
            "route": "Where the claim goes: refund, none, returns-center or review, likewise.",
            "summary": "The verdict in a sentence, or why the copy could not be inspected.",
            "judged": "When the verdict was made, ISO 8601.",
            "judged_since": "1: the verdict is of a later `qc judge --save`, not of the inspection.",
            "exit": "The code that `qc inspect` ends in: 10 defect, 11 needs-review, 12 insufficient-evidence, 0 no-defect; or why "
            "it could not be inspected.",
            "decision_id": "The decision, in `decisions`.",
        },
    ),
    "latest_observations": (
        "Every number of the latest inspection of each copy, rounded as it is printed.",
        {
            **_OBSERVED,
            "where_copy": "The other copy it is on, in comparisons.",
            "where_copies": "JSON: the two copies it is between.",
            "observation_id": "The row in `observations`, not rounded.",
        },
    ),
    "findings": (
        "What each rule says of each verdict, rounded as it is printed.",
        {
            "rule": "Id of the rule of the policy.",
            "outcome": "within, outside, undecided or not-judged.",
            "severity": "defect, or note, which never counts.",
            "margin": "Distance to the nearest limit in the unit of the value, negative beyond it.",
            "judged": "When, ISO 8601.",
        },
    ),
    "decision_history": (
        "What persons decided, with the copy, and whether it was withdrawn.",
        {**_DECIDED, "withdrawn": "1: a later row took it back."},
    ),
}


def text_of(table: str, column: str) -> str:
    """What a column of a table or view holds, or where `column` is empty the table; raises `KeyError` where nobody said."""
    whole, own = _TEXTS[table]
    return (own.get(column) or _COMMON[column]) if column else whole


def datasette_metadata(path: Path, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """``metadata.json`` for Datasette, from the rows of the table `columns` of the store at `path`."""
    tables: dict[str, dict[str, Any]] = {}
    for row in rows:
        table = tables.setdefault(row["table"], {"columns": {}})
        if row["column"]:
            table["columns"][row["column"]] = row["text"]
        else:
            table["description"] = row["text"]
    return {"title": "Inspected copies", "databases": {path.stem: {"tables": tables}}}
