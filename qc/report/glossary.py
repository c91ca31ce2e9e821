"""Every word of a report in plain words: what `qc explain` prints and docs/glossary.md is made from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from qc.flags import Flag
from qc.model import VerdictOutcome
from qc.report.words import VERDICT

HEADINGS: Mapping[str, str] = {
    "verdicts": "Verdicts",
    "findings": "Findings",
    "numbers": "Numbers",
    "book": "Books and print",
    "scan": "Scans",
    "store": "Decisions and lists",
    "refund": "Refunds",
    "faults": "Faults of print and color",
    "measures": "What is measured",
    "flags": "Why a number is missing or doubtful",
}


@cache
def glossary() -> Mapping[str, Mapping[str, str]]:
    """The texts of `HEADINGS`, by word: a measure and a fault by its id, a flag by its code."""
    file = resources.files("qc.report") / "glossary.toml"
    written = tomllib.loads(file.read_text("utf-8"))
    return {**written, "flags": {str(flag): f"{_upper(flag.meaning)}." for flag in Flag}}


def plain_texts(name: str) -> list[tuple[str, str, str]]:
    """Heading, word and text of every entry of this name; a verdict may be named as reports print it.

    ``u`` and ``U`` are two words; of all others the case does not matter.
    """
    entries = [(HEADINGS[room], word, text) for room, texts in glossary().items() for word, text in texts.items()]
    exact = [entry for entry in entries if entry[1] == name]
    sought = _PRINTED.get(name.upper(), name).lower()
    return exact or [entry for entry in entries if entry[1].lower() == sought]


_PRINTED: Mapping[str, str] = {printed: str(outcome) for outcome, printed in VERDICT.items()} | {
    "NO-EVIDENCE": str(VerdictOutcome.INSUFFICIENT_EVIDENCE)
}


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
