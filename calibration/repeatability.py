"""The same page scanned again and again: how well this scanner, and qc with it, repeats itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import carries_print
from qc.edges.dark_backing import EdgeLine, find_edge, find_sheet
from qc.errors import ScanError
from qc.features.color_tiles import ColorTiles, copy_colors
from qc.features.page_maps import page_maps
from qc.features.tile_differences import MIN_TILES, tile_differences
from qc.features.tiles import ScannedPage, page_tiles
from qc.flags import Flag
from qc.geometry import SIDES, Affine, Points, Side, Size, edge_names
from qc.measure.context.cut_places import side_ends
from qc.measure.trim_offset import trim_offset
from qc.model import ScanFile, ScanSettings
from qc.normalize.flat_field import encoded, raster, rectified, relative
from qc.normalize.open_page import open_page
from qc.normalize.page_image import PageImage
from qc.reference.base import ReferencePage
from qc.reference.page_outline import find_outline
from qc.register.prepared_page import PreparedPage, prepare
from qc.register.register import Registration, coarse, register
from qc.register.tile_fit import SeenPage
from qc.scan.image_file import sha256
from qc.stats import mad
from qc.units import px_per_mm

LEAST_SCANS = 3
FEW_VALUES = 3
TOLERANCE_WIDTH_MM = 6.35
"""Twice 0.125 in: the width of the tolerance that the gauge figure is a share of."""


@dataclass(frozen=True)
class Repeat:
    """One scan against the first that shows the page well.

    Attributes
    ----------
    group : str
        Who scanned it; empty where that is not told apart.
    cut_mm, frame_mm : ndarray, shape (4,)
        Offset of the left, top, right and bottom cut, and of the frame of the scan, against the cut of the ruler, > 0
        outside; NaN where it was not seen.
    level : float
        Linear light of the paper.
    noise : float
        Standard deviation of the difference to the ruler at 150 dpi, over the root of 2, relative to the paper.
    color : ColorTiles or None
        Its tiles; None for a scan without color.
    """

    name: str
    sha256: str
    group: str
    cut_mm: NDArray[np.float64]
    frame_mm: NDArray[np.float64]
    level: float
    noise: float
    color: ColorTiles | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Gauge:
    """Standard deviations in mm, and 6 sigma as a share of the tolerance width.

    `repeatability` is within a group, `reproducibility` between groups (None where there is one group only), both
    pooled over the edges.
    """

    repeatability_mm: float
    reproducibility_mm: float | None
    values: int

    @property
    def sigma_mm(self) -> float:
        return float(np.hypot(self.repeatability_mm, self.reproducibility_mm or 0.0))

    @property
    def share(self) -> float:
        """6 sigma over the tolerance width."""
        return 6 * self.sigma_mm / TOLERANCE_WIDTH_MM


@dataclass(frozen=True)
class Crop:
    """Mean and standard deviation of the frame against the cut, mm; the mean is None where no scan showed the cut."""

    mean_mm: tuple[float, ...] | None
    spread_mm: tuple[float, ...]
    scans: int


@dataclass(frozen=True)
class Repeatability:
    """What the repeats say.

    `level_sd` is the relative spread of the paper's brightness from scan to scan. `color_de00` is what two scans differ by
    in color, relative to their paper, as `copy-color-difference` has it: root mean square over all pairs of the mean
    CIEDE2000 of the printed tiles; None where the scans have no color or the page has too little print.
    """

    ruler: str
    scans: tuple[Repeat, ...]
    gauge: Gauge | None
    crop: Crop | None
    noise: float
    level_sd: float
    color_de00: float | None = None


def repeatability(groups: Sequence[tuple[str, Sequence[Path]]], settings: ScanSettings) -> Repeatability:
    """Compare scans of one page, taken up and laid down again for each.

    Parameters
    ----------
    groups : sequence of (str, sequence of Path)
        Scans by who made them; one group where that is not asked.
    settings : ScanSettings
        Resolution and profile.

    Raises
    ------
    ScanError
        Too few scans, or they do not show the same page.

    Notes
    -----
    The page needs print. The first scan whose four cuts are visible is the ruler and drops out of the figures; without
    such a scan the first one is, and its frame stands for the cut. Values are those of `trim-offset`, so registration,
    edges and everything between are in the figure; a bias that all scans share is not.
    """
    files = [(group, path) for group, paths in groups for path in paths]
    if len(files) < LEAST_SCANS:
        raise ScanError(
            f"{len(files)} scans are too few. Scan one page {LEAST_SCANS} times or more; 30 make a good figure."
        )
    digests = [sha256(path) for _, path in files]
    if len(set(digests)) < len(digests):
        name = next(path.name for i, (_, path) in enumerate(files) if digests[i] in digests[:i])
        raise ScanError(
            f"{name} is the same file as another of the scans, which would flatter the figure. Leave it out."
        )
    ruler = _ruler([path for _, path in files], settings)
    found = [_repeat(group, path, ruler, settings) for group, path in files if path != ruler.path]
    noise = float(np.median([r.noise for r in found]))
    levels = np.array([ruler.level, *(r.level for r in found)])
    return Repeatability(
        ruler=ruler.path.name,
        scans=tuple(found),
        gauge=_gauge(found),
        crop=_crop(found, ruler.cut_seen),
        noise=noise,
        level_sd=float(levels.std(ddof=1) / levels.mean()),
        color_de00=_color([ruler.color, *(r.color for r in found)]),
    )


def _color(pages: Sequence[ColorTiles | None]) -> float | None:
    known = [p for p in pages if p is not None]
    if len(known) < LEAST_SCANS:
        return None
    values = []
    for pair in combinations(known, 2):
        printed = np.any([carries_print(p.copy) for p in pair], axis=0) & pair[0].usable
        if int(printed.sum()) < MIN_TILES:
            return None
        values.append(tile_differences(*(p.copy[printed].astype(np.float64) for p in pair))[0])
    return float(np.sqrt(np.mean(np.square(values))))


@dataclass(frozen=True)
class _Ruler:
    path: Path
    page: ReferencePage
    target: PreparedPage
    light: NDArray[np.float32]
    level: float
    cut_seen: bool
    color: ColorTiles | None


def _ruler(paths: Sequence[Path], settings: ScanSettings) -> _Ruler:
    for path in paths:
        try:
            outline = find_outline(ScanFile(path, path.name), settings)
        except ScanError:
            continue
        image = open_page(ScanFile(path, path.name), settings).image
        return _as_ruler(path, image, image.to_scan.inverse().after(outline.to_scan), outline.size, cut_seen=True)
    image = open_page(ScanFile(paths[0], paths[0].name), settings).image
    to_px = Affine.shift(-0.5, -0.5).after(Affine.scaling(px_per_mm(image.dpi.x_dpi), px_per_mm(image.dpi.y_dpi)))
    height, width = image.luminance.shape
    size = Size(width / px_per_mm(image.dpi.x_dpi), height / px_per_mm(image.dpi.y_dpi))
    return _as_ruler(paths[0], image, to_px, size, cut_seen=False)


def _as_ruler(path: Path, image: PageImage, to_px: Affine, size: Size, *, cut_seen: bool) -> _Ruler:
    light = rectified(image, to_px, size)
    level = float(np.quantile(light[:, :, 1], 0.9))
    page = ReferencePage(1, size, raster(size)[0], lambda: encoded(relative(light, np.full(3, level))))
    return _Ruler(path, page, prepare(page), light[:, :, 1], level, cut_seen, _tiles(path, image, page, to_px))


def _tiles(path: Path, image: PageImage, page: ReferencePage, to_px: Affine) -> ColorTiles | None:
    """As of a copy of this page alone."""
    if not image.color:
        return None
    tiles = page_tiles(page_maps(image, page, to_px))
    scanned = ScannedPage(page.number, (path.name, 0), tiles, image.to_scan.after(to_px))
    return copy_colors([scanned], {page.number: page.trim})[page.number]


def _repeat(group: str, path: Path, ruler: _Ruler, settings: ScanSettings) -> Repeat:
    scan = ScanFile(path, path.name)
    image = open_page(scan, settings).image
    registration = _registered(image, ruler.target)
    if registration is None or not all(registration.observable):
        raise ScanError(
            f"{path.name} cannot be laid over {ruler.path.name}: they show different pages, or the page has too little "
            "print or repeats itself. Take one page of text or pictures and scan it again and again the same way up."
        )
    trim = ruler.page.trim
    lines = _lines(image, registration, trim, settings)
    offsets = trim_offset(lines, edge_names(Side.RECTO), registration, trim, 1, None, (path.name, 0), image.to_scan)
    light = rectified(image, registration.to_px, trim)
    level = float(np.quantile(light[:, :, 1], 0.9))
    off = light[:, :, 1] / level - ruler.light / ruler.level
    return Repeat(
        name=path.name,
        sha256=sha256(path),
        group=group,
        cut_mm=np.array([np.nan if o.value is None else o.value for o in offsets]),
        frame_mm=_frame(image, registration, trim, lines),
        level=level,
        noise=mad(off - np.median(off)) / np.sqrt(2),
        color=_tiles(path, image, ruler.page, registration.to_px),
    )


def _registered(image: PageImage, target: PreparedPage) -> Registration | None:
    per_mm = px_per_mm(image.dpi.x_dpi), px_per_mm(image.dpi.y_dpi)
    sheet = find_sheet(image.luminance, (image.dpi.x_dpi, image.dpi.y_dpi))
    height, width = image.luminance.shape
    middle = sheet.corners.mean(axis=0) if sheet.corners is not None else np.array([width - 1, height - 1]) / 2
    turn = Affine.scaling(*per_mm).after(Affine.rotation(sheet.angle_deg))
    center = turn(np.array([target.trim.width_mm, target.trim.height_mm]) / 2)
    start = Affine.shift(*(middle - center)).after(turn)
    seen = SeenPage(image.luminance, per_mm)
    return register(target, seen, coarse(target, seen, start))


def _lines(image: PageImage, registration: Registration, trim: Size, settings: ScanSettings) -> list[EdgeLine]:
    backing = find_sheet(image.luminance, (image.dpi.x_dpi, image.dpi.y_dpi), settings.backing).backing
    corners = registration.to_px(trim.corners())
    dpi = image.dpi.x_dpi, image.dpi.y_dpi
    return [find_edge(image.luminance, corners[[a, b]], backing, dpi[side % 2]) for side, (a, b) in enumerate(SIDES)]


def _frame(image: PageImage, registration: Registration, trim: Size, lines: Sequence[EdgeLine]) -> NDArray[np.float64]:
    """Where the frame lies against the trim at each side, mm, > 0 outside; NaN where the cut is seen within it."""
    height, width = image.luminance.shape
    frame: Points = np.array([[0, 0], [width, 0], [width, height], [0, height]], float) - 0.5
    corners = registration.to_px.inverse()(frame)
    result = np.full(4, np.nan)
    for side in range(4):
        if lines[side].ends is not None or lines[side].flag in (Flag.EDGE_NOT_FOUND, Flag.OUTSIDE_NOT_BACKING):
            continue
        axis, sign = side % 2, -1.0 if side < 2 else 1.0
        nominal = side_ends(trim.corners(), side)[0, axis]
        result[side] = sign * (float(side_ends(corners, side)[:, axis].mean()) - nominal)
    return result


def _gauge(found: Sequence[Repeat]) -> Gauge | None:
    """One-way analysis of variance for each edge, groups as the factor, pooled over the edges."""
    groups = sorted({r.group for r in found})
    within = between = 0.0
    free_within = free_between = 0
    effective: list[float] = []
    values = 0
    for side in range(4):
        parts = [
            np.array([r.cut_mm[side] for r in found if r.group == g and np.isfinite(r.cut_mm[side])]) for g in groups
        ]
        parts = [p for p in parts if len(p)]
        pooled = np.concatenate(parts) if parts else np.zeros(0)
        values += len(pooled)
        if len(pooled) < FEW_VALUES:
            continue
        within += sum(float(((p - p.mean()) ** 2).sum()) for p in parts)
        free_within += sum(len(p) - 1 for p in parts)
        if len(parts) > 1:
            sizes = np.array([len(p) for p in parts])
            between += sum(len(p) * float((p.mean() - pooled.mean()) ** 2) for p in parts)
            free_between += len(parts) - 1
            effective.append(float(sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(parts) - 1))
    if not free_within:
        return None
    repeat = within / free_within
    reproduce = None
    if free_between:
        reproduce = float(np.sqrt(max(between / free_between - repeat, 0.0) / np.mean(effective)))
    return Gauge(float(np.sqrt(repeat)), reproduce, values)


def _crop(found: Sequence[Repeat], cut_seen: bool) -> Crop | None:
    frames = np.array([r.frame_mm for r in found])
    cropped = frames[np.isfinite(frames).all(axis=1)]
    if len(cropped) < FEW_VALUES:
        return None
    mean = tuple(float(v) for v in cropped.mean(axis=0)) if cut_seen else None
    return Crop(mean, tuple(float(v) for v in cropped.std(axis=0, ddof=1)), len(cropped))
