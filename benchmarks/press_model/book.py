"""One printed copy of one title, drawn and scanned: the model's `draw`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from . import contents, faults, geometry, pdf, press, scanner
from . import paper as stocks

U8 = NDArray[Any]  # uint8
F32 = NDArray[Any]  # float32
LIMIT_MM = 2.3  # greatest offset of a sound cut
SIZE_MM = 2.6  # by which the size of a sound block differs at most
MARGIN_MM = 8.5  # backing round the sheet
TRIMS = ((4.0, 6.0), (5.0, 8.0))
# streams of random numbers: one for each thing, so that a fault changes nothing else
TITLE, PRESS, CUT, SCAN, LIE, SHOT, PLANT, BANK = range(8)


@dataclass
class Side:
    """One side of a leaf: its placement and the truth about its cut."""

    number: int
    to_leaf: geometry.F64
    to_frame: geometry.F64
    corners: geometry.F64
    skew: float
    density: float
    offsets: dict[str, float]


@dataclass
class Copy:
    """All that was drawn for one copy."""

    seed: int
    color: bool
    layout: pdf.Layout
    pages: list[contents.Page]
    sides: list[Side]
    press: press.Press
    paper: stocks.Paper
    scanner: scanner.Scanner
    banks: stocks.Banks
    raster: pdf.Rasterizer
    shape: tuple[int, int]
    overviews: dict[int, U8]

    def rng(self, stream: int, *more: int) -> np.random.Generator:
        """Return a generator of this copy's stream."""
        return np.random.default_rng([self.seed, stream, *more])

    def overview(self, number: int) -> U8:
        """Return the page's overview at 100 dpi; blank where there is no such page."""
        if number not in self.overviews:
            if number > len(self.pages):
                k = 100 / 25.4
                size = (round(self.layout.height * k), round(self.layout.width * k))
                self.overviews[number] = np.full(size, 255, np.uint8)
            else:
                self.overviews[number] = self.raster.overview(number)
        return self.overviews[number]


