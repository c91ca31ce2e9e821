"""ISBNs: checksum, the two lengths, and whether two of them name the same book."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[\s\-‐-–]+")
_BOOKLAND = ("978", "979")


def normalized(text: str) -> str | None:
    """The 13 digits of an ISBN, or None if `text` is none.

    Parameters
    ----------
    text : str
        ISBN-10 or ISBN-13, with or without hyphens, spaces and a leading "ISBN".

    Notes
    -----
    An ISBN-13 begins with 978 or 979 and its digits, weighted 1 and 3 in turn, add up to a multiple of 10; the digits
    of an ISBN-10, weighted 10 to 1, to a multiple of 11, where the last may be X for 10 (ISO 2108, annexes A and C).
    979-10 and later have no ISBN-10. A swap of two neighbor digits that differ by 5 escapes the first sum.
    """
    compact = _SEPARATORS.sub("", text.upper())
    if match := re.fullmatch(r"ISBN(?:-?1[03])?:?([\dX]+)", compact):
        compact = match[1]
    if re.fullmatch(r"\d{13}", compact):
        return compact if compact.startswith(_BOOKLAND) and _check_13(compact[:12]) == compact[12] else None
    if re.fullmatch(r"\d{9}[\dX]", compact):
        values = [10 if c == "X" else int(c) for c in compact]
        if sum(w * v for w, v in zip(range(10, 0, -1), values, strict=True)) % 11:
            return None
        body = "978" + compact[:9]
        return body + _check_13(body)
    return None


def same_book(one: str, other: str) -> bool:
    """Whether two ISBNs, of whatever length and spelling, are the same; texts that are none are compared as they are."""
    return (normalized(one) or _SEPARATORS.sub("", one)) == (normalized(other) or _SEPARATORS.sub("", other))


def _check_13(digits: str) -> str:
    return str(-sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10)


def as_text(isbn: str) -> str:
    """An ISBN that a spreadsheet takes for text, such as ``978-0000000002``.

    A row of digits becomes a number in Excel (9.78E+12) and in pandas; a quoted one, too. The hyphen after the first three is
    right for every ISBN-13 and needs no table of publishers.
    """
    digits = normalized(isbn) or isbn
    return f"{digits[:3]}-{digits[3:]}" if digits.isdigit() else digits
