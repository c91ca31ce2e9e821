"""Where a book was printed, from the words of its imprint; and the words that tell an imprint from other text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from qc.print_dates import find_dates, plain

_VERBS = (
    "made in the", "made in", "printed in the", "printed in", "printed by", "printed and bound in", "manufactured in",
    "manufactured by", "print in", "gedruckt in", "gedruckt von", "hergestellt in", "imprime en", "imprime au",
    "imprime par", "imprime aux", "stampato in", "impreso en", "impreso por", "wydrukowano w", "druk w", "gedrukt in",
    "impresso em", "impresso na", "impresso no",
)  # fmt: skip
_FIRMS = ("amazon", "lightning source", "ingram", "kindle direct publishing", "createspace")
_OTHER = re.compile(
    r"copyright|©|all rights|rights reserved|first published|first edition|library of congress|cataloging|"
    r"alle rechte|tous droits|deposito legal|depot legal|tutti i diritti|wszelkie prawa|published by"
)
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
_VERB_RATIO = 0.85
_COUNTRY_RATIO = 0.75
_COUNTRY_LETTERS = 5
_MOST_LINES_OF_PLACE = 3


@dataclass(frozen=True)
class PlaceText:
    """Where a book was printed: the line that names it and what follows, `text`; the `country` in English, or None
    where it is none of the known ones; and whether it was spelled exactly."""

    text: str
    country: str | None
    exact: bool


def is_other_page(lines: Sequence[str]) -> bool:
    """Whether the lines are those of a copyright page, which names dates and printers of its own."""
    return any(_OTHER.search(plain(line)) for line in lines)


def has_imprint_words(lines: Sequence[str]) -> bool:
    """Whether a line says that it was made or printed somewhere, or names a printer on demand."""
    return any(_verb(line) is not None or any(firm in plain(line) for firm in _FIRMS) for line in lines)


def find_place(lines: Sequence[str]) -> PlaceText | None:
    """The place in the lines of an imprint, from the top down.

    Notes
    -----
    A country may follow the verb ("Printed in Germany") in any of the languages of the plants; the lines below it name
    the plant until a date or a line without letters comes. A country misread beyond recognition is None, not a guess.
    """
    for i, line in enumerate(lines):
        rest = _verb(line)
        if rest is None:
            continue
        parts = [line]
        for more in lines[i + 1 : i + 1 + _MOST_LINES_OF_PLACE]:
            if find_dates(more) or sum(c.isalpha() for c in more) < 3:
                break
            parts.append(more)
        country, exact = _country(rest)
        if country is None and i + 1 < len(lines):
            country, exact = _country(plain(lines[i + 1]))
        return PlaceText(", ".join(p.strip(" ,;.") for p in parts), country, exact)
    return None


def _verb(line: str) -> str | None:
    """What follows the verb of an imprint line; None if it has none."""
    words = plain(line).split()
    for verb in sorted(_VERBS, key=lambda v: -len(v)):
        count = verb.count(" ") + 1
        for at in range(min(2, max(len(words) - count + 1, 0))):
            head = " ".join(words[at : at + count])
            if difflib.SequenceMatcher(None, head, verb).ratio() >= _VERB_RATIO:
                return " ".join(words[at + count :])
    return None


def _country(text: str) -> tuple[str | None, bool]:
    words = re.sub(r"[,;:]", " ", text.removeprefix("the ")).split()
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