def _cuts(
    rng: np.random.Generator, pages: int, width: float, height: float, scale: float
) -> tuple[list[geometry.Cut], list[geometry.Print], dict[str, Any]]:
    """Draw the cut of each leaf and the placement of each side, all offsets within `LIMIT_MM`."""
    while True:
        wide = rng.random() < 0.5
        base = {e: float(rng.uniform(-LIMIT_MM, LIMIT_MM) if wide else rng.normal(0, 0.8)) for e in geometry.EDGES}
        taper = {e: float(rng.normal(0, 0.12)) for e in geometry.EDGES}
        jitter = float(rng.uniform(0.02, 0.08))
        shift = float(rng.uniform(0.03, 0.15))
        steady = rng.uniform(-shift / 2, shift / 2, (2, 2))  # the press places fronts and backs a little apart
        leaves = []
        for _ in range((pages + 1) // 2):
            o = {e: base[e] + float(np.clip(rng.normal(0, jitter), -2 * jitter, 2 * jitter)) for e in geometry.EDGES}
            t = {e: taper[e] + float(rng.normal(0, 0.02)) for e in geometry.EDGES}
            leaves.append(geometry.Cut(o, t))
        prints = []
        for n in range(pages):
            dx, dy = steady[n % 2] + rng.uniform(-shift / 2, shift / 2, 2)
            prints.append(geometry.Print(float(dx), float(dy), float(rng.normal(0, 0.025)), scale))
        worst = 0.0
        for n in range(pages):
            recto = n % 2 == 0
            corners = leaves[n // 2].corners(width, height, recto)
            found = geometry.offsets(corners, prints[n].matrix(width, height), width, height, recto)
            worst = max(worst, *(abs(v) for v in found.values()))
        size = max(abs(base["head"] + base["tail"]), abs(base["spine"] + base["fore-edge"]))
        if worst <= LIMIT_MM and size <= SIZE_MM:
            notes = {
                "block_mm": {k: round(v, 4) for k, v in base.items()},
                "leaf_jitter_mm": round(jitter, 4),
                "taper_mm": {k: round(v, 4) for k, v in taper.items()},
                "placement_jitter_mm": round(shift, 4),
            }
            return leaves, prints, notes


def build(seed: int, pages: int, color: bool) -> tuple[Copy, dict[str, Any]]:
    """Draw a copy's title, press, paper, cut and scanner; nothing is written."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng([seed, TITLE, int(color)])
    trim = TRIMS[0] if rng.random() < 0.8 else TRIMS[1]
    width, height = trim[0] * 25.4, trim[1] * 25.4
    bleed = bool(rng.random() < 0.7)
    trimbox = bool(rng.random() < 0.4)
    spaces = (["rgb", "cmyk"], [0.6, 0.4]) if color else (["gray", "rgb", "cmyk"], [0.55, 0.3, 0.15])
    space = str(rng.choice(spaces[0], p=spaces[1]))
    layout = pdf.Layout(width, height, bleed, trimbox, space)
    style = contents.make_style(rng, width, color)
    kinds = contents.choose_kinds(rng, pages, color, bleed)
    book = []
    for n, (kind, tinted) in enumerate(kinds, 1):
        own = np.random.default_rng([seed, TITLE, 1, n])
        book.append(contents.make_page(own, n, kind, tinted, bleed, width, height, style))
    raster = pdf.Rasterizer(pdf.write(book, layout), layout)

    rng = np.random.default_rng([seed, PRESS])
    machine = press.make_press(rng, color, space)
    stock = stocks.make_paper(rng)
    scale = float(rng.uniform(0.997, 1.003))
    leaves, prints, cut_notes = _cuts(np.random.default_rng([seed, CUT]), pages, width, height, scale)

    rng = np.random.default_rng([seed, SCAN])
    tilt = float(rng.uniform(0.1, 1.5))
    lean = float(np.sin(np.radians(tilt)))
    k = 300 / 25.4
    shape = (
        round((height + 2 * LIMIT_MM + 2 * MARGIN_MM + width * lean) * k),
        round((width + 2 * LIMIT_MM + 2 * MARGIN_MM + height * lean) * k),
    )
    in_color = color or bool(rng.random() < 0.3)
    device = scanner.make_scanner(rng, shape, in_color, max(stock.reflectance) if in_color else stock.gray)
    banks = stocks.Banks(np.random.default_rng([seed, BANK]), shape, stock.texture, machine.mottle)
    copy = Copy(seed, color, layout, book, [], machine, stock, device, banks, raster, shape, {})
    for n in range(1, pages + 1):
        draw_lie = copy.rng(LIE, n)
        skew = float(draw_lie.uniform(-tilt, tilt))
        jx, jy = draw_lie.uniform(-1.2, 1.2, 2)
        to_leaf = prints[n - 1].matrix(width, height)
        recto = n % 2 == 1
        corners = leaves[(n - 1) // 2].corners(width, height, recto)
        glass = (
            geometry.scale(device.dpi[0] / 25.4, device.dpi[1] / 25.4)
            @ geometry.turn(skew)
            @ geometry.shift(-width / 2, -height / 2)
        )
        glass = geometry.shift(shape[1] / 2 + jx * k, shape[0] / 2 + jy * k) @ glass
        copy.sides.append(
            Side(
                n,
                to_leaf,
                glass @ to_leaf,
                geometry.apply(glass, corners),
                skew,
                1 + float(np.clip(draw_lie.normal(0, 0.01), -0.02, 0.02)),
                geometry.offsets(corners, to_leaf, width, height, recto),
            )
        )
    conditions: dict[str, Any] = {
        "title": {
            "space": space,
            "bleed": bleed,
            "trimbox": trimbox,
            "fonts": style.body,
            "tint_all": style.tint_all,
            "picture_dpi": style.dpi,
        },
        "press": machine.describe(),
        "print_scale": round(scale, 5),
        "paper": {
            "stock": stock.stock,
            "reflectance": [round(v, 4) for v in stock.reflectance],
            "show_through": round(stock.through, 4),
            "texture": round(stock.texture, 5),
        },
        "cut": cut_notes,
        "greatest_skew_deg": round(tilt, 3),
        "scanner": device.describe(),
    }
    return copy, conditions


def plates_of(copy: Copy, number: int, whole: str | None, without: int | None = None) -> dict[str, U8]:
    """Print a page and return its inks' effective coverage (0 to 255) in the raw frame.

    Parameters
    ----------
    copy : Copy
        The copy.
    number : int
        Page number.
    whole : str or None
        Fault of the whole copy; here only ``gray`` matters.
    without : int, optional
        Item of the page left out (a lost line).
    """
    page, side = copy.pages[number - 1], copy.sides[number - 1]
    if not page.items:
        return {}
    raster, index = copy.raster, None
    if without is not None:
        raster, index = pdf.Rasterizer(pdf.write([page], copy.layout, without), copy.layout), 0
    matrix = geometry.scale(2, 2) @ side.to_frame
    if copy.press.blur == "soft":  # pyrDown centers pixel i on fine pixel 2 i, half a fine pixel left of the center
        matrix = geometry.shift(-0.5, -0.5) @ matrix
    shape = (copy.shape[0] * 2, copy.shape[1] * 2)
    in_color = copy.color and whole != "gray"
    image = raster.render(number, matrix, shape, in_color, page.images, index)
    values = copy.press.separate(image)
    return copy.press.print(values, copy.rng(SHOT, number, 1), side.skew, 0.02 if in_color else 0.0)


def _through(copy: Copy, side: Side) -> F32 | None:
    """Return the factor (about 0.92 to 1) by which the other side shows through, in the raw frame."""
    if copy.paper.through < 0.003:
        return None
    other = side.number + 1 if side.number % 2 else side.number - 1
    seen = 255 - copy.overview(other)
    if not seen[::3, ::3].any():
        return None
    seen = cv2.GaussianBlur(seen, (0, 0), 1.6)
    step = 4
    k = 100 / 25.4
    width = copy.layout.width
    flip = np.array([[-1.0, 0, width], [0, 1, 0], [0, 0, 1]])
    turned = copy.sides[other - 1].to_leaf if other <= len(copy.sides) else np.eye(3)
    to_frame = side.to_frame @ np.linalg.inv(side.to_leaf) @ flip @ turned @ geometry.scale(1 / k, 1 / k)
    m = geometry.shift(-0.5, -0.5) @ geometry.scale(1 / step, 1 / step) @ to_frame @ geometry.shift(0.5, 0.5)
    rows, cols = copy.shape[0] // step + 1, copy.shape[1] // step + 1
    small = cv2.warpAffine(seen, m[:2], (cols, rows)).astype(np.float32)
    small = 1 - np.float32(copy.paper.through / 255) * small
    return _spread(small, step, copy.shape)


def _spread(small: F32, step: int, shape: tuple[int, int]) -> F32:
    """Resize a field on a grid ``step`` pixels apart to the frame."""
    size = (small.shape[1] * step, small.shape[0] * step)
    return np.ascontiguousarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)[: shape[0], : shape[1]])


def scan_of(
    copy: Copy, number: int, plates: dict[str, U8], whole: str | None, fault: faults.Fault | None, shot: int
) -> U8:
    """Scan a printed side.

    Parameters
    ----------
    copy : Copy
        The copy.
    number : int
        Page number.
    plates : dict of ndarray
        Coverage of its inks.
    whole : str or None
        Fault of the whole copy (``density-60`` matters here).
    fault : Fault or None
        Fault of this side.
    shot : int
        Number of the scan: noise and loose dust depend on it.
    """
    side, machine, stock = copy.sides[number - 1], copy.press, copy.paper
    density = side.density * (0.6 if whole == "density-60" else 1.0)
    field = faults.density_map(fault, side.to_frame, copy.shape, 4) if fault else None
    rng = copy.rng(SHOT, number, 2)  # texture and mottle belong to the leaf
    mask = geometry.sheet_mask(side.corners, copy.shape)
    sheet = copy.banks.window(rng, "paper")
    through = _through(copy, side)
    if through is not None:
        sheet = cv2.multiply(sheet, through)
    mottled = {}
    for ink, plate in plates.items():
        mottled[ink] = cv2.multiply(plate, copy.banks.window(rng, "mottle"), scale=1 / 200)
    specks = rng.integers(0, machine.specks + 1)
    if specks and "K" in mottled:
        ys, xs = rng.integers(0, copy.shape[0], specks), rng.integers(0, copy.shape[1], specks)
        mottled["K"][ys, xs] = np.maximum(mottled["K"][ys, xs], rng.integers(15, 90, specks).astype(np.uint8))
    gains = stock.reflectance if copy.scanner.color else (stock.gray,)
    planes = []
    for channel, level in enumerate(gains):
        plane = np.multiply(sheet, np.float32(level))
        for ink, plate in mottled.items():
            solid = machine.solids[ink][channel if len(gains) == 3 else 1]
            if solid > 0.985:
                continue
            if field is None:
                table = 1 - np.arange(256) / 255 * (1 - solid**density)
                factor = cv2.LUT(plate, table.astype(np.float32))
            else:
                absorbed = _spread((solid ** (density * field) - 1).astype(np.float32), 4, copy.shape)
                factor = cv2.multiply(plate, absorbed, scale=1 / 255, dtype=cv2.CV_32F)
                factor = np.add(factor, np.float32(1))
            plane = cv2.multiply(plane, factor, dst=plane)
        planes.append(plane)
    return scanner.expose(copy.scanner, number, planes, mask, copy.banks, copy.rng(SHOT, number, 3, shot))


def _toml(copy: Copy, folder: Path) -> None:
    inches = f"{copy.layout.width / 25.4:g} x {copy.layout.height / 25.4:g} in"
    rng = copy.rng(TITLE, 2)
    ink = "black" if not copy.color else str(rng.choice(["standard-color", "premium-color"]))
    stock = "cream" if copy.paper.stock == "cream" else "white"
    bleed = str(copy.layout.bleed).lower()
    (folder / "title" / "title.toml").write_text(
        f'trim = "{inches}"\nbleed = {bleed}\npaper = "{stock}"\nink = "{ink}"\n', encoding="utf-8"
    )
    extra = "bleed = true\n" if copy.layout.bleed and not copy.layout.trimbox else ""
    (folder / "copy.toml").write_text(
        f'schema = 1\n\n[scan]\ndpi = 300\ncomplete = true\n\n[reference]\ntrim = "{inches}"\n{extra}', encoding="utf-8"
    )


def draw(
    folder: Path,
    seed: int,
    *,
    pages: int,
    color: bool,
    plants: Sequence[tuple[str, int]] = (),
    whole: str | None = None,
) -> dict[str, Any]:
    """Draw one printed and scanned copy of a title of its own.

    Parameters
    ----------
    folder : Path
        Where to write ``title/``, ``sound/``, ``faulty/``, ``copy.toml`` and ``truth.json``.
    seed : int
        Source of everything; the same seed gives the same files.
    pages : int
        Number of pages.
    color : bool
        A color title (at least half of its pages have color), else black ink only.
    plants : sequence of (str, int)
        Kinds of fault and pages (from 1) to draw besides; one that the page cannot have is left out.
    whole : str, optional
        Fault of the whole copy; left out (null in the truth) where the title cannot have it.

    Returns
    -------
    dict
        The truth, as in ``truth.json``.

    Notes
    -----
    ``offsets_mm`` is in millimeters of the reference: the cut's corners are carried back through the side's placement
    (shift, turn and print scale about the page center), then the distance of each straight cut edge from its trim line
    is averaged along the edge. It is thus what a perfect registration of the page's own print would see, skew and the
    scanner's true resolution undone. > 0: paper left over outside the trim line.
    """
    folder = Path(folder)
    for part in ("title", "sound", "faulty") if plants else ("title", "sound"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    copy, conditions = build(seed, pages, color)
    if whole not in (None, *faults.WHOLE):
        raise ValueError(f"unknown whole-copy fault {whole!r}")
    if not color and whole in ("lost-ink", "gray"):
        whole = None
    (folder / "title" / "interior.pdf").write_bytes(copy.raster.data)
    _toml(copy, folder)
    lost = _whole_ink(copy) if whole == "lost-ink" else None
    if lost:
        conditions["whole_lost_ink"] = lost
    suffix = copy.scanner.suffix
    size = (copy.layout.width, copy.layout.height)
    truth: dict[str, Any] = {
        "seed": seed,
        "model": "press_model",
        "color": color,
        "trim_mm": [round(v, 3) for v in size],
        "dpi": 300,
        "backing": copy.scanner.backing,
        "conditions": conditions,
        "whole": whole,
        "pages": [],
        "plants": [],
    }
    for n in range(1, pages + 1):
        page, side = copy.pages[n - 1], copy.sides[n - 1]
        plates = plates_of(copy, n, whole)
        if lost:
            plates.pop(lost, None)
        name = f"p-{n:04d}{suffix}"
        scanner.save(copy.scanner, folder / "sound" / name, scan_of(copy, n, plates, whole, None, 0))
        truth["pages"].append(
            {
                "file": name,
                "page": n,
                "kind": page.kind,
                "color": page.color,
                "skew_deg": round(side.skew, 4),
                "offsets_mm": {k: round(v, 4) for k, v in side.offsets.items()},
            }
        )
        for index, (kind, where) in enumerate(plants):
            if where != n:
                continue
            entry = _plant(copy, n, kind, plates, whole, index + 1, folder)
            if entry:
                truth["plants"].append(entry)
    (folder / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return truth


def _whole_ink(copy: Copy) -> str:
    """Return an ink the whole copy does without: one of those that the title needs most."""
    k = 50 / 25.4
    shape = (round(copy.layout.height * k), round(copy.layout.width * k))
    used = dict.fromkeys("CMY", 0.0)
    for page in copy.pages:
        if page.color:
            image = copy.raster.render(page.number, geometry.scale(k, k), shape, True, False)
            for ink, values in copy.press.separate(image).items():
                if ink != "K":
                    used[ink] += float(values.mean())
    needed = [ink for ink, amount in used.items() if amount >= 0.6 * max(used.values())]
    return needed[int(copy.rng(PLANT, 0).integers(len(needed)))]


def _plant(
    copy: Copy, number: int, kind: str, plates: dict[str, U8], whole: str | None, shot: int, folder: Path
) -> dict[str, Any] | None:
    """Draw one faulty scan; return its entry of the truth, or None where the page cannot have the fault."""
    page, side = copy.pages[number - 1], copy.sides[number - 1]
    area = page.width * page.height * (300 / 25.4) ** 2
    inks = {k: float(p.sum(dtype=np.float64)) / 255 / area for k, p in plates.items()}
    cover = faults.Cover(copy.overview(number), page.width)
    fault = faults.make(
        copy.rng(PLANT, number, faults.KINDS.index(kind)), kind, cover, (page.width, page.height), page.lines, inks
    )
    if fault is None:
        return None
    if fault.line is not None:
        plates = plates_of(copy, number, whole, fault.line)
    struck = faults.strike(fault, plates, side.to_frame, copy.shape)
    name = f"{kind}-p-{number:04d}{copy.scanner.suffix}"
    scanner.save(copy.scanner, folder / "faulty" / name, scan_of(copy, number, struck, whole, fault, shot))
    return {"kind": kind, "page": number, "file": name, "box_mm": faults.describe_box(fault), "detail": fault.detail}
