"""Drawing model of `benchmarks/verdict_study.py` on top of `qc.synthetic`: sound copies, faults on single pages, faulty copies.

One title a seed, printed, cut and scanned under conditions of `qc.synthetic.sample_conditions` and `sample_drift`. A fault
changes nothing but the `Print` of its page, so that leaf, lie, dust and noise are those of the sound scan. Backings are black
(45 %), gray (40 %) and white (15 %).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from synthetic_faults import FAULTS, Place, paler, without_ink

from qc.synthetic import Block, Kind, Print, Scanner, sample_conditions, sample_drift, write_scan, write_title
from qc.synthetic.draw import draw_scan
from qc.synthetic.files import suffix

cv2.setNumThreads(1)

TRIMS = {"4 x 6 in": (101.6, 152.4), "5 x 8 in": (127.0, 203.2)}
DPI = 300.0
REACH_MM = SIZE_MM = 2.6
"""Cuts of sound copies are uniform within this, and their height differs by this at most; the policy's limit is 3.175 mm."""
MOST_SKEW_DEG = 1.5
GRAY_KINDS = {
    Kind.TEXT: 10, Kind.CHAPTER: 2, Kind.GRAY_PICTURE: 3, Kind.LINE_ART: 1, Kind.TABLE: 1.5, Kind.RULED: 0.5, Kind.DOT_GRID: 0.3,
    Kind.FOLIO_ONLY: 0.3, Kind.BLANK: 1, Kind.THREE_LINES: 0.5, Kind.ORNAMENT: 0.2, Kind.GRAY_LINES: 0.3, Kind.ONE_RULE: 0.2,
}  # fmt: skip
COLORS = {
    Kind.PICTURE: 5,
    Kind.BLEED_BRIGHT: 1.5,
    Kind.BLEED_DARK: 1.5,
    Kind.BLEED_MIXED: 3,
    Kind.YELLOW_LINES: 0.3,
    Kind.PINK_BOX: 0.2,
}
COLOR_KINDS = {k: v / 2 for k, v in GRAY_KINDS.items()} | COLORS


def draw(
    folder: Path,
    seed: int,
    *,
    pages: int,
    color: bool,
    plants: Sequence[tuple[str, int]] = (),
    whole: str | None = None,
) -> dict[str, Any]:
    """Draw one copy of its own title.

    Parameters
    ----------
    folder : Path
        Gets title/, sound/, faulty/, copy.toml and truth.json.
    seed : int
        Decides on everything; the sound scans do not depend on `plants`.
    pages : int
    color : bool
        A title with color pages; else a gray one.
    plants : sequence of (kind, page)
        Faults of single pages, each drawn as a further scan of its page; those a page cannot have are left out.
    whole : str, optional
        Fault that all pages of the copy have: "lost-ink", "gray" or "density-60".

    Returns
    -------
    dict
        What is true, as truth.json holds it.
    """
    rng = np.random.default_rng([seed, 1])
    trim = str(rng.choice(list(TRIMS), p=[0.9, 0.1]))
    trim_box, bleed = bool(rng.random() < 0.5), bool(color or rng.random() < 0.3)
    backing = str(rng.choice(["black", "gray", "white"], p=[0.45, 0.4, 0.15]))
    kinds = _kinds(rng, pages, color)
    printed, cut, scanner = sample_conditions(rng, backing, DPI, REACH_MM)
    if (size := abs(cut.head_mm + cut.tail_mm)) > SIZE_MM:
        cut = replace(cut, head_mm=cut.head_mm * SIZE_MM / size, tail_mm=cut.tail_mm * SIZE_MM / size)
    printed = replace(printed, dx_mm=0.0, dy_mm=0.0)
    drifted = _drifted(rng, printed)
    jitter = float(rng.uniform(0.0, 0.1))
    duplex = (float(rng.normal(0, 0.1)), float(rng.normal(0, 0.1)))
    block = Block(replace(cut, taper_mm=tuple(t / 2 for t in cut.taper_mm)), jitter, jitter, 0.05, duplex, 0.2)
    scanner = _on_glass(rng, scanner, color)
    faulty = _whole(np.random.default_rng([seed, 2]), whole)

    title = write_title(
        folder / "title" / "interior.pdf",
        kinds,
        trim_mm=TRIMS[trim],
        bleed=bleed,
        seed=seed,
        trim_box=bleed and trim_box,
    )
    _statements(folder, trim, bleed, trim_box, printed, color, rng)
    for name in ("sound", "faulty"):
        (folder / name).mkdir(exist_ok=True)
    drawn, planted = [], []
    for page in title.pages:
        how = drifted if page.kind in COLORS else printed
        how, leaf, scan = _laid(np.random.default_rng([seed, 3, page.number]), how, block, page.recto, scanner)
        other = page.number + 1 if page.recto else page.number - 1
        back = title.pages[other - 1] if other <= pages else None

        def scanned(file: str, how: Print, page=page, leaf=leaf, scan=scan, back=back) -> dict[str, float]:
            noise = np.random.default_rng([seed, 4, page.number])
            image, truth = draw_scan(page, how, leaf, scan, noise, back)
            write_scan(folder / file, image, scan)
            return truth.offsets_mm

        name = f"p-{page.number:04d}{suffix(scan)}"
        offsets = scanned(f"sound/{name}", faulty(how))
        offsets = {edge: round(v, 4) for edge, v in offsets.items()}
        drawn.append({"file": name, "page": page.number, "kind": str(page.kind), "offsets_mm": offsets})
        for kind in [k for k, number in plants if number == page.number]:
            fault = FAULTS[kind](
                Place(page, np.random.default_rng([seed, 5, page.number, list(FAULTS).index(kind)])), how
            )
            if fault is not None:
                scanned(f"faulty/{kind}-{name}", fault[0])
                box = None if fault[1] is None else [round(v, 2) for v in fault[1]]
                planted.append(
                    {"kind": kind, "page": page.number, "file": f"{kind}-{name}", "box_mm": box, "detail": fault[2]}
                )
    conditions = {
        "trim": trim, "bleed": bleed, "print": asdict(printed), "block": asdict(block), "scanner": asdict(scanner),
        "color_print": asdict(drifted) if color else None,
    }  # fmt: skip
    truth = {
        "seed": seed, "model": "synthetic", "color": color, "trim_mm": list(TRIMS[trim]), "dpi": DPI, "backing": backing,
        "conditions": conditions, "whole": whole, "pages": drawn, "plants": planted,
    }  # fmt: skip
    (folder / "truth.json").write_text(json.dumps(truth, indent=1))
    return truth


