"""One copy: its book, press and scanner drawn, both sides scanned and the truth written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from press_model import geometry
from press_model.paper import Banks

from .book import SIDES, Book, make_book
from .fold import make_fold
from .glass import Glass, expose, lay, make_glass, save
from .press import make_sheet
from .side import contrasts, draw_side, make_block
from .wrap import RASTER_DPI, Wrap, raster

KINDS = ("plain", "bench-cut", "other-cover", "one-side", "dark-on-black", "pale-on-white")
LID_OF = {"dark-on-black": "black", "pale-on-white": "white"}
WHAT, BOOK, PRESS, SCAN, LIGHT, DUST = range(6)  # streams of random numbers
LARGEST = (3800, 3100)  # pixels of a frame


@lru_cache(maxsize=1)
def _banks() -> Banks:
    return Banks(np.random.default_rng(7), LARGEST, 0.004, 0.02)


def draw(
    folder: Path,
    truth_file: Path,
    seed: int,
    titles: Sequence[tuple[str, Wrap]],
    kind: str,
    wide: bool = False,
    dpi: int | None = None,
) -> dict[str, Any]:
    """Draw a copy: scans and copy.toml into ``folder``, the truth into ``truth_file``.

    Parameters
    ----------
    folder : Path
        Of the copy; its name is the copy's id.
    truth_file : Path
        Outside of it.
    seed : int
        Of everything.
    titles : sequence of (isbn, Wrap)
        The titles; one is ordered, and with ``other-cover`` another one is round the block.
    kind : str
        One of `KINDS`.
    wide : bool
        Beyond a printer's tolerance as well.
    dpi : int, optional
        Resolution of the scans; 200 to 300 where none is given.
    """
    what = np.random.default_rng([seed, WHAT])
    order = what.permutation(len(titles))
    if kind in LID_OF:
        by_tone = sorted(order, key=lambda i: _lightness(titles[i][1]))
        order = what.permutation(by_tone[:3] if kind == "dark-on-black" else by_tone[-3:])
    isbn, ordered = titles[order[0]]
    worn, wrap = titles[order[1]] if kind == "other-cover" else (isbn, ordered)
    book = make_book(np.random.default_rng([seed, BOOK]), wrap, wide, kind == "bench-cut")
    sides = SIDES if kind != "one-side" else (str(what.choice(SIDES)),)
    folder.mkdir(parents=True, exist_ok=True)
    truth: dict[str, Any] = {"copy": folder.name, "seed": seed, "kind": kind, "wide": wide}
    truth |= {"isbn": isbn, "worn": worn, "other_cover": worn != isbn}
    truth |= {"art_difference": difference(ordered, wrap), **book.truth()}
    glass = make_glass(np.random.default_rng([seed, SCAN]), book.thickness, LID_OF.get(kind), dpi)
    truth |= _scan(folder, seed, book, sides, glass, truth["sides"])
    truth["sides"] = {s: truth["sides"][s] for s in sides}
    settings = [
        "schema = 1",
        f'copy = "{folder.name}"',
        f'isbn = "{isbn}"',
        "[scan]",
        f"dpi = {truth['dpi']}",
    ]
    (folder / "copy.toml").write_text("\n".join(settings) + "\n")
    truth_file.parent.mkdir(parents=True, exist_ok=True)
    truth_file.write_text(json.dumps(_rounded(truth), indent=1))
    return truth


def _rounded(value: Any) -> Any:
    """Return what JSON holds with numbers to 1e-5: 0.01 micrometers."""
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    return round(value, 5) if isinstance(value, float) else value


def _small(wrap: Wrap) -> NDArray[Any]:
    return cv2.resize(raster(wrap.path, RASTER_DPI)[0], (64, 48), interpolation=cv2.INTER_AREA).astype(float)


def _lightness(wrap: Wrap) -> float:
    """Return the mean of the file's values."""
    return float(_small(wrap).mean())


def difference(one: Wrap, other: Wrap) -> float:
    """Return how much two designs differ seen from afar, levels."""
    return float(np.abs(_small(one) - _small(other)).mean())


def _scan(
    folder: Path, seed: int, book: Book, sides: Sequence[str], glass: Glass, notes: dict[str, Any]
) -> dict[str, Any]:
    """Scan the sides and add to ``notes`` how each lay; the scanner's part of the truth."""
    sheet = make_sheet(np.random.default_rng([seed, PRESS]))
    for side in sides:
        rng = np.random.default_rng([seed, LIGHT, SIDES.index(side)])
        panel = book.panels[side]
        lie = lay(rng, glass, panel.corners(book.wrap), bool(rng.random() < 0.15))
        # a lens sees the wall that looks to the middle of its glass: of the spine, or of the block, or none
        away = float(rng.uniform(5, 75)) if glass.kind == "lens" else 0.0
        looks = str(rng.choice(["spine", "fore-edge", "none"], p=[0.5, 0.25, 0.25]))
        fold = make_fold(
            rng,
            book.radius[side],
            book.thickness,
            away * (looks == "spine"),
            sheet.gloss,
            book.bench,
            glass.kind == "lens",
        )
        block = make_block(rng, book.thickness, away * (looks == "fore-edge"))
        planes = draw_side(rng, book, panel, fold, block, sheet, glass, lie, _banks())
        rows, cols = lie.shape
        grain = [_banks().window(rng, "white")[:rows, :cols] for _ in planes]
        image = expose(rng, glass, planes, grain)
        save(glass, folder / f"cover-{side}.jpg", image)
        to_frame = lie.matrix @ panel.to_paper
        notes[side] |= {
            "upside_down": lie.upside_down,
            "turn_deg": lie.turn,
            "wall_mm": fold.wall,
            "block_mm": block.wide,
            "contrast": contrasts(image, lie, panel, book, fold),
            "glare": fold.glare,
            "hinge": fold.hinge,
            "corners_px": geometry.apply(lie.matrix, panel.corners(book.wrap)).tolist(),
            "to_frame": to_frame.tolist(),
        }
    return {
        "lid": glass.lid,
        "scanner": glass.kind,
        "gloss": sheet.gloss,
        "dpi": glass.dpi,
        "true_dpi": glass.true_dpi,
        "thickness_mm": book.thickness,
        "quality": glass.quality,
    }
