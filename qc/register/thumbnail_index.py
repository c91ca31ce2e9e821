"""Finds the reference pages that a small picture may show, without comparing it with every one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from qc.reference.base import Reference
from qc.register.thumbnails import LOOK_ALIKE, look_alike, seen_spectrum, spectrum

LOWEST = 24
"""Frequencies kept along each axis: at the size of a small picture they hold lines of text, not letters."""
WORTH_COMPARING = LOOK_ALIKE - 0.01
"""Two reference pages that cannot correlate more than this are not compared: of 45,000 pairs of a title, that are nearly all."""

_MADE: WeakKeyDictionary[Any, PageIndex] = WeakKeyDictionary()
_MAKING = Lock()


LIKE = 0.4
"""Likeness from which a page may be the one seen; another text page reaches 0.4 among dozens."""


class PageIndex:
    """The pages of a title by the size of their spectrum, which neither a shift nor a turn by 180° changes.

    Attributes
    ----------
    looks : tuple of int
        For each page, the first page (1-based) that looks the same: itself, where none before it does.
    shared : tuple of int
        Those of `looks` that several pages have, the commonest first.
    """

    def __init__(self, thumbnails: NDArray[np.uint8]) -> None:
        first = _size(thumbnails[0])
        # One array, as a list and a copy of it are 100 MB in a thick book.
        sizes = np.empty((len(thumbnails), *first.shape), np.float32)
        for n, thumbnail in enumerate(thumbnails):
            sizes[n] = _size(thumbnail) if n else first
        raw = np.array([_shape(s) for s in sizes])
        self._mean = raw.mean(axis=0)
        self._pages = _unit(raw - self._mean)
        self.looks = _looks(_most_alike(sizes), lambda one, other: look_alike(thumbnails, one, other))
        self.shared = tuple(p for p, pages in Counter(self.looks).most_common() if pages > 1)
        several = set(self.shared)
        self._single = np.array([look not in several for look in self.looks])

    def likeness(self, picture: NDArray[np.float32]) -> NDArray[np.float64]:
        """How much each reference page looks like a small picture, in what it has of its own: 1 is the same. A scan of a
        text page reaches 0.5 to 0.9 with that page and at most 0.4 with another one."""
        return np.asarray(self._pages @ _unit(_shape(np.abs(seen_spectrum(picture))) - self._mean))

    def likeness_of(self, spectra: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        """The same of many pictures by the size of their spectra, shape (pictures, pages)."""
        return np.asarray(_unit(np.array([_shape(s) for s in spectra]) - self._mean) @ self._pages.T)

    def own(self, picture: NDArray[np.float32]) -> NDArray[np.bool_]:
        """For each reference page, whether a small picture shows what that page has of its own; of pages that look the
        same none has anything."""
        return np.asarray(~self._single | (self.likeness(picture) > LIKE))

    def single(self, page: int) -> bool:
        """Whether no other page looks like this one (1-based)."""
        return bool(self._single[page - 1])


def index_of(reference: Reference) -> PageIndex:
    """The index of a title, made once."""
    with _MAKING:
        if reference not in _MADE:
            _MADE[reference] = PageIndex(reference.thumbnails())
        return _MADE[reference]


def _size(thumbnail: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Size of the spectrum of a reference page."""
    return np.asarray(np.abs(spectrum(np.asarray(thumbnail / 255.0, np.float32))))


def _shape(spectrum_size: NDArray[np.float32]) -> NDArray[np.float64]:
    size = np.sqrt(spectrum_size)
    return np.asarray(np.concatenate([size[:LOWEST, :LOWEST], size[1 - LOWEST :, :LOWEST]]).ravel(), np.float64)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    norm = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norm, 1e-9))


def _most_alike(sizes: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each two pages, the most that they correlate at any shift: as if all frequencies were in step. Writes over `sizes`."""
    # The half of the spectrum that is not kept mirrors all columns but the first.
    sizes[:, :, 1:] *= np.float32(np.sqrt(2.0))
    vectors = sizes.reshape(len(sizes), -1)
    for vector in vectors:
        vector /= max(float(np.linalg.norm(vector)), 1e-9)
    return np.asarray(vectors @ vectors.T)


def _looks(most: NDArray[np.float32], alike: Callable[[int, int], bool]) -> tuple[int, ...]:
    looks: list[int] = []
    firsts: list[int] = []
    for page in range(1, len(most) + 1):
        near = most[np.array(firsts, int) - 1, page - 1] if firsts else np.zeros(0)
        order = np.argsort(-near)
        same = next((firsts[k] for k in order if near[k] > WORTH_COMPARING and alike(firsts[k], page)), page)
        looks.append(same)
        if same == page:
            firsts.append(page)
    return tuple(looks)
