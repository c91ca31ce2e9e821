"""Where one scanned page was cut, from its scan alone: four edges on a dark backing, joined to a page frame."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import find_edge
from qc.errors import ScanError
from qc.flags import Flag
from qc.geometry import SIDES, THUMBNAIL_DPI, Affine, Points, Size, meet
from qc.model import BookCopy, PageKind, ScanFile, ScanSettings
from qc.normalize.flat_field import paper_field, rectified
from qc.normalize.ink import ink_coverage
from qc.normalize.open_page import open_page
from qc.normalize.page_image import PageImage
from qc.normalize.rim_lines import rim_borders, share_a_rim
from qc.normalize.thumbnail import thumbnail
from qc.reference import cache
from qc.units import px_per_mm

_SCAN_SO = "Scan it with a black or gray backing that shows on all sides."
_LEAST_MM = 40.0
LUMINANCE = (0.2126, 0.7152, 0.0722)


@dataclass(frozen=True)
class Outline:
    """The page frame of one scan.

    Attributes
    ----------
    to_scan : Affine
        Page-frame mm, origin at the cut corner left and top, -> pixels of the scan at full resolution.
    size : Size
        Distance of opposite cuts, each averaged from corner to corner.
    u_mm : tuple of float
        Standard uncertainty of the left, top, right and bottom cut from the fit of the edge.
    paper : tuple of float, or None
        Linear RGB of bare paper in the middle of the page; None where it shows none.
    picture : ndarray, shape (h, w), uint8
        Linear luminance at `qc.geometry.THUMBNAIL_DPI`, paper at 255.
    kind : PageKind
    borders_px : tuple of (float or None)
        Where a cut may be the rim that a driver painted (`qc.register.painted_rim.rim_borders`).
    """

    to_scan: Affine
    size: Size
    u_mm: tuple[float, float, float, float]
    paper: tuple[float, float, float] | None
    picture: NDArray[np.uint8]
    kind: PageKind
    borders_px: tuple[float | None, ...] = (None,) * 4


def find_outline(scan: ScanFile, settings: ScanSettings) -> Outline:
    """Find the four cuts of a scanned page.

    Raises
    ------
    ScanError
        It cannot be read, was scanned bound, or a cut does not stand out from its backing.

    Notes
    -----
    Cuts are found to a few hundredths of a millimeter; the frame is the rectangle whose sides lie at the mean of each
    cut between its corners, so a cut that is not square shifts none of them. Lengths depend on the resolution stated.
    """
    if settings.bound:
        raise ScanError(f"{scan.name}: {Flag.BOUND.meaning}, so its spine edge is not to be seen.")
    page = open_page(scan, settings)
    image, sheet = page.image, page.sheet
    per_mm = px_per_mm(image.dpi.x_dpi), px_per_mm(image.dpi.y_dpi)
    if sheet.corners is None:
        flag = {"white": Flag.WHITE_BACKING, "none": Flag.CROPPED}.get(sheet.backing.kind, Flag.EDGE_NOT_FOUND)
        raise ScanError(f"{scan.name}: {flag.meaning}. {_SCAN_SO}")
    lines = [
        find_edge(
            image.luminance,
            sheet.corners[[a, b]],
            sheet.backing,
            (image.dpi.x_dpi, image.dpi.y_dpi)[side % 2],
            loose=True,
        )
        for side, (a, b) in enumerate(SIDES)
    ]
    for line, name in zip(lines, ("left", "upper", "right", "lower"), strict=True):
        if line.ends is None:
            raise ScanError(f"{scan.name}, {name} edge: {(line.flag or Flag.EDGE_NOT_FOUND).meaning}. {_SCAN_SO}")
    to_working, size = page_frame([line.ends / np.array(per_mm) for line in lines if line.ends is not None], per_mm)
    if min(size.width_mm, size.height_mm) < _LEAST_MM:
        raise ScanError(f"{scan.name}: its sheet is {size.width_mm:.0f} x {size.height_mm:.0f} mm, no page of a book.")
    light = rectified(image, to_working, size)
    field = paper_field(light)
    u = [line.u_px / per_mm[side % 2] for side, line in enumerate(lines)]
    paper = None if field is None else tuple(float(v) for v in field[field.shape[0] // 2, field.shape[1] // 2])
    return Outline(
        image.to_scan.after(to_working),
        size,
        (u[0], u[1], u[2], u[3]),
        None if paper is None else (paper[0], paper[1], paper[2]),
        _picture(image, to_working, size, paper),
        ink_coverage(image.luminance, to_working, size).kind,
        rim_borders(image, lines),
    )


def page_frame(sides: list[Points], per_mm: tuple[float, float]) -> tuple[Affine, Size]:
    """Page-frame mm -> working pixels, and the page's size, from its left, top, right and bottom line in scan mm."""
    left, top, right, bottom = sides
    corners = np.array([meet(left, top), meet(right, top), meet(right, bottom), meet(left, bottom)])
    across = corners[1] - corners[0] + corners[2] - corners[3]
    down = corners[2] - corners[1] + corners[3] - corners[0]
    angle = float(np.rad2deg(np.arctan2(across[1] - down[0], across[0] + down[1])))
    flat = Affine.rotation(-angle)(corners)
    x0, x1 = flat[[0, 3], 0].mean(), flat[[1, 2], 0].mean()
    y0, y1 = flat[[0, 1], 1].mean(), flat[[2, 3], 1].mean()
    to_mm = Affine.rotation(angle).after(Affine.shift(float(x0), float(y0)))
    return Affine.scaling(*per_mm).after(to_mm), Size(float(x1 - x0), float(y1 - y0))


