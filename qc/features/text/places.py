"""Where a book was printed, from the words of its imprint; and the words that tell an imprint from other text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from qc.features.text.codes import COUNTRY, find_codes
from qc.features.text.dates import find_dates, plain

_VERBS = (
    "made in the", "made in", "printed in the", "printed in", "printed by", "printed and bound in", "manufactured in",
    "manufactured by", "print in", "gedruckt in", "gedruckt von", "hergestellt in", "imprime en", "imprime au",
    "imprime par", "imprime aux", "stampato in", "impreso en", "impreso por", "wydrukowano w", "druk w", "gedrukt in",
    "impresso em", "impresso na", "impresso no",
)  # fmt: skip
_FIRMS = ("amazon", "lightning source", "ingram", "kindle direct publishing", "createspace", "cgtesting.com")
"""The last is where Lightning Source explains its codes, www.ICGtesting.com, whose first letter is often misread."""
_NO_PLACE = re.compile(r"cpsia|www|cgtesting")
_OTHER = re.compile(
    r"copyright|©.*\w{3}|all rights|rights reserved|first published|first edition|library of congress|cataloging|"
    r"alle rechte|tous droits|deposito legal|depot legal|tutti i diritti|wszelkie prawa|published by"
)
"""A lone © is what an OCR makes of bars: the one of a page of rights has a name or a year behind it."""
_COUNTRIES = {
    "USA": "usa; u.s.a.; us; united states; united states of america; etats-unis; vereinigten staaten; ee. uu.",
    "United Kingdom": "great britain; united kingdom; uk; u.k.; england; scotland; grossbritannien",
    "Germany": "germany; deutschland; allemagne; germania; niemczech; alemania; duitsland",
    "Poland": "poland; polsce; polen; pologne; polonia",
    "Italy": "italy; italia; italien; italie; wloszech",
    "France": "france; frankreich; francia; francji; frankrijk",
    "Spain": "spain; espana; spanien; espagne; spagna; hiszpanii; spanje",
    "Netherlands": "netherlands; nederland; niederlanden; niederlande; pays-bas; paesi bassi; holandii",
    "Czech Republic": "czech republic; czechia; ceske republice; tschechien",
    "Japan": "japan; japon; giappone; japonii",
    "Canada": "canada; kanada",
    "Australia": "australia; australien; australie",
    "India": "india; indien; inde",
    "Brazil": "brazil; brasil; brasilien",
    "Mexico": "mexico; mexiko; mexique",
    "China": "china; chine; cina; chinach",
}
_COUNTRY_OF = {alias.strip(): country for country, names in _COUNTRIES.items() for alias in names.split(";")}
_COUNTRY_OF_TOWN = {
    "norderstedt": "Germany",
    "leipzig": "Germany",
    "torrazza piemonte": "Italy",
    "wroclaw": "Poland",
    "bretigny-sur-orge": "France",
    "marston gate": "United Kingdom",
    "milton keynes": "United Kingdom",
}
"""Towns of plants that an imprint may name alone."""
_WITHIN = re.compile(r"[,/(–—]|\bin\b")
"""What stands before a country in the midst of a line: "Leipzig, Germany", "by Amazon in Poland"."""
_VERB_RATIO = 0.85
_COUNTRY_RATIO = 0.75
_COUNTRY_LETTERS = 5
_MOST_LINES_OF_PLACE = 3


@dataclass(frozen=True)
class PlaceText:
    """Where a book was printed: the line that names it and what follows, `text`; the `country` in English, or None
    where it is none of the known ones; whether it was spelled exactly; and the `plant` that a code names, or empty."""

    text: str
    country: str | None
    exact: bool
    plant: str = ""


def is_other_page(lines: Sequence[str]) -> bool:
    """Whether the lines are those of a copyright page, which names dates and printers of its own."""
    return any(_OTHER.search(plain(line)) for line in lines)


def has_imprint_words(lines: Sequence[str]) -> bool:
    """Whether a line says that it was made or printed somewhere, or names a printer on demand; or bears its code."""
    return any(_verb(lines, i) is not None or _names_printer(line) for i, line in enumerate(lines))


def find_place(lines: Sequence[str], code: str = "") -> PlaceText | None:
    """The place in the lines of an imprint, from the top down; `code` is that of a plant where it is known already.

    Notes
    -----
    It begins with the verb ("Printed in"), which may be wrapped, or else with the name of a printer on demand; the
    lines below belong to it until a date, a code, an address of the net or a line with few letters comes. The country,
    in any of the languages of the plants, follows the verb, a comma or "in"; where none is named, the town of a plant
    tells it, or the letters that its code begins with. A country misread beyond recognition is None, not a guess.
    """
    plant = next((found.plant for line in (code, *lines) for found in find_codes(line)), "")
    begins = [(i, rest) for i in range(len(lines)) if (rest := _verb(lines, i)) is not None]
    with_verb = bool(begins)
    begins = begins or [(i, "") for i, line in enumerate(lines) if _is_place(line) and _names_printer(line)]
    if not begins:
        coded = next((line for line in lines if find_codes(line)), "")
        return PlaceText(coded, COUNTRY, False, plant) if coded else None
    at, rest = begins[0]
    parts = [lines[at]]
    for more in lines[at + 1 : at + 1 + _MOST_LINES_OF_PLACE]:
        if not _is_place(more):
            break
        parts.append(more)
    country, exact = _named(rest, parts)
    if plant and country is None:
        country, exact = COUNTRY, False
    if country is None and not with_verb:
        # "A review on Amazon helps" names no place.
        return None
    # A plant in another country than the words name: one of the two was misread.
    exact = exact and (not plant or country == COUNTRY)
    return PlaceText(", ".join(p.strip(" ,;.") for p in parts), country, exact, plant)


def _is_place(line: str) -> bool:
    """Whether a line below the verb may name the place still: no date, no code of a job, no address of the net."""
    letters, digits = sum(c.isalpha() for c in line), sum(c.isdigit() for c in line)
    return letters >= max(3, digits) and not (find_dates(line) or find_codes(line) or _NO_PLACE.search(plain(line)))


def _names_printer(line: str) -> bool:
    return any(firm in plain(line) for firm in _FIRMS) or bool(find_codes(line))


def _verb(lines: Sequence[str], at: int) -> str | None:
    """What follows the verb of an imprint line, with the line below where the verb stands alone; None if it has none.

    A verb is wrapped only where nothing else stands on its line: "he printed" at the end of one is a story.
    """
    words = plain(lines[at]).split()
    below = plain(lines[at + 1]).split() if at + 1 < len(lines) else []
    for verb in sorted(_VERBS, key=lambda v: -len(v)):
        count = verb.count(" ") + 1
        if 0 < len(words) <= count:
            head = " ".join((words + below)[:count])
            if difflib.SequenceMatcher(None, head, verb).ratio() >= _VERB_RATIO:
                return " ".join((words + below)[count:])
        for first in range(min(2, max(len(words) - count + 1, 0))):
            head = " ".join(words[first : first + count])
            if difflib.SequenceMatcher(None, head, verb).ratio() >= _VERB_RATIO:
                return " ".join(words[first + count :])
    return None


def _named(rest: str, parts: Sequence[str]) -> tuple[str | None, bool]:
    """The country after the verb, else anywhere in the lines of the place, and whether it was spelled exactly."""
    below = [plain(p) for p in parts[1:]]
    heads = [" ".join([rest, *below]), *below]
    spans = [tail.strip(" ,).") for p in [rest, *below, plain(parts[0])] for tail in _WITHIN.split(p)[1:]]
    read = [_country(text) for text in (*heads, *spans)]
    exact = next((country for country, spelled in read if spelled), None)
    if exact:
        return exact, True
    words = " ".join(plain(p) for p in parts)
    town = next((country for town, country in _COUNTRY_OF_TOWN.items() if re.search(rf"\b{town}\b", words)), None)
    if town:
        return town, True
    return next(((country, False) for country, _ in read[: len(heads)] if country), (None, False))


def _country(text: str) -> tuple[str | None, bool]:
    words = re.sub(r"[,;:)]", " ", text.removeprefix("the ")).split()
    for count in range(min(4, len(words)), 0, -1):
        head = " ".join(words[:count]).rstrip(".")
        if head in _COUNTRY_OF:
            return _COUNTRY_OF[head], True
    for count in range(min(3, len(words)), 0, -1):
        head = " ".join(words[:count])
        known = [a for a in _COUNTRY_OF if len(a) >= _COUNTRY_LETTERS]
        close = difflib.get_close_matches(head, known, 1, _COUNTRY_RATIO)
        if close:
            return _COUNTRY_OF[close[0]], False
    return None, False
