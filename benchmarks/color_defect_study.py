"""Faults of color in drawn copies: which are named, on which pages, and what sound copies show. Numbers only.

    python benchmarks/color_defect_study.py draw FOLDER --seeds 5000 5050     # about 0.5 s a page
    python benchmarks/color_defect_study.py report FOLDER

Every copy has four small pages in color, another press drift, scanner, screen, paper and title. The sheet is laid on the
glass straight and its place is known to 0.1 mm; print, light, noise, tone curve and JPEG are drawn as for a whole scan. Seeds
below 5000 chose the thresholds of the measure and the limits of the policy, those from 5000 on are held out. `report` puts
together 1,000 sound copies of 24 pages from the pages of sound copies scanned and printed alike, too.
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from qc.features.page_maps import page_maps
from qc.features.tiles import PageTiles, ScannedPage, page_tiles
from qc.geometry import Affine
from qc.judge.judge import judge
from qc.judge.policy import load_policy
from qc.measure.color_defect import color_defect
from qc.model import BookCopy, Finding, Observation, Outcome, ReferenceId, Resolution, Where
from qc.normalize.page_image import PageImage
from qc.reference.find import ReferencePage, open_reference
from qc.synthetic import (
    CREAM_PAPER,
    WHITE_PAPER,
    Kind,
    PageDesign,
    Print,
    Scanner,
    sample_conditions,
    sample_drift,
    write_title,
)
from qc.synthetic.press import print_page, to_raster
from qc.synthetic.scanner import seen as through_scanner
from qc.units import parse_trim, px_per_mm

TRIM = "3.5 x 5 in"
KINDS = (Kind.PICTURE, Kind.BLEED_MIXED, Kind.PICTURE, Kind.BLEED_BRIGHT)
COLORED = (1, 2, 3, 4)
TITLES = 12
INKS = ("cyan", "magenta", "yellow")

CODES = {
    "lost": {"lost-channel"},
    "weak": {"weak-channel", "lost-channel"},
    "fade": {"fade"},
    "half": {"fade"},
    "gray": {"gray"},
    "band": {"band"},
    "stock": {"wrong-paper"},
    "cast": {"cast"},
    "tone": {"tone-shift"},
}
NOTES = ("cast", "tone")
"""Faults that are said and never make a defect."""
POLICY = load_policy("kdp")

Fault = tuple[Print, tuple[int, ...], dict[str, Any]]
"""How the faulty pages are printed, which they are, and what is true of them."""


def _some(rng: np.random.Generator) -> tuple[int, ...]:
    """All colored pages, or one of them."""
    return COLORED if rng.random() < 0.5 else (int(rng.choice(COLORED)),)


def _one_ink(how: Print, ink: int, share: float, rng: np.random.Generator) -> Print:
    if share == 0 and rng.random() < 0.5:
        return replace(how, lost=INKS[ink])
    inks = list(how.inks)
    inks[ink] *= share
    return replace(how, inks=(inks[0], inks[1], inks[2]))


def sound(how: Print, rng: np.random.Generator) -> Fault:
    return how, (), {}


def lost(how: Print, rng: np.random.Generator) -> Fault:
    ink = int(rng.integers(3))
    return _one_ink(how, ink, 0.0, rng), _some(rng), {"channel": INKS[ink]}


def weak(how: Print, rng: np.random.Generator) -> Fault:
    ink, share = int(rng.integers(3)), float(rng.uniform(0.3, 0.5))
    return _one_ink(how, ink, share, rng), _some(rng), {"channel": INKS[ink], "loss": 1 - share}


def fade(how: Print, rng: np.random.Generator) -> Fault:
    loss = float(rng.uniform(0.3, 0.5)) * (1 if rng.random() < 0.5 else -1)
    down = rng.random() < 0.5
    faded = replace(how, fade_down=loss) if down else replace(how, fade=loss)
    return faded, _some(rng), {"loss": abs(loss), "toward": (("head", "tail") if down else ("left", "right"))[loss > 0]}


def half(how: Print, rng: np.random.Generator) -> Fault:
    (width, height), loss = parse_trim(TRIM), float(rng.uniform(0.3, 0.5))
    boxes = {
        "tail": (-5, height / 2, width + 5, height + 5),
        "head": (-5, -5, width + 5, height / 2),
        "right": (width / 2, -5, width + 5, height + 5),
        "left": (-5, -5, width / 2, height + 5),
    }
    toward = str(rng.choice(list(boxes)))
    return replace(how, faded=((*boxes[toward], 1 - loss),)), _some(rng), {"loss": loss, "toward": toward}


def gray(how: Print, rng: np.random.Generator) -> Fault:
    return replace(how, gray=True), _some(rng), {}


def band(how: Print, rng: np.random.Generator) -> Fault:
    axis, pitch, amplitude = str(rng.choice(["x", "y"])), float(rng.uniform(9, 25)), float(rng.uniform(0.15, 0.3))
    return (
        replace(how, bands=((axis, pitch, amplitude, float(rng.uniform(0, 6))),)),
        _some(rng),
        {"amplitude": amplitude},
    )


def stock(how: Print, rng: np.random.Generator) -> Fault:
    was = how.paper[2] / how.paper[0] > 0.9
    factor = how.paper[0] / (WHITE_PAPER if was else CREAM_PAPER)[0]
    other = np.array(CREAM_PAPER if was else WHITE_PAPER) * factor
    return replace(how, paper=(float(other[0]), float(other[1]), float(other[2]))), COLORED, {}


def cast(how: Print, rng: np.random.Generator) -> Fault:
    ink, excess = int(rng.integers(3)), float(rng.uniform(0.3, 0.7))
    strength = list(how.strength)
    strength[ink] *= 1 + excess
    return (
        replace(how, strength=(strength[0], strength[1], strength[2])),
        COLORED,
        {"channel": INKS[ink], "excess": excess},
    )


def tone(how: Print, rng: np.random.Generator) -> Fault:
    gain = float(rng.uniform(0.15, 0.3))
    return replace(how, gain=how.gain + gain), COLORED, {"gain": gain}


FAULTS: dict[str, Callable[[Print, np.random.Generator], Fault]] = {
    f.__name__: f for f in (sound, lost, weak, fade, half, gray, band, stock, cast, tone)
}


def draw(folder: Path, kinds: Sequence[str], first: int, last: int) -> None:
    """One pickle a copy: its pages as examined, and what is true of it."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(first, last):
        for kind in kinds:
            out = folder / f"{kind}-{seed}.pickle"
            if not out.exists():
                out.write_bytes(pickle.dumps(_drawn(folder, kind, seed)))
                print(out.name, file=sys.stderr)


