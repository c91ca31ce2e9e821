"""Which reference page a scan shows: by content, in small pictures; and the in-order alignment of the whole copy.

Names propose, content decides. A page is compared with the reference pages near the one its position suggests, and with
all of them when none of these fits. The pages of the copy are then put on an increasing sequence of reference pages, so
that one missing or extra page does not spoil all that follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import THUMBNAIL_DPI
from qc.register.fourier import fast_length, irfft2, rfft2
from qc.units import px_per_mm

REACH_PX = 8
"""Shift searched, about 11 mm: more than any cut that leaves the page legible."""
_WITHIN_REACH = np.ix_(*[np.arange(-REACH_PX, REACH_PX + 1)] * 2)
_SPECTRA_IN_MEMORY = 200
"""80 kB each for a page of 6 x 9 in."""
_SEEN_IN_MEMORY, _FITS_IN_MEMORY = 8, 64
"""Recognition and registration of a page ask for the same; pictures of a few threads."""
LOOK_ALIKE = 0.95
"""Correlation of two reference pages that no scan tells apart: rules reach 1.0, tables set alike 0.89."""
NEIGHBORS = (1, 4)
"""How far around the expected page is looked, step by step, before all pages are."""


@dataclass(frozen=True)
class Candidate:
    """A reference page that a scan may show: correlation of the small pictures, the turn it needs (0 or 2 quarter turns),
    the shift of the print in mm against the start map, and whether what the page has of its own is seen, too."""

    page: int
    score: float
    turns: int
    shift_mm: tuple[float, float]
    own: bool = True


def spectrum(picture: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Spectrum of a small picture with slow changes and the rim taken out, scaled to unit energy."""
    detail = picture - cv2.GaussianBlur(picture, (0, 0), 4.0)
    detail[:3] = detail[-3:] = 0
    detail[:, :3] = detail[:, -3:] = 0
    # A bright sliver of paper at a cut must not outweigh a whole dark picture.
    limit = 4 * float(np.abs(detail).mean())
    detail = np.clip(detail, -limit, limit)
    norm = float(np.sqrt((detail * detail).sum()))
    return np.asarray(rfft2(detail / norm if norm > 1e-3 else 0 * detail, _padded(picture)))


@lru_cache(_SPECTRA_IN_MEMORY)
def _reference_spectrum(thumbnail: bytes, shape: tuple[int, ...]) -> NDArray[np.complex64]:
    """Conjugate spectrum of a reference page; each is asked for by many scans."""
    picture = np.asarray(np.frombuffer(thumbnail, np.uint8).reshape(shape) / 255, np.float32)
    return np.asarray(np.conj(spectrum(picture)), np.complex64)


def _padded(picture: NDArray[np.float32]) -> tuple[int, int]:
    """Size for a correlation that does not wrap around within reach."""
    return fast_length(picture.shape[0] + REACH_PX), fast_length(picture.shape[1] + REACH_PX)


def candidates(picture: NDArray[np.float32], thumbnails: NDArray[np.uint8], pages: Iterable[int]) -> list[Candidate]:
    """How well a small picture, upright or upside down, fits reference pages; best first.

    Parameters
    ----------
    picture : ndarray, shape (h, w), float32
        From `thumbnail`.
    thumbnails : ndarray, shape (pages, h, w), uint8
        Small pictures of the reference pages.
    pages : iterable of int
        Reference pages to look at, 1-based.

    Notes
    -----
    Two text pages set alike correlate at 0.6, a page with itself at 0.7 to 0.9: this proposes, registration decides.
    """
    seen, found = picture.tobytes(), list[Candidate]()
    for page in pages:
        found += _fits(seen, thumbnails[page - 1].tobytes(), picture.shape, page)
    return sorted(found, key=lambda c: -c.score)


@lru_cache(_FITS_IN_MEMORY)
def _fits(picture: bytes, thumbnail: bytes, shape: tuple[int, int], page: int) -> tuple[Candidate, ...]:
    """A small picture, upright and upside down, against one reference page."""
    views = np.stack([_seen_spectrum(picture, shape, turns) for turns in (0, 2)])
    size = _padded(np.empty(shape, np.float32))
    surfaces = irfft2(views * _reference_spectrum(thumbnail, shape), size)
    found = []
    for turns, surface in zip((0, 2), surfaces, strict=True):
        near = surface[_WITHIN_REACH]
        y, x = np.unravel_index(int(np.argmax(near)), near.shape)
        shift = np.array([x - REACH_PX, y - REACH_PX]) / px_per_mm(THUMBNAIL_DPI)
        found.append(Candidate(page, float(near[y, x]), turns, (float(shift[0]), float(shift[1]))))
    return tuple(found)


def seen_spectrum(picture: NDArray[np.float32]) -> NDArray[np.complex64]:
    """`spectrum` of a small picture that is asked for several times."""
    return _seen_spectrum(picture.tobytes(), picture.shape, 0)


@lru_cache(_SEEN_IN_MEMORY)
def _seen_spectrum(picture: bytes, shape: tuple[int, int], turns: int) -> NDArray[np.complex64]:
    seen = np.frombuffer(picture, np.float32).reshape(shape)
    return spectrum(np.ascontiguousarray(np.rot90(seen, turns)))


def look_alike(thumbnails: NDArray[np.uint8], one: int, other: int) -> bool:
    """Whether two reference pages (1-based) cannot be told from each other by what is printed: lined or dotted pages,
    planner pages that differ by a date. Text pages set alike correlate at 0.7 at most."""
    picture = np.asarray(thumbnails[one - 1] / 255.0, np.float32)
    return any(c.score > LOOK_ALIKE for c in candidates(picture, thumbnails, [other]) if c.turns == 0)


def rings(expected: int, count: int) -> Iterator[list[int]]:
    """Reference pages in the order in which they are worth a look: around the expected one, then all the others."""
    seen: set[int] = set()
    for reach in (*NEIGHBORS, max(count, expected)):
        near = [p for p in range(max(expected - reach, 1), min(expected + reach, count) + 1) if p not in seen]
        seen.update(near)
        if near:
            yield near


def has_content(thumbnails: NDArray[np.uint8]) -> list[bool]:
    """For each reference page, whether anything is printed on it: a folio alone darkens one pixel by a tenth."""
    return [bool(t.min() < 0.9 * 255) for t in thumbnails]


def darkness(thumbnails: NDArray[np.uint8]) -> NDArray[np.float64]:
    """For each reference page, the share of light that its print takes away: 0 for a bare page, some 0.1 for text."""
    # Page by page: eight bytes a pixel of a whole title are 100 MB.
    return np.array([1 - np.square(t / 255.0).mean() for t in thumbnails])


def darkness_on_ground(thumbnails: NDArray[np.uint8]) -> NDArray[np.float64]:
    """`darkness` against the brightest part of each page: a color that covers the page is its ground and no print on it."""
    lights = (np.square(t / 255.0) for t in thumbnails)
    return np.array([1 - light.mean() / max(float(np.quantile(light, 0.97)), 0.01) for light in lights])
