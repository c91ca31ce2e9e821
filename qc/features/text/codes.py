"""Codes in which a printer states plant and day: those of Lightning Source, as https://www.icgtesting.com explains them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from qc.features.text.dates import DateText, as_digits

PLANTS = {"LV": "La Vergne, TN", "BV": "Breinigsville, PA", "FS": "Fresno, CA", "JS": "Jackson, TN"}
"""Plants by the letters their codes begin with, all that the printer states. A code of another plant is not read."""
COUNTRY = "USA"
USUAL_LETTERS = 16
"""Of the example that the printer gives, LVOW031246220121. In a code of another length a sign may have been lost, and
with it the place where the day begins."""
MOST_REPAIRS = 2
"""Letters among the six digits of the day that may stand for digits; with more it is a word."""
_CENTURY = 2000
"""The labels that these codes serve have been required since 2009."""
_LETTER_FOR = str.maketrans("058", "OSB")
_LOOKS_LIKE_DIGIT = "0-9OoQDIl|SsBZz"
_CODE = re.compile(
    rf"(?<![\w/-])([A-Za-z0-9]{{2}})([A-Za-z0]{{2}})([0-9A-Za-z*|]{{4,8}}?)([{_LOOKS_LIKE_DIGIT}]{{6}})(?![\w/|-])"
)
_TORN = re.compile(r"\s[\w|]")


@dataclass(frozen=True)
class PlantCode:
    """A code found in a line: the `plant` that it names and the day it ends in."""

    plant: str
    dated: DateText


def find_codes(line: str) -> list[PlantCode]:
    """Codes of a plant in a line of text, from left to right.

    Notes
    -----
    A code begins with the letters of its plant and ends in the day, DDMMYY; the printer says nothing of what stands
    between. ISBNs, numbers of jobs and of telephones begin otherwise. A digit misread as another makes another valid
    day, and no check digit tells.
    """
    found = [code for match in _CODE.finditer(line) if (code := _code(match, torn=False))]
    if any(len(code.dated.text) == USUAL_LETTERS for code in found):
        return found
    # A gap that was read within a code leaves a part of it, which may end in another day.
    match = _CODE.fullmatch(re.sub(r"\s", "", line))
    whole = _code(match, torn=True) if match else None
    return [whole] if whole and (not found or len(whole.dated.text) == USUAL_LETTERS) else found


def _code(match: re.Match[str], torn: bool) -> PlantCode | None:
    letters = match[1].translate(_LETTER_FOR).upper()
    day = as_digits(match[4])
    unread = sum(not c.isdigit() for c in match[4])
    if letters not in PLANTS or unread > MOST_REPAIRS or 2 * sum(c.isdigit() for c in match[3]) < len(match[3]):
        return None
    try:
        stated = date(_CENTURY + int(day[4:]), int(day[2:4]), int(day[:2]))
    except ValueError:
        return None
    repaired = (
        torn
        or letters != match[1]
        or day != match[4]
        or not match[3].isdigit()
        or len(match[0]) != USUAL_LETTERS
        or _TORN.match(match.string, match.end()) is not None
    )
    return PlantCode(PLANTS[letters], DateText((stated,), match[0], repaired))