def _drawn(folder: Path, kind: str, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng([seed, list(FAULTS).index(kind)])
    number = seed % TITLES + TITLES * ((seed >= 5000) + (seed >= 6000))
    path = folder / f"title-{number}" / "interior.pdf"
    title = write_title(path, KINDS, trim_mm=parse_trim(TRIM), bleed=True, seed=number)
    reference = open_reference(path, trim=TRIM, bleed=True)
    printed, _, scanner = sample_conditions(rng, "black", 150.0)
    scanner = replace(scanner, mode="color", quality=max(70, scanner.quality))
    printed = sample_drift(rng, printed)
    if rng.random() < 0.15:
        printed = replace(printed, halftone=("am", "fm")[int(rng.integers(2))], lpi=float(rng.uniform(100, 175)))
    ordered = "white" if printed.paper[2] / printed.paper[0] > 0.9 else "cream"
    faulty, where, truth = FAULTS[kind](printed, rng)
    pages = [
        _seen(page, reference.page(page.number), faulty if page.number in where else printed, scanner, rng)
        for page in title.pages
    ]
    return {"kind": kind, "seed": seed, "ordered": ordered, "where": where, "truth": truth, "pages": pages}


def _seen(
    page: PageDesign, ordered: ReferencePage, how: Print, scanner: Scanner, rng: np.random.Generator
) -> PageTiles:
    """Tiles of one page as its scan gives them."""
    sheet = print_page(page, how, 2 * scanner.dpi, rng)
    small = cv2.resize(sheet, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(65535)
    margin = round(px_per_mm(scanner.dpi) * 6)
    light = cv2.copyMakeBorder(small, *[margin] * 4, cv2.BORDER_CONSTANT, value=scanner.backing)
    pixels = np.asarray(through_scanner(light, scanner, rng))
    stored = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, scanner.quality])[1]
    pixels = np.ascontiguousarray(cv2.imdecode(stored, cv2.IMREAD_COLOR)[:, :, ::-1])
    luminance = np.zeros(pixels.shape[:2], np.float32)
    image = PageImage(luminance, pixels, Resolution(scanner.dpi, scanner.dpi), Affine.scaling(1.0))
    off = margin + rng.normal(0, 0.1 * px_per_mm(scanner.dpi), 2)
    return page_tiles(page_maps(image, ordered, Affine.shift(*off).after(Affine(to_raster(page, small.shape)))))


