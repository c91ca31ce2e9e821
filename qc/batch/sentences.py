"""Sentences of policies in a store: each is kept once, and findings and reasons name it by its number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qc.batch.codec import encode
from qc.batch.database import Database
from qc.model import Finding, Reason

_PARTS = ("clause", "source", "verbatim")


class Sentences(Database):
    """The table `sentences`. Rows from before there was one hold their sentences themselves."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        super().__init__(path, create=create)
        self._known: dict[int, dict[str, Any]] = {}

    def _parted(self, said: Sequence[Finding | Reason]) -> list[dict[str, Any]]:
        """Findings or reasons as JSON values, with the number of the sentence in the place of the sentence."""
        rows: list[dict[str, Any]] = encode(said)
        return [
            {name: value for name, value in row.items() if name not in _PARTS} | {"sentence": self._number(row)}
            for row in rows
        ]

    def _joined(self, text: str) -> list[dict[str, Any]]:
        """Findings or reasons as JSON values with their sentences, from what is stored."""
        rows: list[dict[str, Any]] = json.loads(text)
        return [row if "sentence" not in row else self._whole(row) for row in rows]

    def _number(self, row: dict[str, Any]) -> int:
        values = {name: row[name] for name in _PARTS}
        known = self._one(
            f"SELECT id FROM sentences WHERE {' AND '.join(f'{name} = :{name}' for name in _PARTS)}", values
        )
        return self._insert("sentences", **values) if known is None else int(known["id"])

    def _whole(self, row: dict[str, Any]) -> dict[str, Any]:
        number = row["sentence"]
        known = self._known
        if number not in known:
            found = self._one(f"SELECT {', '.join(_PARTS)} FROM sentences WHERE id = ?", number)
            if found is None:
                raise KeyError(f"sentence {number}")
            known[number] = found | {"verbatim": bool(found["verbatim"])}
        return {name: value for name, value in row.items() if name != "sentence"} | known[number]