def _kinds(rng: np.random.Generator, pages: int, color: bool) -> list[Kind]:
    """What the pages show: a half title first; half of a color title's pages have color at the least."""
    table = COLOR_KINDS if color else GRAY_KINDS
    share = np.array(list(table.values()), float)
    kinds = [list(table)[i] for i in rng.choice(len(table), pages, p=share / share.sum())]
    kinds[0] = Kind.HEADING
    for at in rng.permutation(np.arange(1, pages)):
        if color and sum(k in COLORS for k in kinds) < pages // 2 and kinds[at] not in COLORS:
            kinds[at] = (Kind.PICTURE, Kind.BLEED_MIXED)[int(rng.integers(2))]
    return kinds


def _drifted(rng: np.random.Generator, how: Print) -> Print:
    """How color pages are printed: the press drifts, which one copy of eight has with usual inks (a second of CPU a page),
    the others with ideal ones; one copy of twenty is printed in dots (five seconds a page)."""
    drifted = sample_drift(rng, how)
    if rng.random() < 0.88:
        drifted = replace(how, strength=drifted.inks, gain=drifted.gain)
    screen = str(rng.choice(["am", "fm"])) if rng.random() < 0.05 else None
    return replace(drifted, halftone=screen, lpi=float(rng.uniform(100, 175)))


def _on_glass(rng: np.random.Generator, scanner: Scanner, color: bool) -> Scanner:
    """Leaves lie within 1.5 degrees and backing is seen all round; color copies and a quarter of the gray ones are scanned
    in color."""
    margins = rng.uniform(6, 10, 4)
    form = str(rng.choice(["jpeg", "png", "tiff"], p=[0.85, 0.08, 0.07]))
    return replace(
        scanner,
        skew_deg=float(np.clip(rng.normal(0, 0.3), -0.7, 0.7)),
        margin_mm=(float(margins[0]), float(margins[1]), float(margins[2]), float(margins[3])),
        mode="color" if color or rng.random() < 0.25 else "gray",
        format=form,
        compression="lzw" if form == "tiff" else None,
    )


def _laid(rng: np.random.Generator, how: Print, block: Block, recto: bool, scanner: Scanner) -> Any:
    """Print, cut and lie on the glass of one leaf."""
    dx, dy = (0.0, 0.0) if recto else block.duplex_mm
    how = replace(
        how,
        dx_mm=dx + float(rng.normal(0, block.x_sd_mm)),
        dy_mm=dy + float(rng.normal(0, block.y_sd_mm)),
        rotation_deg=how.rotation_deg + float(rng.normal(0, block.rotation_sd_deg)),
    )
    cut = replace(block.cut, spine_mm=block.cut.spine_mm + float(rng.normal(0, block.spine_sd_mm)))
    skew = float(np.clip(scanner.skew_deg + rng.normal(0, 0.4), -MOST_SKEW_DEG, MOST_SKEW_DEG))
    left, top, right, bottom = (
        max(4.0, m + float(d)) for m, d in zip(scanner.margin_mm, rng.normal(0, 1, 4), strict=True)
    )
    return how, cut, replace(scanner, skew_deg=skew, margin_mm=(left, top, right, bottom))


def _statements(
    folder: Path, trim: str, bleed: bool, trim_box: bool, how: Print, color: bool, rng: np.random.Generator
) -> None:
    """title.toml and copy.toml: what is known of the title and of the scans."""
    paper = "white" if how.paper[2] / how.paper[0] > 0.9 else "cream"
    ink = ("standard-color", "premium-color")[int(rng.integers(2))] if color else "black"
    (folder / "title" / "title.toml").write_text(
        f'trim = "{trim}"\nbleed = {str(bleed).lower()}\npaper = "{paper}"\nink = "{ink}"\n'
    )
    stated = f'[reference]\ntrim = "{trim}"\n' + ("bleed = true\n" if bleed and not trim_box else "")
    (folder / "copy.toml").write_text(f"schema = 1\n\n[scan]\ndpi = {DPI:.0f}\ncomplete = true\n\n{stated}")


def _whole(rng: np.random.Generator, kind: str | None) -> Callable[[Print], Print]:
    """What the fault of a whole copy makes of the print of each page."""
    ink, clean = int(rng.integers(3)), bool(rng.random() < 0.5)
    return {
        None: lambda how: how,
        "lost-ink": lambda how: without_ink(how, ink, clean),
        "gray": lambda how: replace(how, gray=True),
        "density-60": paler,
    }[kind]
