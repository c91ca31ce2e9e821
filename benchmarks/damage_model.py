"""Sound copies for `benchmarks/damage_study.py`, of both drawing models, with all that a sound copy may show.

Rough cuts, corners rounded or dulled, lamps, loose dust, leaves that lie alike or not, black and gray backings, some white.
Every page comes as a picture with the map from page-frame millimeters to its pixels and the corners of its leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import synthetic_model
from press_model import book, geometry, scanner

from qc.synthetic import Block, sample_conditions, write_scan, write_title
from qc.synthetic.damage import without_paper
from qc.synthetic.draw import draw_scan
from qc.synthetic.files import suffix
from qc.synthetic.maps import Map, applied
from qc.synthetic.outlines import extent

cv2.setNumThreads(1)

PICTURES = {"picture", "gray-picture", "bleed-bright", "bleed-dark", "bleed-mixed", "full-bleed", "children", "photo"}
FRAME_MM = 2.0


@dataclass(frozen=True)
class Drawn:
    """One page: its file name, picture, map (page-frame mm -> px), corners of the leaf (px) and what writes it."""

    file: str
    page: int
    kind: str
    image: Any
    to_scan: Map
    corners_px: Any
    write: Callable[[Path, Any], None]


def pages_of(
    model: str, folder: Path, seed: int, pages: int, color: bool, dpi: int
) -> tuple[dict[str, Any], Iterator[Drawn]]:
    """Conditions and pages of one sound copy; title/ and copy.toml are written into the folder."""
    if model == "press":
        return _press(folder, seed, pages, color)
    return _synthetic(folder, seed, pages, color, float(dpi))


def _press(folder: Path, seed: int, pages: int, color: bool) -> tuple[dict[str, Any], Iterator[Drawn]]:
    copy, conditions = book.build(seed, pages, color)
    (folder / "title").mkdir(parents=True, exist_ok=True)
    (folder / "title" / "interior.pdf").write_bytes(copy.raster.data)
    book._toml(copy, folder)

    def drawn() -> Iterator[Drawn]:
        for n, side in enumerate(copy.sides, 1):
            image = book.scan_of(copy, n, book.plates_of(copy, n, None), None, None, 0)
            # This model's pixel i covers [i, i + 1); elsewhere an integer is its center.
            to_scan = (geometry.shift(-0.5, -0.5) @ side.to_frame)[:2]
            yield Drawn(
                f"p-{n:04d}{copy.scanner.suffix}",
                n,
                copy.pages[n - 1].kind,
                image,
                to_scan,
                side.corners - 0.5,
                lambda path, image: scanner.save(copy.scanner, path, image),
            )

    told = {"backing": copy.scanner.backing, "dpi": 300, "trim_mm": [copy.layout.width, copy.layout.height]}
    return told | {"conditions": conditions}, worn(drawn(), seed)


def _synthetic(folder: Path, seed: int, pages: int, color: bool, dpi: float) -> tuple[dict[str, Any], Iterator[Drawn]]:
    m = synthetic_model
    rng = np.random.default_rng([seed, 1])
    trim = str(rng.choice(list(m.TRIMS), p=[0.9, 0.1]))
    backing = str(rng.choice(["black", "gray", "white"], p=[0.5, 0.4, 0.1]))
    bleed = bool(color or rng.random() < 0.3)
    printed, cut, device = sample_conditions(rng, backing, dpi, 2.3)
    if (size := abs(cut.head_mm + cut.tail_mm)) > 2.3:
        cut = replace(cut, head_mm=cut.head_mm * 2.3 / size, tail_mm=cut.tail_mm * 2.3 / size)
    printed = replace(
        printed, dx_mm=0.0, dy_mm=0.0, halftone="am" if rng.random() < 0.15 else None, lpi=float(rng.uniform(100, 175))
    )
    rough = float(np.exp(rng.uniform(np.log(0.005), np.log(0.15))))
    cut = replace(cut, taper_mm=tuple(t / 2 for t in cut.taper_mm), roughness_mm=rough)
    alike = bool(rng.random() < 0.4)
    block = Block(cut, 0.05, 0.05, 0.05, (0.1, -0.05), 0.1)
    device = m._on_glass(rng, device, color)
    kinds, pdf = m._kinds(rng, pages, color), folder / "title" / "interior.pdf"
    title = write_title(pdf, kinds, trim_mm=m.TRIMS[trim], bleed=bleed, seed=seed, trim_box=bleed)
    m._statements(folder, trim, bleed, True, printed, color, rng)
    stated = (folder / "copy.toml").read_text().replace(f"dpi = {m.DPI:.0f}", f"dpi = {dpi:.0f}")
    (folder / "copy.toml").write_text(stated)

    def drawn() -> Iterator[Drawn]:
        frame = None
        for page in title.pages:
            lie = np.random.default_rng([seed, 3, 1 if alike else page.number])
            how, leaf, scan = m._laid(lie, printed, block, page.recto, device)
            other = page.number + 1 if page.recto else page.number - 1
            back = title.pages[other - 1] if other <= pages else None
            image, truth = draw_scan(page, how, leaf, scan, np.random.default_rng([seed, 4, page.number]), back)
            frame = frame or tuple(int(v + FRAME_MM / 25.4 * dpi) for v in image.shape[:2])
            image = _framed(image, frame)
            yield Drawn(
                f"p-{page.number:04d}{suffix(scan)}",
                page.number,
                str(page.kind),
                image,
                truth.to_scan,
                truth.corners_px,
                lambda path, image, scan=scan: write_scan(path, image, scan) and None,
            )

    told = {"backing": backing, "dpi": dpi, "trim_mm": list(m.TRIMS[trim])}
    told["conditions"] = {"roughness_mm": rough, "alike": alike, "halftone": printed.halftone}
    return told, worn(drawn(), seed)


def _framed(image: Any, frame: tuple[int, ...]) -> Any:
    """The picture in the copy's own frame of the glass: cropped, or carried on with its own backing."""
    rows, columns = frame
    down, wide = max(0, rows - image.shape[0]), max(0, columns - image.shape[1])
    return cv2.copyMakeBorder(image, 0, down, 0, wide, cv2.BORDER_REFLECT_101)[:rows, :columns]


