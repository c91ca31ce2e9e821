"""Which side of the ordered cover a scan of a closed copy shows, and where: looked for over the whole frame, without an outline.

A cover has no outline that could be relied on: its art may be as dark as the lid under the shadow of the book. Small pictures of
its sides are matched at every place of the frame, at quarter turns and a few degrees around them; registration confirms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import THUMBNAIL_DPI, Affine
from qc.normalize.page_image import PageImage
from qc.reference.cover import PANELS, CoverReference
from qc.register.prepared_page import prepare
from qc.register.print_points import FoundAgain, find_again, ordered_points, points_of
from qc.register.register import Registration, coarse, register
from qc.register.tile_fit import SeenPage
from qc.resample import warped
from qc.units import px_per_mm

ANGLES_DEG = (0.0, -1.5, 1.5, -3.0, 3.0)
TURNED = 3
"""Of the places found, the likeliest are looked at turned by a few degrees, too."""
NOTHING, FEW_SQUARES = 0.1, 12
"""Share of print found again up to which no further place is tried, where both have so many squares of print. Of right scans
it is mostly 0.4 and more where they are soft, dark, cropped or of a wrong resolution, 0.2 under glare."""
LEAST_LIKENESS = 0.1
"""Correlation of small pictures below which nothing is registered. Of lettering on one tone it is 0.2 in the right place, on drawn
scans, and more in a wrong one: the print decides."""
PLAIN = 0.004
"""Spread of a side, one gray level, up to which it fits everywhere and nowhere."""
_MARGIN_PX = 6
"""Of frame added around the scan: a cover that runs out of it."""


@dataclass(frozen=True)
class PanelSeen:
    """What a scan of a cover shows.

    Attributes
    ----------
    number : int
        Of the panel of `CoverReference` there.
    turns : int
        Counterclockwise quarter turns that make the scan upright.
    registration : Registration or None
        Panel mm -> pixels of the image so turned; None where the print is not that of the panel.
    found : FoundAgain or None
        How much of a panel is found in the scan all the same; None where one is registered.
    """

    number: int
    turns: int
    registration: Registration | None
    found: FoundAgain | None = None


@dataclass(frozen=True)
class _Place:
    likeness: float
    number: int
    turns: int
    start: Affine


def find_panel(image: PageImage, cover: CoverReference, only: int | None = None) -> PanelSeen:
    """Look for either side of the cover in a scan, or for the panel of one number, whichever way it lies."""
    views = {turns: image.turned(turns) for turns in range(4)}
    light = _blurred(image)
    lights = [np.ascontiguousarray(np.rot90(light, turns)) for turns in views]
    places = [p for turns, view in views.items() for p in _places(view, lights[turns], turns, cover, (0.0,), only)]
    places.sort(key=lambda p: -p.likeness)
    near = [
        p
        for seen in places[:TURNED]
        for p in _places(views[seen.turns], lights[seen.turns], seen.turns, cover, ANGLES_DEG, seen.number)
    ]
    near.sort(key=lambda p: -p.likeness)
    # The print decides between the likeliest.
    best = max((_seen(views[p.turns], p, cover) for p in near[:TURNED]), key=_worth)
    if best.registration is not None:
        return best
    found = _found_again(image, cover, only)
    # Of the others, any that it confirms is the one; where nothing of it is there, none is tried.
    for place in places[TURNED:] if found.share > NOTHING or min(found.ordered, found.seen) < FEW_SQUARES else ():
        best = _seen(views[place.turns], place, cover)
        if best.registration is not None:
            return best
    return PanelSeen(near[0].number, near[0].turns, None, found)


def _found_again(image: PageImage, cover: CoverReference, only: int | None) -> FoundAgain:
    """Of the panel that is found best, or that of one number."""
    nominal = np.array([px_per_mm(image.dpi.x_dpi), px_per_mm(image.dpi.y_dpi)])
    view = SeenPage(image.luminance, (nominal[0], nominal[1])).averaged(75.0)
    to_mm = Affine.scaling(*(1 / nominal)).after(view.shrink.inverse())
    scan = points_of(view.plane, to_mm)
    frame_mm = np.array(image.luminance.shape[::-1]) / nominal
    pages = [cover.page(number) for number in (PANELS if only is None else (only,))]
    sizes = [np.array([page.trim.width_mm, page.trim.height_mm]) for page in pages]
    found = [find_again(ordered_points(p), size, scan, frame_mm) for p, size in zip(pages, sizes, strict=True)]
    return max(found, key=lambda f: (f.share, f.ordered))


def _worth(seen: PanelSeen) -> float:
    return seen.registration.correlation if seen.registration is not None else -1.0


def _seen(view: PageImage, place: _Place, cover: CoverReference) -> PanelSeen:
    registration = _registered(view, place, cover) if place.likeness > LEAST_LIKENESS else None
    return PanelSeen(place.number, place.turns, registration)


def _registered(view: PageImage, place: _Place, cover: CoverReference) -> Registration | None:
    seen = SeenPage(view.luminance, (px_per_mm(view.dpi.x_dpi), px_per_mm(view.dpi.y_dpi)))
    target = prepare(cover.page(place.number))
    return register(target, seen, coarse(target, seen, place.start))


def _blurred(image: PageImage) -> NDArray[np.float32]:
    """The scan as light as the eye sees it, blurred for small pictures."""
    sigma = 0.4 * float(np.mean([px_per_mm(image.dpi.x_dpi), px_per_mm(image.dpi.y_dpi)])) / px_per_mm(THUMBNAIL_DPI)
    return np.asarray(np.sqrt(np.clip(cv2.GaussianBlur(image.luminance, (0, 0), sigma), 0, 1)))


def _places(
    view: PageImage,
    light: NDArray[np.float32],
    turns: int,
    cover: CoverReference,
    angles: tuple[float, ...],
    only: int | None = None,
) -> list[_Place]:
    """The best place of each panel at each angle in a scan whose blurred picture is `light`."""
    h, w = light.shape
    nominal = np.array([px_per_mm(view.dpi.x_dpi), px_per_mm(view.dpi.y_dpi)])
    scale = px_per_mm(THUMBNAIL_DPI)
    size = np.ceil(np.array([w, h]) / nominal * scale).astype(int) + 2 * _MARGIN_PX
    places = []
    for angle in angles:
        # Small pixels -> working pixels, turned about the middle of the frame.
        shift = Affine.shift(*-(size - 1) / 2)
        to_view = (
            Affine.shift((w - 1) / 2, (h - 1) / 2)
            .after(Affine.scaling(*(nominal / scale)))
            .after(Affine.rotation(angle))
            .after(shift)
        )
        whole: NDArray[Any] = warped(light, to_view, (int(size[0]), int(size[1])), 0.0)
        for number in PANELS if only is None else (only,):
            panel: NDArray[Any] = np.asarray(cover.thumbnails()[number - 1], np.float32) / 255
            frame = whole
            if any(p > f for p, f in zip(panel.shape, frame.shape, strict=True)):
                frame = _padded(frame, panel.shape)
            match: NDArray[Any] = np.zeros((1, 1), np.float32)
            if panel.std() > PLAIN:
                match = cv2.matchTemplate(frame, panel, cv2.TM_CCOEFF_NORMED)
            y, x = np.unravel_index(int(np.argmax(match)), match.shape)
            to_small = Affine.shift(x - 0.5, y - 0.5).after(Affine.scaling(scale))
            places.append(_Place(float(match[y, x]), number, turns, to_view.after(to_small)))
    return places


def _padded(frame: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The frame with room for a panel larger than it, at its right and foot."""
    h, w = (max(a, b) for a, b in zip(frame.shape, shape, strict=True))
    padded = np.zeros((h, w), np.float32)
    padded[: frame.shape[0], : frame.shape[1]] = frame
    return padded
