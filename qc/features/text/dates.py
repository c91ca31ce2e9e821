"""Dates as printers set them: day, month and year in the orders and languages of the plants."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from datetime import date

_MONTHS = (
    "january jan januar jänner janvier janv gennaio genn enero januari januar styczen stycznia sty janeiro",
    "february feb februar fevrier fevr febbraio febb febrero februari luty lutego lut fevereiro",
    "march mar marz maerz mars marzo maart mrt marzec marca marco",
    "april apr avril avr aprile abril kwiecien kwietnia kwi",
    "may mai maggio magg mayo mei maj maja maio",
    "june jun juni juin giugno giu junio czerwiec czerwca cze junho",
    "july jul juli juillet juil luglio lug julio lipiec lipca lip julho",
    "august aug aout agosto ago augustus sierpien sierpnia sie",
    "september sep sept septembre settembre sett septiembre wrzesien wrzesnia wrz setembro",
    "october oct oktober okt octobre ottobre ott octubre pazdziernik pazdziernika paz outubro",
    "november nov novembre noviembre listopad listopada lis novembro",
    "december dec dezember dez decembre dicembre dic diciembre grudzien grudnia gru dezembro",
)
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_FUZZY_LETTERS = 5
"""Shorter names differ by one letter from each other (June, July; Mar, May) and must be read exactly."""
_FUZZY_RATIO = 0.75
_FUZZY_LEAD = 0.1

_LETTER_FOR = str.maketrans("015|8$", "olslbs")
_DIGIT_FOR = str.maketrans("OoQDIl|SsBZz", "000011155822")
_D = r"(?<![\w.])([0-9OoIl|SB]{1,2})"
_YEAR = r"([12lIZ][0-9OoIl|SBZ]{3})"
_Y = rf"{_YEAR}(?!\w)"
_M = r"([^\W_][\w|$]{2,12})"
_GAP = r"[\s.,]{0,3}"
_DAY_FIRST = re.compile(rf"{_D}(?:st|nd|rd|th|er|\.?º|°|\.)?{_GAP}(?:de |di |of )?{_M}\.?,?{_GAP}(?:de |del )?{_Y}")
_MONTH_FIRST = re.compile(rf"(?<!\w){_M}\.?{_GAP}{_D}(?:st|nd|rd|th)?\s?[,.]?\s?{_Y}")
_YEAR_FIRST = re.compile(rf"(?<!\w){_YEAR}\s?([-/.])\s?([0-9OoIl|SB]{{1,2}})\s?\2\s?([0-9OoIl|SB]{{1,2}})(?!\w)")
_NUMERALS = re.compile(rf"{_D}\s?([-/.])\s?([0-9OoIl|SB]{{1,2}})\s?\2\s?{_Y}")
_JAPANESE = re.compile(r"((?:19|20)\d\d|令和\s?\d{1,2}|令和\s?元)\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?日")
_REIWA = 2018
_TORN = re.compile(r"\S$|(?:^|\s)[0-9OIl|]\s$")
"""What stands before a date where its first digit may have been read apart from it."""


@dataclass(frozen=True)
class DateText:
    """A date found in a line.

    Attributes
    ----------
    days : tuple of date
        The dates it may mean, likeliest first; more than one for ambiguous numerals (07/04/2014).
    text : str
        As it was read.
    repaired : bool
        Letters were taken for digits, the month was not spelled exactly, or a mark before the date may be its first
        digit.
    """

    days: tuple[date, ...]
    text: str
    repaired: bool


def find_dates(line: str) -> list[DateText]:
    """Dates in a line of text, from left to right.

    Parameters
    ----------
    line : str
        As an OCR gave it: O for 0, l for 1 and a wrong letter in the name of a month are put up with.

    Returns
    -------
    list of DateText

    Notes
    -----
    Languages: English, German, French, Italian, Spanish, Polish, Dutch, Portuguese, Japanese. A year has four digits;
    with two, a day cannot be told from it. Numerals with the year last are of either order unless one of them exceeds
    12; the first of `days` is then day, month. A digit misread as another digit makes another valid date: only a second
    read tells.
    """
    line = unicodedata.normalize("NFKC", line)
    found: list[tuple[int, DateText]] = []
    for match in _JAPANESE.finditer(line):
        era = match[1]
        year = int(era) if era.isdigit() else _REIWA + (1 if "元" in era else int(re.sub(r"\D", "", era)))
        _add(found, match, [(year, int(match[2]), int(match[3]))], False)
    for match in _YEAR_FIRST.finditer(line):
        _add(
            found,
            match,
            [(_number(match[1]), _number(match[3]), _number(match[4]))],
            _odd(match[1], match[3], match[4]),
        )
    for match in _DAY_FIRST.finditer(line):
        _named(found, match, match[1], match[2], match[3])
    for match in _MONTH_FIRST.finditer(line):
        _named(found, match, match[2], match[1], match[3])
    for match in _NUMERALS.finditer(line):
        a, b, year = _number(match[1]), _number(match[3]), _number(match[4])
        _add(found, match, [(year, b, a), (year, a, b)], _odd(match[1], match[3], match[4]))
    found.sort(key=lambda f: f[0])
    return [d for _, d in found]


def month_number(name: str) -> tuple[int, bool] | None:
    """Month of a name in any of the languages, and whether it was spelled exactly; None if it is none."""
    spelled = plain(name)
    likely = spelled.translate(_LETTER_FOR)
    if likely in _MONTH_OF:
        return _MONTH_OF[likely], likely == spelled
    if len(likely) < _FUZZY_LETTERS:
        return None
    best: dict[int, float] = {}
    for known, number in _MONTH_OF.items():
        if len(known) >= _FUZZY_LETTERS:
            ratio = difflib.SequenceMatcher(None, likely, known).ratio()
            best[number] = max(best.get(number, 0.0), ratio)
    (number, first), (_, second) = sorted(best.items(), key=lambda b: -b[1])[:2]
    return (number, False) if first >= _FUZZY_RATIO and first - second >= _FUZZY_LEAD else None


def _named(found: list[tuple[int, DateText]], match: re.Match[str], day: str, name: str, year: str) -> None:
    month = month_number(name)
    if month is not None:
        _add(found, match, [(_number(year), month[0], _number(day))], not month[1] or _odd(day, year))


def _add(
    found: list[tuple[int, DateText]], match: re.Match[str], options: list[tuple[int, int, int]], repaired: bool
) -> None:
    days = []
    for option in options:
        try:
            days.append(date(*option))
        except ValueError:
            continue
    if days and not any(match.start() < at + len(d.text) and at < match.end() for at, d in found):
        torn = _TORN.search(match.string[: match.start()]) is not None
        found.append((match.start(), DateText(tuple(dict.fromkeys(days)), match[0].strip(), repaired or torn)))


def as_digits(text: str) -> str:
    """Letters that an OCR gives for digits, as these."""
    return text.translate(_DIGIT_FOR)


def _number(text: str) -> int:
    return int(as_digits(text))


def _odd(*numbers: str) -> bool:
    return not all(n.isdigit() for n in numbers)


def plain(text: str) -> str:
    """Lower case without accents; the Polish ł is no accented letter to Unicode."""
    bare = unicodedata.normalize("NFD", text.casefold().replace("ł", "l"))
    return "".join(c for c in bare if not unicodedata.combining(c))