def report(folder: Path) -> None:
    drawn = [pickle.loads(path.read_bytes()) for path in sorted(folder.glob("*.pickle"))]
    found = [(copy, _observations(copy)) for copy in drawn]
    for kind in FAULTS:
        own = [(copy, seen) for copy, seen in found if copy["kind"] == kind]
        if kind == "sound":
            outcomes = Counter(f"{f.rule} {f.outcome}" for _, seen in own for f in _findings(seen))
            print(f"sound: {len(own)} copies; beyond within: {dict(outcomes)}")
        elif own and kind not in NOTES:
            _detection(kind, own)
    errors(found)
    for kind in NOTES:
        _notes(kind, found)
    rows = [seen for copy, seen in found if copy["kind"] == "sound"]
    if rows:
        _resampled(rows)


def _observations(copy: dict[str, Any], paper: str | None = None) -> list[Observation]:
    pages = [ScannedPage(n, (f"p-{n}.jpg", 0), t, Affine.scaling(1.0)) for n, t in enumerate(copy["pages"], 1)]
    return color_defect(pages, paper or copy["ordered"], "premium-color")


def _findings(observations: Sequence[Observation]) -> list[Finding]:
    """Of the defect rules for color, those that are not within."""
    findings, _ = judge(observations, POLICY, BookCopy("X", Path("X"), ()), (), ReferenceId("pdf"))
    bad = (Outcome.OUTSIDE, Outcome.UNDECIDED)
    return [f for f in findings if f.measure == "color-defect" and f.severity == "defect" and f.outcome in bad]


def _detection(kind: str, own: Sequence[tuple[dict[str, Any], list[Observation]]]) -> None:
    """Codes named on the right pages; what else is said of these copies, and where."""
    code = CODES[kind]
    named = defect = pages = hits = direction = 0
    other: Counter[str] = Counter()
    for copy, seen in own:
        findings = _findings(seen)
        mine = [f for f in findings if f.code in code]
        at = set()
        for f in mine:
            o = next(o for o in seen if o.where == f.where and o.detail.get("code") == f.code)
            at |= {f.where.page} if f.where.page else set(o.detail.get("pages", copy["where"]))
            told = {"lost": "channel", "weak": "channel", "fade": "toward", "half": "toward"}.get(kind)
            if told and o.detail[told] != copy["truth"][told]:
                other[f"wrong {told}"] += 1
        named += bool(at & set(copy["where"]))
        direction += at == set(copy["where"])
        defect += any(f.outcome is Outcome.OUTSIDE for f in mine)
        pages, hits = pages + len(copy["where"]), hits + len(at & set(copy["where"]))
        other.update(f"{f.code} {f.outcome}" for f in findings if f.code not in code)
        other.update("wrong page" for _ in at - set(copy["where"]))
    print(
        f"{kind}: {len(own)} copies; named {named}, as a defect {defect}, on exactly the right pages {direction}; "
        f"{hits} of {pages} pages; else: {dict(other)}"
    )


