"""What waits for a person: the copies of a store in the order of review, and those with the same fault together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qc.batch.store import Store
from qc.judge.messages import name_of
from qc.judge.ranking import deciding
from qc.measure.readings import print_place
from qc.model import VerdictOutcome
from qc.report.words import LOST, VERDICT

LISTS: Mapping[str, str] = {
    "needs": "Needs you",
    "again": "To scan again",
    "open": "All undecided",
    "decided": "Decided",
    "all": "All copies",
}
"""Lists that can be gone through, by the name in the address."""
MIN_ALIKE = 3
"""Copies that make a pattern: to tick two and decide once takes as many keys as to decide twice."""
_ORDER = ("needs-review", "insufficient-evidence", "", "defect", "no-defect")
"""Of verdicts, those that only a person can decide first; empty is a copy that could not be inspected."""


@dataclass(frozen=True)
class Item:
    """A copy of the store as the review page lists it.

    `rule` is the gravest that speaks against it, `plant` where it was printed as far as that was read. `decided` is empty where
    nobody has decided; `seen` numbers the decision that stands, so that two persons notice each other. `alike` is the pattern that
    it belongs to. `needs_person` is whether the refund waits for a decision, `scan_again` whether one asked for new scans that did
    not come yet. `lost` is that it is claimed so and nothing was scanned.
    """

    copy: str
    inspection: int
    title: str
    isbn: str
    outcome: str
    summary: str
    rule: str = ""
    plant: str = ""
    decided: str = ""
    by: str = ""
    code: str = ""
    reason: str = ""
    made: str = ""
    stale: bool = False
    seen: int = 0
    needs_person: bool = False
    scan_again: bool = False
    lost: bool = False
    report: str = ""
    alike: str = ""

    @property
    def waits(self) -> bool:
        """Whether nobody has decided of the scans as they are."""
        return not self.decided or self.stale

    @property
    def word(self) -> str:
        """The verdict of qc in a word or two."""
        return LOST if self.lost else VERDICT[VerdictOutcome(self.outcome)] if self.outcome else "NOT INSPECTED"


@dataclass(frozen=True)
class Pattern:
    """Copies of one title or printer that show the same fault; `of` copies of it were inspected, `about` names it.

    `fault` is in words. Only copies that still wait are in `items`.
    """

    key: str
    about: str
    fault: str
    of: int
    count: int
    items: tuple[Item, ...]


class Queue:
    """The copies of a store at one moment."""

    def __init__(self, items: Iterable[Item], name_fault: Callable[[int], str]) -> None:
        grouped = _grouped(list(items))
        self.patterns = _patterns(grouped, name_fault)
        size = {p.key: len(p.items) for p in self.patterns}
        self.items = sorted(grouped, key=lambda i: (_ORDER.index(i.outcome), -size.get(i.alike, 0), i.alike))
        self._by_copy = {i.copy: i for i in self.items}

    def get(self, copy: str) -> Item | None:
        """The copy of that id, whatever the case of its letters; None if the store holds none."""
        return self._by_copy.get(copy) or next((i for i in self.items if i.copy.lower() == copy.lower()), None)

    def listed(self, name: str) -> list[Item]:
        """The copies of a list, see `LISTS`."""
        kept = {"needs": [i.needs_person for i in self.items], "open": [i.waits for i in self.items]}
        kept["again"] = [i.scan_again for i in self.items]
        kept["decided"] = [not waits for waits in kept["open"]]
        return [i for i, keep in zip(self.items, kept.get(name, [True] * len(self.items)), strict=True) if keep]

    def find(self, code: str) -> list[Item]:
        """What a scan gun or a person means: the copy of an id, or the copies of an ISBN, those that wait first."""
        one = self.get(code)
        if one is not None:
            return [one]
        isbn = code.replace("-", "").replace(" ", "")
        return sorted((i for i in self.items if i.isbn and i.isbn.replace("-", "") == isbn), key=lambda i: not i.waits)

    @property
    def progress(self) -> dict[str, int]:
        """How many copies there are, are decided, need a person, and are to be scanned again."""
        decided, again = sum(not i.waits for i in self.items), sum(i.scan_again for i in self.items)
        needs = sum(i.needs_person for i in self.items)
        return {"total": len(self.items), "decided": decided, "needs": needs, "again": again}

    @property
    def tally(self) -> list[tuple[str, int]]:
        """How many decisions there are of each outcome, the most frequent first."""
        return Counter(i.decided for i in self.items if not i.waits).most_common()


def load_queue(store: Store, faults: dict[int, str] | None = None) -> Queue:
    """The copies of `store` as they stand now; names of faults by inspection are looked up in `faults` and kept there."""
    named = {} if faults is None else faults

    def name_fault(number: int) -> str:
        if number not in named:
            named[number] = _fault(store, number)
        return named[number]

    plants = {copy: str(detail.get("plant") or "") for copy, detail in store.readings(print_place.id).items()}
    items = [_item(row, plants.get(row["copy"], "")) for row in store.view("latest_verdicts")]
    return Queue(items, name_fault)


def _fault(store: Store, number: int) -> str:
    inspection = store.inspection(number)
    finding = deciding(inspection) if inspection else None
    return name_of(finding) if finding else ""


def _item(row: Mapping[str, Any], plant: str) -> Item:
    return Item(
        copy=row["copy"],
        inspection=row["inspection_id"],
        title=row["title"] or "",
        isbn=row["isbn"] or "",
        outcome=row["outcome"] or "",
        summary=row["summary"],
        rule=next(iter(json.loads(row["shows"] or "[]")), ""),
        plant=plant,
        decided=row["decided"] or "",
        by=row["person"] or "",
        code=row["code"] or "",
        reason=row["reason"] or "",
        made=row["decided_on"] or "",
        stale=bool(row["stale"]),
        seen=row["decision_id"] or 0,
        needs_person=bool(row["waits"]),
        scan_again=bool(row["scan_again"]),
        lost=bool(row["lost"]),
        report=row["report"] or "",
    )


def _grouped(items: Sequence[Item]) -> list[Item]:
    """Items with the pattern they belong to: of a title, else of a printer."""
    grouped = list(items)
    for kin in ("title", "printer"):
        waiting = Counter(_key(i, kin) for i in grouped if i.waits and not i.alike)
        grouped = [
            replace(i, alike=_key(i, kin)) if not i.alike and _key(i, kin) and waiting[_key(i, kin)] >= MIN_ALIKE else i
            for i in grouped
        ]
    return grouped


def _kin(item: Item, kin: str) -> str:
    return (item.isbn.replace("-", "") or item.title) if kin == "title" else item.plant


def _key(item: Item, kin: str) -> str:
    name = _kin(item, kin)
    return f"{kin} {name} {item.rule}" if name and item.rule else ""


def _patterns(items: Sequence[Item], name_fault: Callable[[int], str]) -> list[Pattern]:
    found = []
    for key in dict.fromkeys(i.alike for i in items if i.alike):
        alike = [i for i in items if i.alike == key]
        first, kin = alike[0], key.partition(" ")[0]
        of = sum(_kin(i, kin) == _kin(first, kin) for i in items if i.outcome)
        about = first.title or f"ISBN {first.isbn}" if kin == "title" else f"plant {first.plant}"
        waiting = tuple(i for i in alike if i.waits)
        found.append(Pattern(key, about, name_fault(first.inspection), of, len(alike), waiting))
    return sorted(found, key=lambda p: -len(p.items))
