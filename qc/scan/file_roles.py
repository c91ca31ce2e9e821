"""Roles of scans from the words in their file names, where these words tell scans apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import and_
from pathlib import Path

from qc.model import Role

MANY = 3
"""Scans of one role that are a title or a habit in the names: a book has one front cover, and a second scan of it at times."""

_WORDS_OF_ROLES = frozenset({"cover", "front", "back", "wrap", "spine", "target"})


def role_of(name: str) -> Role:
    """Role of a scan by the whole words in its file name; a cover that is nothing else is a front cover."""
    return _role(set(_words(name)))


def is_called_glass(name: str) -> bool:
    """Whether a file is called ``glass`` with nothing but a number: whether it is the empty glass, its picture tells."""
    return re.fullmatch(r"glass[\W_]*\d*", Path(name).stem, re.IGNORECASE) is not None


def roles_of(names: Sequence[str]) -> dict[str, Role]:
    """Role of each scan of a folder.

    Notes
    -----
    A role that shared words give to three scans or more is none: *The Front Cover Story 001.jpg*. Such words are taken out of
    all names that have them, and what is left says what the scan is: *The Front Cover Story cover back.jpg* still is a cover.
    So is *cover-front.jpg* beside them, which has no word of the title.
    """
    words = {name: _words(name) for name in names}
    roles = {name: _role(set(words[name])) for name in names}
    for role in [r for r in Role if r is not Role.PAGE]:
        members = [name for name in names if roles[name] is role]
        if len(members) < MANY:
            continue
        bare = [name for name in members if _WORDS_OF_ROLES.issuperset(words[name])]
        for group in (bare, [name for name in members if name not in bare]):
            shared = _shared(words[name] for name in group)
            titled = not _WORDS_OF_ROLES.issuperset(shared)
            if _role(set(shared)) is not role or (len(group) < MANY and not (titled and len(group) > 1)):
                continue
            for name in names if titled else group:
                if shared <= words[name]:
                    roles[name] = _role(set(words[name] - shared))
    return roles


def _words(name: str) -> Counter[str]:
    """The words of a name, those that begin with a digit left out: they count the scans."""
    return Counter(w for w in re.findall(r"[^\W_]+", Path(name).stem.lower()) if not w[0].isdigit())


def _role(words: set[str]) -> Role:
    if "cover" in words and "spine" not in words:
        if "wrap" in words or {"front", "back"} <= words:
            return Role.COVER_WRAP
        return Role.COVER_BACK if "back" in words else Role.COVER_FRONT
    if "spine" in words:
        return Role.SPINE
    return Role.TARGET if "target" in words else Role.PAGE


def _shared(words: Iterable[Counter[str]]) -> Counter[str]:
    found = list(words)
    return reduce(and_, found) if found else Counter()