def worn(drawn: Iterator[Drawn], seed: int) -> Iterator[Drawn]:
    """Corners as sound copies have them: sharp, rounded by 1 to 6 mm, or dulled by less than 15 mm2; the same on all leaves."""
    rng = np.random.default_rng([seed, 21])
    how = str(rng.choice(["sharp", "round", "dull"], p=[0.5, 0.25, 0.25]))
    radius = float(rng.uniform(1, 6))
    legs = rng.uniform(0, 5, (4, 2))
    for d in drawn:
        if how == "sharp":
            yield d
            continue
        per_mm = float(np.hypot(*d.to_scan[:, 0]))
        image, noise = d.image, np.random.default_rng([seed, 22, d.page])
        center = d.corners_px.mean(axis=0)
        for i, corner in enumerate(d.corners_px):
            fore_edge = (i in (1, 2)) == bool(d.page % 2)
            if not fore_edge:
                continue
            before, after = (d.corners_px[(i + k) % 4] for k in (-1, 1))
            e, f = ((p - corner) / np.hypot(*(p - corner)) * per_mm for p in (before, after))
            outward = corner + (corner - center) / np.hypot(*(corner - center)) * 2 * per_mm
            if how == "round":
                turn = np.linspace(0, np.pi / 2, 24)[:, None]
                arc = corner + radius * ((1 - np.sin(turn)) * e + (1 - np.cos(turn)) * f)
            else:
                arc = np.array([corner + legs[i, 0] * e, corner + legs[i, 1] * f])
            a, b = arc[0] - 2 * f, arc[-1] - 2 * e
            if extent(arc) > 0.3 * per_mm:
                image = without_paper(image, np.array([*arc, b, outward, a]), d.corners_px, per_mm, noise)
        yield replace(d, image=image)


def mm_of(to_scan: Map, points_px: Any) -> Any:
    """Page-frame millimeters of pixels."""
    back = np.linalg.inv(np.vstack([to_scan, [0, 0, 1]]))[:2]
    return applied(back, points_px)
