"""What is printed on a copy to tell it from others: the day and the place of printing, and its ISBN."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from qc.flags import Flag
from qc.measure.registry import measure
from qc.model import Detail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qc.features.text.barcode import IsbnCode
    from qc.features.text.imprint import Imprint
    from qc.measure.context.copy_context import CopyContext
    from qc.model import Evidence, Observation, Where


@dataclass(frozen=True, kw_only=True)
class PrintDateDetail(Detail):
    """Of an imprint: the day (ISO), how it is printed and what it may be as well; the counterclockwise quarter `turns` that set it
    upright; each of `codes` as `ReadDetail`."""

    text: str | None = None
    printed: str | None = None
    others: Sequence[str] | None = None
    lines: Sequence[str] = ()
    upside_down: bool = False
    turns: int = 0
    codes: Sequence[Mapping[str, str]] | None = None

    @property
    def days(self) -> list[date]:
        """The day that was read, then those that it may be as well."""
        return [date.fromisoformat(day) for day in (self.text, *(self.others or ())) if day]


@dataclass(frozen=True, kw_only=True)
class ReadDetail(Detail):
    """What was read of a place, an ISBN, a code of the printer (of a `kind`)."""

    kind: str | None = None
    text: str = ""
    plant: str | None = None
    addon: str | None = None


@measure("print-date", "count", "copy", 3, name="date of printing", subject="reading")
def print_date(
    imprint: Imprint | None, where: Where, evidence: Evidence | None, lacking: Flag, turns: int = 0
) -> Observation:
    """Day on which the copy was printed, as its imprint says: a count of 1, the day in `detail`.

    Parameters
    ----------
    imprint : Imprint or None
    where : Where
        The page that carries it.
    evidence : Evidence or None
    lacking : Flag
        Why there is none, where there is none.
    turns : int
        Counterclockwise quarter turns of the scan before it was read.

    Returns
    -------
    Observation
        Value 1 with ``text`` (ISO date), ``printed`` (as it stands there) and ``others`` (days it may be as well) in
        `detail`; a flag says why it is not sure where two reads do not agree on it. Null where nothing was read.

    Notes
    -----
    A day misread alike at two resolutions fools it. Numerals such as 07/04/2014 are of either order and never sure,
    nor is the day that only a printer's code ends in (``date-from-code``).
    """
    if imprint is None:
        return print_date.observe(None, flags=(lacking,))
    seen = (evidence,) if evidence else ()
    detail = PrintDateDetail(
        lines=list(imprint.lines),
        upside_down=imprint.upside_down,
        turns=(turns + 2 * imprint.upside_down) % 4,
        codes=[ReadDetail(kind=c.kind, text=c.text).to_json() for c in imprint.codes] or None,
    )
    printed = imprint.printed
    if printed is None:
        flag = lacking if not imprint.lines else Flag.DATE_NOT_READ
        return print_date.observe(None, where=where, flags=(flag,), detail=detail, evidence=seen)
    others = [d.isoformat() for d in printed.others]
    dated = replace(detail, text=printed.day.isoformat(), printed=printed.text, others=others)
    return print_date.observe(1.0, 0.0, where, printed.doubts, dated, seen)


@print_date.on_copy
def _date_of(copy: CopyContext) -> Observation:
    seen = copy.imprint
    return print_date(seen.imprint, seen.where, seen.evidence, seen.lacking, seen.turns)


@measure("print-place", "count", "copy", 3, name="place of printing", subject="reading")
def print_place(imprint: Imprint | None, where: Where, evidence: Evidence | None, lacking: Flag) -> Observation:
    """Where the copy was printed, as its imprint says: a count of 1, the words in `detail`.

    Parameters
    ----------
    imprint, where, evidence, lacking
        As for `print_date`.

    Returns
    -------
    Observation
        Value 1 with ``text`` (as it stands there) and ``country`` (in English, or null) in `detail`, and the ``plant``
        that a printer's code names; flag ``low-confidence`` unless the country was spelled exactly. Null where nothing
        was read.

    Notes
    -----
    It tells which plant a difference of paper or color may come from; no rule judges it.
    """
    if imprint is None or imprint.place is None:
        flag = lacking if imprint is None or not imprint.lines else Flag.PLACE_NOT_READ
        return print_place.observe(None, where=where, flags=(flag,))
    place = imprint.place
    sure = place.country is not None and place.exact
    flags = () if sure else (Flag.LOW_CONFIDENCE,)
    detail = ReadDetail(text=place.text, plant=place.plant or None).to_json() | {"country": place.country}
    return print_place.observe(1.0, 0.0, where, flags, detail, (evidence,) if evidence else ())


@print_place.on_copy
def _place_of(copy: CopyContext) -> Observation:
    seen = copy.imprint
    return print_place(seen.imprint, seen.where, seen.evidence, seen.lacking)


@measure("isbn", "count", "copy", 2, name="ISBN", subject="reading")
def isbn(codes: Sequence[tuple[IsbnCode, Evidence]], lacking: Flag) -> list[Observation]:
    """ISBN in the barcode of the cover: a count of 1, the digits in `detail`.

    Parameters
    ----------
    codes : sequence of (IsbnCode, Evidence)
        What was read, sure ones first.
    lacking : Flag
        Why there is none, where there is none.

    Returns
    -------
    list of Observation
        One for each number read, value 1 with ``text`` (13 digits) and ``addon`` in `detail`; flag ``low-confidence``
        unless two readers agree on it or it is the one that was expected. A single null where nothing was read.

    Notes
    -----
    A check digit is no proof: a number that only one reader saw goes to a person where it is not the expected one.
    """
    if not codes:
        return [isbn.observe(None, flags=(lacking,))]
    return [
        isbn.observe(
            1.0,
            0.0,
            flags=() if code.sure else (Flag.LOW_CONFIDENCE,),
            detail=ReadDetail(text=code.isbn, addon=code.addon),
            evidence=(evidence,),
        )
        for code, evidence in codes
    ]


@isbn.on_copy
def _isbn_of(copy: CopyContext) -> list[Observation]:
    return isbn(copy.imprint.isbns, copy.imprint.no_isbn)
