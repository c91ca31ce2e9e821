"""Every word of a report in plain words: what `qc explain` prints and docs/glossary.md is made from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from qc.flags import Flag
from qc.measure import MEASURES
from qc.report.words import REASON, UNIT, VERDICT

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
    """Heading, word and text of every entry of this name, which may be written as reports print it.

    ``u`` and ``U`` are two words; of all others the case does not matter, nor whether their parts are joined by hyphens.
    """
    entries = [(HEADINGS[room], word, text) for room, texts in glossary().items() for word, text in texts.items()]
    exact = [entry for entry in entries if entry[1] == name]
    known = [entry for entry in entries if _folded(entry[1]) == _folded(name)]
    sought = {_folded(word) for word in _printed().get(_folded(name), ())}
    return exact or known or [entry for entry in entries if _folded(entry[1]) in sought]


def _folded(word: str) -> str:
    return "-".join(word.lower().split())


@cache
def _printed() -> Mapping[str, list[str]]:
    """The words behind what reports print: verdicts, reasons of a refund, units, and the nouns of measures and their faults."""
    nouns = [(noun, code) for m in MEASURES.values() for code, noun in ((m.id, m.name), *m.codes.items())]
    pairs = [*((said, str(word)) for words in (VERDICT, REASON, UNIT) for word, said in words.items()), *nouns]
    behind: dict[str, list[str]] = {}
    for printed, word in pairs:
        behind.setdefault(_folded(printed), []).append(word)
    return behind


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