def errors(found: Sequence[tuple[dict[str, Any], list[Observation]]]) -> None:
    """Value against truth, in u, where a number was drawn."""
    for kind, key, code in (("weak", "loss", "lost-channel"), ("fade", "loss", "fade"), ("half", "loss", "fade")):
        z, error = [], []
        for copy, seen in found:
            if copy["kind"] == kind:
                for o in seen:
                    on = {o.where.page} if o.where.page else set(o.detail.get("pages", ()))
                    if o.detail.get("code") == code and o.value is not None and on <= set(copy["where"]) and on:
                        error.append(o.value - copy["truth"][key])
                        z.append(error[-1] / (o.u or 1.0))
        if z:
            inside = np.mean(np.abs(z) < 2)
            print(f"{kind}, {code}: {len(z)} values, mean error {np.mean(error):+.3f}, {100 * inside:.0f} % within 2u")
    _bands(found)


def _notes(kind: str, found: Sequence[tuple[dict[str, Any], list[Observation]]]) -> None:
    """What is said of copies with a cast or shifted mid-tones, and of sound ones."""
    (code,) = CODES[kind]
    for of in (kind, "sound"):
        own = [(copy, o) for copy, seen in found if copy["kind"] == of for o in seen if o.detail.get("code") == code]
        values = np.array([o.value for _, o in own if o.value is not None])
        if not len(values):
            continue
        findings, _ = judge([o for _, o in own], POLICY, BookCopy("X", Path("X"), ()), (), ReferenceId("pdf"))
        outcomes = Counter(str(f.outcome) for f in findings if f.code == code)
        right = sum(o.detail.get("channel") == copy["truth"].get("channel", "") for copy, o in own)
        named = f"; the ink named in {right} of {len(own)}" if kind == of == "cast" else ""
        spread = " ".join(f"{v:.2f}" for v in np.quantile(values, (0, 0.05, 0.5, 0.95, 1)))
        print(f"{code} on {of} copies: {dict(outcomes)}; values at 0, 5, 50, 95, 100 %: {spread}{named}")


def _bands(found: Sequence[tuple[dict[str, Any], list[Observation]]]) -> None:
    """Bands are a lower bound: how often it holds, and what share of the drawn swing is seen."""
    shares, held = [], []
    for copy, seen in found:
        if copy["kind"] == "band":
            true = copy["truth"]["amplitude"] / np.sqrt(2)
            for o in seen:
                on = {o.where.page} if o.where.page else set(o.detail.get("pages", ()))
                if o.detail.get("code") == "band" and o.value is not None and on and on <= set(copy["where"]):
                    shares.append(o.value / true)
                    held.append(o.value - 2 * (o.u or 0.0) <= true)
    if shares:
        print(
            f"band: {len(shares)} values, {min(shares):.2f} to {max(shares):.2f} of the drawn swing, median "
            f"{np.median(shares):.2f}; value − 2u below it in {100 * np.mean(held):.0f} %"
        )


def _resampled(rows: Sequence[list[Observation]], copies: int = 1000, parts: int = 6) -> None:
    rng = np.random.default_rng(1)
    outside = doubtful = 0
    for _ in range(copies):
        observations = []
        for part, at in enumerate(rng.choice(len(rows), parts)):
            for o in rows[at]:
                if o.where.page is not None:
                    observations.append(replace(o, where=Where(page=o.where.page + part * len(COLORED))))
                elif part == 0:
                    observations.append(o)
        outcomes = {f.outcome for f in _findings(observations)}
        outside += Outcome.OUTSIDE in outcomes
        doubtful += Outcome.UNDECIDED in outcomes
    pages = parts * len(COLORED)
    print(f"{copies} sound copies of {pages} pages put together: {outside} called a defect, {doubtful} to a person")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("draw", "report"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs=2, default=(5000, 5050))
    parser.add_argument("--kinds", nargs="+", default=list(FAULTS), choices=list(FAULTS))
    wanted = parser.parse_args()
    if wanted.what == "draw":
        draw(wanted.folder, wanted.kinds, *wanted.seeds)
    else:
        report(wanted.folder)


if __name__ == "__main__":
    main()