def _picture(image: PageImage, to_px: Affine, size: Size, paper: tuple[float, ...] | None) -> NDArray[np.uint8]:
    scale = px_per_mm(THUMBNAIL_DPI)
    shape = round(size.height_mm * scale), round(size.width_mm * scale)
    white = float(np.quantile(image.luminance, 0.95)) if paper is None else float(np.dot(paper, LUMINANCE))
    small = thumbnail(image.luminance, to_px, shape) / white
    return np.asarray(np.round(255 * np.clip(small, 0, 1)), np.uint8)


def survey(copy: BookCopy, digest: str, threads: int) -> list[Outline | str]:
    """Outline of each interior page of a copy, or why there is none; from the disk cache where it was made before.

    A rim that a driver painted over them is no cut.

    `digest` stands for the scans: the cache is asked by it.
    """
    how = hashlib.sha256(repr((cache.program(), copy.scan, THUMBNAIL_DPI)).encode()).hexdigest()[:16]
    key = f"copy/{digest}/outlines-{how}"
    return _of_arrays(cache.arrays(key, lambda: _as_arrays(_found(copy, threads))))


def _found(copy: BookCopy, threads: int) -> list[Outline | str]:
    def look(scan: ScanFile) -> Outline | str:
        try:
            return find_outline(scan, copy.scan)
        except ScanError as fault:
            return str(fault)

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        found = list(pool.map(look, copy.pages))
    rims = share_a_rim([(None,) * 4 if isinstance(o, str) else o.borders_px for o in found])
    return [
        f"{s.name}: {Flag.PAINTED_RIM.meaning}. Switch off its edge fill. {_SCAN_SO}" if n in rims else o
        for n, (s, o) in enumerate(zip(copy.pages, found, strict=True))
    ]


def _as_arrays(found: list[Outline | str]) -> dict[str, NDArray[Any]]:
    table = [
        o
        if isinstance(o, str)
        else [o.to_scan.matrix.tolist(), (o.size.width_mm, o.size.height_mm), o.u_mm, o.paper, str(o.kind)]
        for o in found
    ]
    pictures = {str(i): o.picture for i, o in enumerate(found) if isinstance(o, Outline)}
    return {"table": np.frombuffer(json.dumps(table).encode(), np.uint8), **pictures}


def _of_arrays(kept: dict[str, NDArray[Any]]) -> list[Outline | str]:
    return [
        o
        if isinstance(o, str)
        else Outline(
            Affine(np.array(o[0])), Size(*o[1]), tuple(o[2]), o[3] and tuple(o[3]), kept[str(i)], PageKind(o[4])
        )
        for i, o in enumerate(json.loads(kept["table"].tobytes()))
    ]
