"""Lengths are millimeters inside; inches appear only where text is read or written, and 25.4 stands here alone."""

import re
from fractions import Fraction

MM_PER_INCH = 25.4
DPI_RANGE = (10.0, 20_000.0)
"""Resolutions that a person may state; beyond, it is a mistake of the decimal point."""
_MOST_DIGITS = 40

_NUMBER = r"\d+(?:\.\d+)?(?:\s*/\s*\d+)?"
_LENGTH = re.compile(rf"\s*({_NUMBER})\s*(mm|in|\")\s*$")
_SIZE = re.compile(rf"\s*({_NUMBER})\s*(mm|in|\")?\s*[x×]\s*({_NUMBER})\s*(mm|in|\")\s*$", re.IGNORECASE)


def number(text: str) -> float:
    """Value of a decimal or a fraction: ``"0.125"``, ``"1/16"``; raises ValueError where it is none."""
    try:
        if len(text) <= _MOST_DIGITS:
            return float(Fraction("".join(text.split())))
    except ZeroDivisionError as fault:
        raise ValueError(f"{text!r} divides by zero") from fault
    raise ValueError(f"{text[:_MOST_DIGITS]!r} and more digits are no number that is meant")


def to_mm(value: float, unit: str) -> float:
    """Millimeters of `value` in ``"mm"`` or ``"in"``."""
    if unit not in ("mm", "in", '"'):
        raise ValueError(f"unit {unit!r} is no length; allowed are mm and in")
    return value if unit == "mm" else value * MM_PER_INCH


def parse_length(text: str) -> float:
    """Millimeters of a length such as ``"0.125 in"``, ``"1/16 in"`` or ``"3.2 mm"``."""
    match = _LENGTH.match(text)
    if not match:
        raise ValueError(f"{text!r} is no length; write it like '0.125 in' or '3.2 mm'")
    return to_mm(number(match[1]), match[2])


def parse_trim(text: str) -> tuple[float, float]:
    """Width and height in millimeters of a trim size such as ``"6 x 9 in"`` or ``"152.4 x 228.6 mm"``."""
    match = _SIZE.match(text)
    if not match:
        raise ValueError(f"{text!r} is no trim size; write it like '6 x 9 in' or '152.4 x 228.6 mm'")
    return to_mm(number(match[1]), match[2] or match[4]), to_mm(number(match[3]), match[4])


def mm_per_px(dpi: float) -> float:
    """Millimeters a pixel covers at `dpi`."""
    return MM_PER_INCH / dpi


def px_per_mm(dpi: float) -> float:
    """Pixels in a millimeter at `dpi`."""
    return dpi / MM_PER_INCH


def inches(length_mm: float) -> float:
    """Inches of a length in millimeters, for printing."""
    return length_mm / MM_PER_INCH
