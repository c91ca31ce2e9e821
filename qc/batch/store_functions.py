"""What the steps of a store's schema need and SQL has not; steps are never changed, and so these mean the same for ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from qc.batch.codec import decode, encode
from qc.batch.column_texts import text_of
from qc.batch.scan_hashes import hash_of
from qc.judge.ranking import margin_mm, shows
from qc.model import Finding, VerdictOutcome


def _scans(facts: str | None) -> str | None:
    """Hash of the scans of an inspection."""
    try:
        return None if facts is None else hash_of(json.loads(facts)["provenance"]["scans"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _shows(findings: str) -> str | None:
    """Rules that stand against a copy, as JSON."""
    found = _findings(findings)
    return None if found is None else json.dumps(encode(shows(found)))


def _margin(outcome: str, findings: str) -> float | None:
    found = _findings(findings)
    return None if found is None else margin_mm(VerdictOutcome(outcome), found)


def _findings(text: str) -> tuple[Finding, ...] | None:
    """None where they are damaged: one row keeps nobody from the others."""
    try:
        return decode(tuple[Finding, ...], json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "qc_scans": _scans,
    "qc_shows": _shows,
    "qc_margin": _margin,
    "qc_text": text_of,
}
