"""The imprint of a copy, the printer's own lines on its last page: read twice over, and believed where reads agree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from qc.features.text.barcode import Code, read_codes
from qc.features.text.codes import find_codes
from qc.features.text.dates import DateText, find_dates
from qc.features.text.ocr import Reader
from qc.features.text.ocr import TextLine as ReadLine
from qc.features.text.places import PlaceText, find_place, has_imprint_words, is_other_page
from qc.features.text.text_regions import Blocks, find_blocks
from qc.flags import Flag
from qc.geometry import Points

READ_DPI = (400.0, 300.0, 500.0)
"""Resolutions at which a block is read: two must agree, the third decides where only one saw a date."""
LEAST_CONFIDENCE = 50.0
"""Of the least sure word in the line of a date, in the better read."""
FIRST_YEAR = 1997
"""Books have been printed on demand since then."""
MOST_LINES = 14


@dataclass(frozen=True)
class PrintDate:
    """The day a copy was printed.

    Attributes
    ----------
    day : date
        The likeliest one.
    others : tuple of date
        What it may be as well.
    text : str
        As it was read.
    doubts : tuple of Flag
        Why a person has to look; none where the date is sure.
    """

    day: date
    others: tuple[date, ...]
    text: str
    doubts: tuple[Flag, ...]


@dataclass(frozen=True)
class Imprint:
    """What an imprint page says. `box_px` holds the print that was read, x0, y0, x1, y1 in pixels of the page."""

    lines: tuple[str, ...]
    place: PlaceText | None
    printed: PrintDate | None
    codes: tuple[Code, ...]
    upside_down: bool
    box_px: tuple[float, float, float, float]


def read_imprint(gray: NDArray[np.uint8], dpi: float, reader: Reader | None, latest: date) -> Imprint | None:
    """Read a page that may be an imprint page.

    Parameters
    ----------
    gray : ndarray, shape (h, w), uint8
        The page, upright or upside down, backing around it or not.
    dpi : float
        200 or more; 7 pt letters are too small below.
    reader : qc.features.text.ocr.Reader or None
        Without one only barcodes are read.
    latest : date
        The last day it can have been printed.

    Returns
    -------
    Imprint or None
        None where nothing on the page is an imprint: no word of a printer and no barcode, or a copyright page.

    Notes
    -----
    Which way up it lies is told by words and dates, not by confidence: an OCR is sure of nonsense, too. A date is sure
    if two reads at different resolutions agree, none differs, nothing had to be repaired and the words of an imprint
    stand on the page. A faint digit that is misread alike at each resolution fools it. A date that only the code of a
    plant tells is never sure.
    """
    blocks = find_blocks(gray, dpi)
    if blocks.marks_px is None:
        return None
    x0, y0, x1, y1 = blocks.marks_px
    codes = tuple(_moved(c, x0, y0) for c in read_codes(gray[y0:y1, x0:x1], blocks.to_page.skew_deg))
    if reader is None or not blocks.boxes:
        return Imprint((), None, None, codes, False, _box(codes, [])) if codes else None
    upside_down, by_block = False, _read(blocks, reader, READ_DPI[0], False)
    if not _says_something(by_block):
        turned = _read(blocks, reader, READ_DPI[0], True)
        if _says_something(turned):
            upside_down, by_block = True, turned
    lines = [line.text for block in by_block for line in block]
    words = has_imprint_words(lines)
    if is_other_page(lines) or len(lines) > MOST_LINES or not (words or any(c.kind != "QR" for c in codes)):
        return None
    printed = _print_date(blocks, reader, upside_down, by_block, words, latest)
    crops = [blocks.crop(i, dpi, False).corners_px() for i, block in enumerate(by_block) if block]
    ordered = by_block[::-1] if upside_down else by_block
    flat = tuple(line.text for block in ordered for line in block)
    # The code may have been read at another resolution than the lines.
    code = printed.text if printed and Flag.DATE_FROM_CODE in printed.doubts else ""
    return Imprint(flat, find_place(flat, code), printed, codes, upside_down, _box(codes, crops))


def agreed(reads: Sequence[Sequence[tuple[DateText, float]]], words: bool, latest: date) -> PrintDate | None:
    """The date that several reads of the same print give.

    Parameters
    ----------
    reads : sequence of sequence of (DateText, float)
        For each read the dates it saw, with the confidence (0 to 100) of their lines.
    words : bool
        Whether words of an imprint stand on the page.
    latest : date

    Returns
    -------
    PrintDate or None
        None where no read saw a date.
    """
    seen = [entry for read in reads for entry in read]
    if not seen:
        return None
    votes = [{found.days for found, _ in read} for read in reads]
    counts = {days: sum(days in v for v in votes) for v in votes for days in v}
    best = max(counts, key=lambda days: (counts[days], _plausible(days[0], latest)))
    alike = [(found, sure) for found, sure in seen if found.days == best]
    exact = [entry for entry in alike if not entry[0].repaired]
    found, confidence = max(exact or alike, key=lambda entry: entry[1])
    others = dict.fromkeys([*best[1:], *(d for days in counts if days != best for d in days if d != best[0])])
    doubts = []
    if len(best) > 1:
        doubts.append(Flag.DATE_ORDER)
    if len(counts) > 1 or counts[best] < 2 or not exact or confidence < LEAST_CONFIDENCE or not words:
        doubts.append(Flag.LOW_CONFIDENCE)
    if not _plausible(best[0], latest):
        doubts.append(Flag.IMPLAUSIBLE_DATE)
    return PrintDate(best[0], tuple(others), found.text, tuple(doubts))


def _print_date(
    blocks: Blocks,
    reader: Reader,
    upside_down: bool,
    first: Sequence[Sequence[ReadLine]],
    words: bool,
    latest: date,
) -> PrintDate | None:
    """The date of the page, in words or in the code of a plant; Japanese is tried where the Latin reader sees none.

    The Japanese reader takes 2015 for 2013 at one resolution as at the other: it needs the Latin one to see the digits.
    """
    reads = _reads(blocks, reader, upside_down, first, "eng")
    result = agreed([_dated(read) for read in reads], words, latest)
    coded = agreed([_coded(read, latest) for read in reads], words, latest)
    if coded is not None:
        return with_code(result, coded)
    if result is not None or "jpn" not in reader.languages:
        return result
    latin = [line.text for block in first for line in block]
    japanese = _read(blocks, reader, READ_DPI[0], upside_down, "jpn")
    reads = _reads(blocks, reader, upside_down, japanese, "jpn")
    result = agreed([_dated(read) for read in reads], words, latest)
    if result is not None and not result.doubts and not _borne_out(result.day, latin):
        return replace(result, doubts=(Flag.LOW_CONFIDENCE,))
    return result


def with_code(printed: PrintDate | None, coded: PrintDate) -> PrintDate:
    """The date of a page that bears a code: `printed` in words, where there are any, and as the code ends.

    A date in words stands; a code that surely reads another one makes it doubtful. One that was not read surely says
    nothing against words.
    """
    if printed is None:
        return replace(coded, doubts=(Flag.DATE_FROM_CODE, *coded.doubts))
    if coded.doubts or coded.day in (printed.day, *printed.others):
        return printed
    doubts = dict.fromkeys((*printed.doubts, Flag.LOW_CONFIDENCE))
    return replace(printed, others=(*printed.others, coded.day), doubts=tuple(doubts))


def _borne_out(day: date, latin: Sequence[str]) -> bool:
    """Whether the Latin reader saw the digits of a Japanese date, one or two other characters for each sign between."""
    digits = re.compile(rf"{day.year}.{{0,2}}{day.month}.{{0,2}}{day.day}(?!\d\d)")
    return any(digits.search(line.replace(" ", "")) for line in latin)


def _reads(
    blocks: Blocks, reader: Reader, upside_down: bool, first: Sequence[Sequence[ReadLine]], language: str
) -> list[Sequence[Sequence[ReadLine]]]:
    """Reads of the page at several resolutions, until those that were made agree on the date in words."""
    reads = [first]
    for dpi in READ_DPI[1:]:
        reads.append(_read(blocks, reader, dpi, upside_down, language))
        dated = [_dated(read) for read in reads]
        if all(dated) and len({found.days for read in dated for found, _ in read}) == 1:
            break
    return reads


def _dated(by_block: Sequence[Sequence[ReadLine]]) -> list[tuple[DateText, float]]:
    return [(found, line.confidence) for block in by_block for line in block for found in find_dates(line.text)]


def _coded(by_block: Sequence[Sequence[ReadLine]], latest: date) -> list[tuple[DateText, float]]:
    """Days in which codes end. A receipt may be stated wrong by days, but a code of years to come is another number."""
    codes = [(code.dated, line.confidence) for block in by_block for line in block for code in find_codes(line.text)]
    return [(found, sure) for found, sure in codes if found.days[0].year <= latest.year + 1]


def _read(blocks: Blocks, reader: Reader, dpi: float, upside_down: bool, language: str = "eng") -> list[list[ReadLine]]:
    return [reader.lines(blocks.crop(i, dpi, upside_down).gray, dpi, language) for i in range(len(blocks.boxes))]


def _says_something(by_block: Sequence[Sequence[ReadLine]]) -> bool:
    lines = [line.text for block in by_block for line in block]
    return has_imprint_words(lines) or is_other_page(lines) or any(find_dates(line) for line in lines)


def _plausible(day: date, latest: date) -> bool:
    return day.year >= FIRST_YEAR and day <= latest


def _moved(code: Code, dx: float, dy: float) -> Code:
    x0, y0, x1, y1 = code.box_px
    return replace(code, box_px=(x0 + dx, y0 + dy, x1 + dx, y1 + dy))


def _box(codes: Sequence[Code], crops: Sequence[Points]) -> tuple[float, float, float, float]:
    points = [p for crop in crops for p in crop] + [
        (c.box_px[i], c.box_px[j]) for c in codes for i, j in ((0, 1), (2, 3))
    ]
    lo, hi = np.min(points, axis=0), np.max(points, axis=0)
    return float(lo[0]), float(lo[1]), float(hi[0]), float(hi[1])
