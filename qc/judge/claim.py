"""What is known of a copy once its imprint and its cover were read: stated facts, read ones, and where they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from qc.flags import Flag
from qc.isbn import normalized, same_book
from qc.measure import readings
from qc.measure.trim_offset_block import trim_offset_block
from qc.model import BookCopy, Claim, Observation

_MEANING = {str(f): f.meaning for f in Flag}


@dataclass(frozen=True)
class Facts:
    """A copy as it is known.

    Attributes
    ----------
    copy : BookCopy
        Its `claim.printed_on` is the day stated or surely read, None where the two disagree; its `isbn` is the one
        read surely, where there is one.
    date_doubt, isbn_doubt : str
        What a person has to look at; empty where nothing is in doubt.
    older_perhaps : bool
        The day is in doubt, and it may be one before the author's last change.
    """

    copy: BookCopy
    date_doubt: str = ""
    isbn_doubt: str = ""
    older_perhaps: bool = False


def known(copy: BookCopy, observations: Sequence[Observation]) -> Facts:
    """What the copy states, with what was read off it.

    Parameters
    ----------
    copy : BookCopy
        As its copy.toml states it.
    observations : sequence of Observation
        Those of `print-date` and `isbn` are read.

    Notes
    -----
    A date that is not sure decides nothing: where the author's last change is stated, a person looks. Such is each
    date that only a printer's code tells. One that may also be read as the stated day bears it out. An ISBN that only
    one reader saw and nobody expected is in doubt.
    """
    printed_on, date_doubt = _printed_on(copy, observations)
    isbn, ordered, isbn_doubt = _isbn(copy, observations)
    claim = replace(copy.claim, printed_on=printed_on, ordered_isbn=ordered)
    older = bool(date_doubt) and _older_perhaps(copy.claim, observations)
    return Facts(replace(copy, isbn=isbn, claim=claim), date_doubt, isbn_doubt, older)


def not_known(copy: BookCopy, observations: Sequence[Observation]) -> tuple[str, ...]:
    """What the claim or a cut asks for and was neither stated nor read, in words."""
    unstated = any(o.measure == trim_offset_block.id and Flag.TRIM_NOT_STATED in o.flags for o in observations)
    asked = (f"trim ({Flag.TRIM_NOT_STATED.meaning})",) if unstated else ()
    if copy.claim.content_updated_on is None or copy.claim.printed_on is not None:
        return asked
    unread = [o for o in observations if o.measure == readings.print_date.id and o.value is None]
    return asked + tuple(f"print date ({', '.join(_MEANING.get(f, f) for f in o.flags)})" for o in unread)


def _printed_on(copy: BookCopy, observations: Sequence[Observation]) -> tuple[date | None, str]:
    stated, read = copy.claim.printed_on, _read_date(observations)
    if read is None:
        return stated, ""
    day, sure = _days(read)[0], not read.flags
    if stated is not None:
        if stated in _days(read):
            return stated, ""
        return None, f"copy.toml states that it was printed on {stated}, its imprint reads {day}"
    if sure:
        return day, ""
    why = "; ".join(_MEANING.get(f, f) for f in read.flags)
    from_code = f", in {readings.PrintDateDetail.of(read).printed}" if Flag.DATE_FROM_CODE in read.flags else ""
    return None, f"its imprint reads {day}{from_code}: {why}" if copy.claim.content_updated_on else ""


def _older_perhaps(claim: Claim, observations: Sequence[Observation]) -> bool:
    """Whether a day that is in doubt may lie before the author's last change: one of those it may be, or any at all
    where digits are unclear."""
    changed, read = claim.content_updated_on, _read_date(observations)
    if changed is None or read is None:
        return False
    days = [*_days(read), *([claim.printed_on] if claim.printed_on else [])]
    return min(days) <= changed or Flag.LOW_CONFIDENCE in read.flags


def _read_date(observations: Sequence[Observation]) -> Observation | None:
    return next((o for o in observations if o.measure == readings.print_date.id and o.value is not None), None)


def _days(read: Observation) -> list[date]:
    """The day that was read, and what it may be as well where it is not sure."""
    days = readings.PrintDateDetail.of(read).days
    return days if read.flags else days[:1]


def _isbn(copy: BookCopy, observations: Sequence[Observation]) -> tuple[str | None, str | None, str]:
    """The ISBN of the copy, the ordered one, and what is in doubt about them."""
    stated, ordered = copy.isbn, copy.claim.ordered_isbn or copy.isbn
    read = [o for o in observations if o.measure == readings.isbn.id and o.value is not None]
    if not read or ordered is None:
        return stated, copy.claim.ordered_isbn, ""
    numbers = [readings.ReadDetail.of(o).text for o in read]
    if any(same_book(n, ordered) for n in numbers):
        if stated and not same_book(stated, ordered):
            return ordered, ordered, f"copy.toml states the ISBN {stated}, the cover bears {normalized(ordered)}"
        return stated, ordered, ""
    sure = [number for number, o in zip(numbers, read, strict=True) if not o.flags]
    if len(sure) == 1:
        return sure[0], ordered, ""
    return stated, ordered, f"the barcode of the cover reads {' or '.join(sure or numbers)}, and {ordered} was ordered"


def printed_before_change(claim: Claim) -> bool:
    """Whether the copy was printed on a day before the author's last change to the files; False if unknown."""
    return bool(claim.printed_on and claim.content_updated_on and claim.printed_on < claim.content_updated_on)
