"""What persons say of copies: defect or not, from their decisions in a store or from a CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qc.batch.tables import Tables
from qc.errors import UsageError
from qc.model import VerdictOutcome

COLUMNS = ("copy", "label", "by")
_SURE = (VerdictOutcome.DEFECT, VerdictOutcome.NO_DEFECT)


@dataclass(frozen=True)
class Label:
    """What one person says of one copy."""

    copy: str
    label: VerdictOutcome
    by: str


def labels_of_store(tables: Tables) -> list[Label]:
    """The last decision of each person on each copy that was not withdrawn, in the order in which they were made.

    Notes
    -----
    Persons decide what was sent to them: copies near a limit and complaints. Labels from decisions alone say little of
    the copies that were passed; let somebody look at a random part of those, too, or the cost of a wrong refusal is
    taken for smaller than it is.
    """
    made = tables.decisions.where(withdraws=None, withdrawn=0)
    rows = zip(*(made[c] for c in ("copy", "outcome", "person")), strict=True)
    return _last([Label(copy, VerdictOutcome(outcome), person) for copy, outcome, person in rows])


def labels_from_csv(path: Path | str) -> list[Label]:
    """Labels from a CSV with the columns copy, label, by; the label is one of the outcomes of `qc decide`.

    Raises
    ------
    UsageError
        The file is missing or wrong; the sentence names the line and what is allowed.
    """
    file = Path(path)
    try:
        with file.open(newline="", encoding="utf-8-sig") as opened:
            reader = csv.DictReader(opened)
            missing = [c for c in COLUMNS if c not in (reader.fieldnames or ())]
            if missing:
                raise UsageError(
                    f"{file}: the first line lacks the column {missing[0]!r}. It must name {', '.join(COLUMNS)}."
                )
            return _last([_label(row, f"{file}, line {reader.line_num}") for row in reader])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{file} cannot be read as labels: {error}. Give a CSV in UTF-8.") from None


def agreed(labels: Iterable[Label]) -> tuple[dict[str, bool], tuple[str, ...]]:
    """Whether each copy is defective by all who were sure of it, and the copies that they dispute.

    Returns
    -------
    truth : dict of str to bool
        True is a defect. Copies that nobody was sure of are not in it.
    disputed : tuple of str
        Copies that one calls a defect and another does not; no truth is made of those.
    """
    said: dict[str, set[VerdictOutcome]] = {}
    for label in labels:
        if label.label in _SURE:
            said.setdefault(label.copy, set()).add(label.label)
    truth = {copy: VerdictOutcome.DEFECT in found for copy, found in said.items() if len(found) == 1}
    return truth, tuple(copy for copy, found in said.items() if len(found) > 1)


def by_person(labels: Sequence[Label]) -> Mapping[str, Mapping[str, str]]:
    """Labels by copy for each person, and so what `agreement.pairwise` compares."""
    persons: dict[str, dict[str, str]] = {}
    for label in labels:
        persons.setdefault(label.by, {})[label.copy] = str(label.label)
    return persons


def _label(row: Mapping[str, str | None], where: str) -> Label:
    copy, label, by = ((row[c] or "").strip() for c in COLUMNS)
    if not copy or not by:
        raise UsageError(f"{where}: copy or by is empty. Say which copy it is, and who looked at it.")
    allowed = [str(d) for d in VerdictOutcome]
    if label not in allowed:
        raise UsageError(f"{where}: label {label!r} is not allowed. Write one of {', '.join(allowed)}.")
    return Label(copy, VerdictOutcome(label), by)


def _last(labels: Iterable[Label]) -> list[Label]:
    return list({(x.copy, x.by): x for x in labels}.values())
