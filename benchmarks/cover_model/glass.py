"""The glass: how the closed book lies on it, the lid behind with the book's shadow, lamp, sensor and file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from press_model import geometry
from press_model.scanner import HEADROOM, STEPS, add_dust, tone_table

from .wrap import MM

U8 = NDArray[Any]  # uint8
F32 = NDArray[Any]  # float32
LIDS = {"black": (0.015, 0.05), "gray": (0.14, 0.34), "white": (0.72, 0.86)}


@dataclass(frozen=True)
class Glass:
    """One scanner as set for one copy.

    ``kind`` is contact or lens; ``dpi`` the file's claim, ``true_dpi`` what it is across and down. ``lid_light`` is the
    light that reaches the lid a book's thickness above the glass, ``shade`` how much of it the book takes beside it.
    """

    kind: str
    lid: str
    reflectance: float
    lid_light: float
    shade: float
    lamp_from: float
    dpi: int
    true_dpi: tuple[float, float]
    table: U8
    exposure: float
    matrix: F32
    veil: float
    blur: float
    read_noise: float
    shot_noise: float
    quality: int
    subsampling: int


@dataclass(frozen=True)
class Lie:
    """How one side lies in the frame: its shape in pixels, panel mm on paper -> pixels, and whether it is upside down."""

    shape: tuple[int, int]
    matrix: geometry.F64
    upside_down: bool
    turn: float


def make_glass(rng: np.random.Generator, thickness: float, lid: str | None, dpi: int | None) -> Glass:
    """Draw a scanner; ``lid`` and ``dpi`` fix what is given. Light fades with the lid's height, the book's thickness in mm."""
    kind = "contact" if rng.random() < 0.5 else "lens"
    lid = lid or str(rng.choice(list(LIDS)))
    drawn = int(rng.choice([200, 240, 300], p=[0.3, 0.15, 0.55]))
    dpi = dpi or drawn
    gammas: list[float | str] = ["sRGB", 1.8, 2.2]
    curve = float(rng.uniform(0.1, 0.5)) if rng.random() < 0.3 else 0.0
    black = float(rng.choice([0.0, rng.uniform(0.005, 0.03), -rng.uniform(0.01, 0.05)]))
    levels = tone_table(gammas[int(rng.choice(3, p=[0.6, 0.15, 0.25]))], curve, black)
    off = rng.uniform(-0.03, 0.05, (3, 3))
    np.fill_diagonal(off, 0)
    return Glass(
        kind,
        lid,
        float(rng.uniform(*LIDS[lid])),
        float(np.exp(-thickness / (rng.uniform(8, 20) if kind == "contact" else rng.uniform(30, 150)))),
        float(rng.uniform(0.1, 0.85)),
        float(rng.choice([0, 90, 180, 270]) + rng.uniform(-10, 10)),
        dpi,
        (dpi * (1 + float(rng.uniform(-0.005, 0.005))), dpi * (1 + float(rng.uniform(-0.005, 0.005)))),
        (levels * 255 + 0.5).astype(np.uint8),
        float(rng.uniform(0.9, 1.18)),
        (np.diag(1 - off.sum(axis=1)) + off).astype(np.float32),
        float(rng.uniform(0, 0.03)) if kind == "lens" else 0.0,
        float(rng.uniform(0.3, 0.8)),
        float(rng.uniform(0.0006, 0.0025)),
        float(rng.uniform(0.001, 0.005)),
        int(rng.integers(80, 93)),
        int(rng.choice([0, 2])),
    )


def lay(rng: np.random.Generator, glass: Glass, corners: geometry.F64, upside_down: bool) -> Lie:
    """Lay a side on the glass with 4 to 30 mm round it; corners in panel mm on paper."""
    turn = float(rng.uniform(-1.5, 1.5))
    middle = corners.mean(axis=0)
    spin = geometry.about(geometry.turn(turn + (180 if upside_down else 0)), *middle)
    seen = geometry.apply(spin, corners)
    left, top, right, bottom = (float(v) for v in rng.uniform(4, 30, 4))
    low, high = seen.min(axis=0) - (left, top), seen.max(axis=0) + np.array([right, bottom])
    sx, sy = (d / MM for d in glass.true_dpi)
    matrix = geometry.scale(sx, sy) @ geometry.shift(-low[0], -low[1]) @ spin
    shape = (int((high[1] - low[1]) * sy), int((high[0] - low[0]) * sx))
    return Lie(shape, matrix, upside_down, turn)


def cover_lid(rng: np.random.Generator, glass: Glass, covered: F32, thickness: float) -> F32:
    """Return the lid's light: dimmer for being lifted, uneven for being tilted, in the soft shadow of the book.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source.
    glass : Glass
        The scanner.
    covered : ndarray of float32
        What the book covers.
    thickness : float
        Of the book, mm; the shadow is about as wide.
    """
    rows, cols = covered.shape
    step = 8
    small = cv2.resize(covered, (cols // step, rows // step), interpolation=cv2.INTER_AREA)
    per_mm = glass.dpi / MM / step
    away = cv2.distanceTransform((small < 0.5).astype(np.uint8), cv2.DIST_L2, 5) / np.float32(per_mm)
    width = thickness * float(rng.uniform(0.2, 0.5))
    # the lamp comes from one side: the shadow leans to the other
    lean = thickness * float(rng.uniform(0.0, 0.5)) * per_mm
    a = np.radians(glass.lamp_from)
    move = np.array([[1, 0, -lean * np.cos(a)], [0, 1, -lean * np.sin(a)]])
    leaning = cv2.warpAffine(away, move, small.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    shade = 1 - glass.shade * (0.6 * np.exp(-away / width) + 0.4 * np.exp(-leaning / width))
    ramp = np.linspace(-1, 1, small.shape[1])[None, :] * rng.uniform(-0.2, 0.2)
    ramp = ramp + np.linspace(-1, 1, small.shape[0])[:, None] * rng.uniform(-0.15, 0.15)
    light = glass.reflectance * glass.lid_light * shade * (1 + ramp)
    light = light * (1 + 0.01 * rng.standard_normal(light.shape))
    return cv2.resize(light.astype(np.float32), (cols, rows), interpolation=cv2.INTER_LINEAR)


def _lamp(rng: np.random.Generator, shape: tuple[int, int]) -> F32:
    """Draw the lamp's unevenness (up to 5 %) with dust on the glass."""
    small = cv2.resize(rng.uniform(-1, 1, (3, 3)), (24, 32), interpolation=cv2.INTER_CUBIC)
    light = (1 + float(rng.uniform(0, 0.03)) * small).astype(np.float32)
    field: F32 = cv2.resize(light, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    add_dust(rng, field, int(rng.poisson(12)), 0.5)
    return field


def expose(rng: np.random.Generator, glass: Glass, planes: list[F32], grain: list[F32]) -> U8:
    """Return the scan, R, G, B, of linear light in three planes; ``grain`` is white noise for each."""
    lamp = _lamp(rng, planes[0].shape) * np.float32(glass.exposure)
    lit = []
    for plane, noise in zip(planes, grain, strict=True):
        if glass.veil:
            rows, cols = plane.shape
            small = cv2.resize(plane, (cols // 16, rows // 16), interpolation=cv2.INTER_AREA)
            small = cv2.GaussianBlur(small, (0, 0), 9, borderType=cv2.BORDER_REPLICATE)
            plane = plane * np.float32(1 - glass.veil) + cv2.resize(small, (cols, rows)) * np.float32(glass.veil)
        plane = cv2.multiply(cv2.GaussianBlur(plane, (5, 5), glass.blur), lamp)
        sigma = cv2.sqrt(plane * np.float32(glass.shot_noise**2) + np.float32(glass.read_noise**2))
        lit.append(cv2.add(plane, cv2.multiply(sigma, noise)))
    image = cv2.transform(cv2.merge(lit), glass.matrix)
    image *= np.float32((STEPS - 1) / HEADROOM)
    return cv2.LUT(np.clip(image, 0, STEPS - 1, out=image).astype(np.uint16), glass.table)


def save(glass: Glass, path: Path, image: U8) -> None:
    """Write a scan with the resolution the scanner claims."""
    Image.fromarray(image).save(
        path, "JPEG", quality=glass.quality, subsampling=glass.subsampling, dpi=(glass.dpi, glass.dpi)
    )
