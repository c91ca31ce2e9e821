"""Covers that came along among the pages, as in one TIFF of a whole copy: told by content, as their names say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.model import BookCopy, PageKind, Role
from qc.reference.find import Reference
from qc.register.collate import ALIKE, last_content
from qc.register.page_result import PageResult, renumbered
from qc.register.thumbnails import has_content

UNLIKE = 10.0
"""ΔE76 between the mean colors of two pages that are not of one kind: pages of text, set loosely or tightly, differ by 5."""
MARGIN = 6
"""A sixth of the picture on each side is left out: backing shows there."""


@dataclass(frozen=True)
class Cover:
    """What a scan among the pages is, with the reason; `inside` is the blank side of a cover."""

    role: Role
    why: str
    inside: bool = False


def take_out_covers(
    copy: BookCopy, pages: Sequence[PageResult], reference: Reference | None
) -> tuple[BookCopy, list[PageResult]]:
    """The copy with its covers named, and its pages without them, counted anew."""
    covers = find_covers(copy, pages, reference)
    if not covers:
        return copy, list(pages)
    by_scan = {pages[i].job.scan: cover for i, cover in covers.items()}
    scans = tuple(
        replace(s, role=c.role, found=c.why, inside=c.inside) if (c := by_scan.get(s)) else s for s in copy.scans
    )
    return replace(copy, scans=scans), renumbered(p for i, p in enumerate(pages) if i not in covers)


def find_covers(copy: BookCopy, pages: Sequence[PageResult], reference: Reference | None) -> dict[int, Cover]:
    """By index of the scan in reading order, the covers and their blank insides among the interior pages.

    Notes
    -----
    The first scan, or the last, is printed, shows no page of the book and is of another kind than its pages: darker, or
    colored; and so is no page that would belong there and was not seen. A plain cover on white paper passes for one only
    with its like at the other end, both with a blank inside, and the whole book between. All else stays a page, for a
    person to look at. Copies whose covers are named so are left alone. Round a block of which no page is known, covers with
    blank insides at both ends are told from its own pages.
    """
    if reference is None:
        return {}
    book = _Book(pages, reference)
    roles = {s.role for s in copy.scans}
    named_front, named_back = Role.COVER_WRAP in roles or Role.COVER_FRONT in roles, not roles.isdisjoint(_WITH_BACK)
    covers: dict[int, Cover] = {}
    if not book.known:
        return _round(len(pages)) if not (named_front or named_back) and book.is_round_strangers() else {}
    if not named_front and not named_back:
        covers |= _pair(book, range(book.first)) or _pair(book, range(book.last + 1, len(pages)))
    if not covers and not named_front and book.is_cover(0):
        covers[0] = Cover(Role.COVER_FRONT, _WHY.format("before", "front"))
        if book.blank(1) and not book.has_room_for_blank(1):
            covers[1] = Cover(Role.COVER_FRONT, _INSIDE.format("front"), inside=True)
    at = len(pages) - 1
    if not named_back and len(covers) < 4 and book.is_cover(at):
        covers[at] = Cover(Role.COVER_BACK, _WHY.format("after", "back"))
        # Who scanned the inside of the one cover scanned that of the other; else leaves have two sides.
        insides = 1 in covers if 0 in covers else (at - 1 - book.last - book.places[book.last] % 2) % 2 == 1
        if book.blank(at - 1) and insides:
            covers[at - 1] = Cover(Role.COVER_BACK, _INSIDE.format("back"), inside=True)
    return covers


_WITH_BACK = (Role.COVER_BACK, Role.COVER_WRAP)
_WHY = "no page of the book and unlike its pages: it stands {} them, as the {} cover does"
_INSIDE = "the blank inside of the {} cover"


class _Book:
    """The interior scans of a copy, as far as they tell pages from covers."""

    def __init__(self, pages: Sequence[PageResult], reference: Reference) -> None:
        self._pages = pages
        found = {i: place for i, p in enumerate(pages) if (place := _place(p)) is not None}
        self.known = bool(found)
        self.places = found
        self.first, self.last = min(found, default=0), max(found, default=0)
        self._lowest, self._highest = min(found.values(), default=0), max(found.values(), default=0)
        self._content_ends = last_content(reference)
        inner = found or [i for i in range(2, len(pages) - 2) if self.printed(i)]
        self._looks = [look for i in inner if (look := _look(pages[i].picture)) is not None]
        self._thumbnails = reference.thumbnails()
        self._written = has_content(self._thumbnails)

    def printed(self, i: int) -> bool:
        """Whether a scan has print that shows no page of the book."""
        return 0 <= i < len(self._pages) and i not in self.places and _kind(self._pages[i]) is PageKind.CONTENT

    def blank(self, i: int) -> bool:
        return 0 <= i < len(self._pages) and i not in self.places and _kind(self._pages[i]) is PageKind.BLANK

    def is_cover(self, i: int) -> bool:
        """Whether the first or the last scan is a cover."""
        ahead = i < self.first
        # A leaf that was bound in has two printed sides.
        if not self.printed(i) or not (ahead or i > self.last) or self.printed(i + 1 if ahead else i - 1):
            return False
        return self.unlike(i) or self._wrapped()

    def has_room_for_blank(self, i: int) -> bool:
        """Whether a blank scan before the first known page may be the blank page that the book has there."""
        number = self.places[self.first] - (self.first - i)
        return number >= 1 and not self._written[number - 1]

    def unlike(self, i: int) -> bool:
        """Whether a scan is of another kind than the pages seen, and than those that may have its place."""
        look = _look(self._pages[i].picture)
        if look is None or any(np.linalg.norm(look - other) <= UNLIKE for other in self._looks):
            return False
        unseen = range(1, self._lowest) if i < self.first else range(self._highest + 1, len(self._written) + 1)
        lightness = [_look_of(self._thumbnails[n - 1])[0] for n in unseen if self._written[n - 1]]
        return all(abs(float(look[0]) - light) > UNLIKE for light in lightness)

    def is_round_strangers(self) -> bool:
        """Whether the scans of a block that is not known lie between two of another kind with a blank inside each."""
        at = len(self._pages) - 1
        ends = self.printed(0) and self.blank(1) and self.printed(at) and self.blank(at - 1)
        return at > 4 and bool(self._looks) and ends and self.unlike(0) and self.unlike(at)

    def _wrapped(self) -> bool:
        """Whether the whole book lies between two printed scans with a blank inside each."""
        at = len(self._pages) - 1
        return (
            self.printed(0)
            and self.blank(1)
            and self.first - 2 == self.places[self.first] - 1
            and self.printed(at)
            and self.blank(at - 1)
            and self._highest >= self._content_ends
        )


def _pair(book: _Book, among: range) -> dict[int, Cover]:
    """Both covers together at one end of the scans, with their two blank insides between them.

    Without these they are not told from the two sides of a leaf that was bound in.
    """
    printed = [i for i in among if book.printed(i)]
    if len(printed) != 2 or not all(map(book.unlike, printed)):
        return {}
    front, back = printed
    outermost = front == 0 if among.start == 0 else back == among.stop - 1
    if not outermost or back - front != 3 or not (book.blank(front + 1) and book.blank(back - 1)):
        return {}
    where = "before" if among.start == 0 else "after"
    return {
        **_with_inside(front, front + 1, Role.COVER_FRONT, where),
        **_with_inside(back, back - 1, Role.COVER_BACK, where),
    }


def _round(count: int) -> dict[int, Cover]:
    """Both covers, first and last of the scans, with their insides."""
    return {
        **_with_inside(0, 1, Role.COVER_FRONT, "before"),
        **_with_inside(count - 1, count - 2, Role.COVER_BACK, "after"),
    }


def _with_inside(at: int, inside: int, role: Role, where: str) -> dict[int, Cover]:
    side = "front" if role is Role.COVER_FRONT else "back"
    return {at: Cover(role, _WHY.format(where, side)), inside: Cover(role, _INSIDE.format(side), inside=True)}


def _place(page: PageResult) -> int | None:
    """The page of the book that a scan shows, surely or well enough that it is no cover."""
    if page.reference_page is not None:
        return page.reference_page
    best = page.options[0] if page.options else None
    return best.page if best is not None and best.score >= ALIKE else None


def _kind(page: PageResult) -> PageKind:
    return PageKind.UNREADABLE if page.error or page.ink is None else page.ink.kind


def _look(picture: bytes) -> NDArray[np.float64] | None:
    """Mean color of the middle of a scan, as CIELAB of its encoded values."""
    return _look_of(np.asarray(cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR))) if picture else None


def _look_of(picture: NDArray[Any]) -> NDArray[np.float64]:
    rows, cols = picture.shape[0] // MARGIN, picture.shape[1] // MARGIN
    middle = (picture[rows:-rows, cols:-cols] / 255.0).astype(np.float32)
    color = np.dstack([middle] * 3) if middle.ndim == 2 else middle
    lab = cv2.cvtColor(color, cv2.COLOR_BGR2LAB)
    return np.asarray(lab.reshape(-1, 3).mean(axis=0), np.float64)
