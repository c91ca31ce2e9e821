"""The facts that copy.toml states of a copy: what is missing for a decision, and what contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from qc.isbn import normalized, same_book
from qc.model import BookCopy
from qc.plan.remark import Remark
from qc.scan.paths import real
from qc.scan.returns_csv import NAME, returns_in

_WHY = {
    "isbn": "the reference is looked up by it",
    "claim.reason": "lost, damaged and wrong-item take another way to a refund",
    "claim.received_on": "the days of a damaged copy count from it",
    "claim.notified_on": "the days of a lost copy count from it",
    "claim.claimed_on": "the days count up to it",
    "claim.content_updated_on": "an earlier revision cannot be told from a misprint",
}
_NOTHING = f"There is no copy.toml and no row of {NAME} that would state"
_LATER = (("received_on", "printed_on"), ("claimed_on", "received_on"), ("claimed_on", "notified_on"))
"""Pairs of dates, the later one first."""


def fact_remarks(copy: BookCopy) -> Iterator[Remark]:
    """Remarks on the facts of `copy`."""
    if missing := _missing(copy):
        files = [n for n, there in (("copy.toml", (copy.path / "copy.toml").exists()), (NAME, _has_row(copy))) if there]
        start = f"{' and '.join(files)} {'do' if len(files) > 1 else 'does'} not state" if files else _NOTHING
        message = f"{start} {'; '.join(f'{key} ({_WHY[key]})' for key in missing)}."
        yield Remark("add", "facts", message)
    for message in _odd(copy, date.today()):
        yield Remark("check", "facts", message)


def _has_row(copy: BookCopy) -> bool:
    return copy.id in returns_in(real(copy.path).parent).rows


def _missing(copy: BookCopy) -> list[str]:
    claim = copy.claim
    wanted: dict[str, object] = {"isbn": copy.book_isbn or copy.reference.file, "claim.reason": claim.reason}
    match claim.reason:
        case "lost":
            wanted = {"claim.notified_on": claim.notified_on, "claim.claimed_on": claim.claimed_on}
        case "damaged":
            wanted |= {"claim.received_on": claim.received_on, "claim.claimed_on": claim.claimed_on}
        case "wrong-item":
            pass
        case _:
            wanted |= {"claim.content_updated_on": claim.content_updated_on}
    return [key for key, value in wanted.items() if value is None]


def _odd(copy: BookCopy, today: date) -> Iterator[str]:
    claim = copy.claim
    for key, number in (("isbn", copy.isbn), ("claim.ordered_isbn", claim.ordered_isbn)):
        if number and normalized(number) is None:
            yield f"copy.toml states {key} = {number!r}, whose check digit is wrong or which is no ISBN."
    if copy.isbn and claim.ordered_isbn and not same_book(copy.isbn, claim.ordered_isbn):
        yield f"copy.toml states the ISBN {copy.isbn}, and {claim.ordered_isbn} was ordered: a wrong item."
    for later, earlier in _LATER:
        after, before = getattr(claim, later), getattr(claim, earlier)
        if after and before and after < before:
            yield f"claim.{later} = {after} lies before claim.{earlier} = {before}."
    for key in ("printed_on", "received_on", "notified_on", "claimed_on"):
        day = getattr(claim, key)
        if day and day > today:
            yield f"claim.{key} = {day} is yet to come."
