"""The scanner: backing, glare, lamp, sensor, dust, noise, tone, file.

Signals are linear, 1.0 being a perfect white diffuser under the lamp at its brightest; everything fixed to the sensor
(lamp, column gain, dust on the glass) lives in pixels of the raw frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .paper import Banks

U8 = NDArray[Any]  # uint8
F32 = NDArray[Any]  # float32
STEPS = 65536  # steps of the linear signal in the tone table
HEADROOM = 2.0  # greatest exposed signal the table covers


@dataclass
class Sensor:
    """One line sensor with its lamp: ``field`` (h, w) multiplies the light, ``table`` is the tone curve."""

    field: F32
    table: U8
    matrix: F32
    notes: dict[str, Any]


@dataclass
class Scanner:
    """One scanner as set for one copy; ``sensors`` are those of odd and even pages (the same in a flatbed)."""

    kind: str
    color: bool
    backing: str
    reflectance: float
    glare: float
    blur: float
    read_noise: float
    shot_noise: float
    dpi: tuple[float, float]
    wobble: float
    shadow: float
    shadow_shift: tuple[float, float]
    suffix: str
    quality: int
    subsampling: int
    sensors: tuple[Sensor, Sensor]
    backing_field: F32

    def describe(self) -> dict[str, Any]:
        """Return the settings in a readable form."""
        names = (
            "kind",
            "color",
            "backing",
            "reflectance",
            "glare",
            "blur",
            "read_noise",
            "shot_noise",
            "dpi",
            "wobble",
            "shadow",
            "suffix",
            "quality",
            "subsampling",
        )
        out = {k: getattr(self, k) for k in names}
        out["sensors"] = [s.notes for s in self.sensors]
        return out


def _stamp(field: F32, x: float, y: float, length: float, width: float, angle: float, factor: float) -> None:
    """Multiply an elongated speck (pixels) into ``field``."""
    r = int(np.ceil(length / 2 + width + 2))
    x0, x1 = max(0, int(x) - r), min(field.shape[1], int(x) + r + 1)
    y0, y1 = max(0, int(y) - r), min(field.shape[0], int(y) + r + 1)
    if x1 <= x0 or y1 <= y0:
        return
    yy, xx = np.mgrid[y0:y1, x0:x1] + 0.5
    u = (xx - x) * np.cos(angle) + (yy - y) * np.sin(angle)
    v = -(xx - x) * np.sin(angle) + (yy - y) * np.cos(angle)
    d = np.hypot(np.maximum(np.abs(u) - (length - width) / 2, 0), v)
    cover = np.clip(width / 2 - d + 0.5, 0, 1) * min(1.0, width)
    field[y0:y1, x0:x1] *= (1 + (factor - 1) * cover).astype(np.float32)


def add_dust(rng: np.random.Generator, field: F32, count: int, bright: float) -> None:
    """Lay ``count`` specks of 0.05 to 0.4 mm on the field, a share ``bright`` of them light."""
    for _ in range(count):
        length = float(rng.uniform(0.6, 4.7))  # pixels: 0.05 to 0.4 mm
        width = float(rng.uniform(0.5, min(2.5, length)))
        factor = float(rng.uniform(1.1, 1.6)) if rng.random() < bright else float(rng.uniform(0.25, 0.8))
        _stamp(
            field,
            float(rng.uniform(0, field.shape[1])),
            float(rng.uniform(0, field.shape[0])),
            length,
            width,
            float(rng.uniform(0, np.pi)),
            factor,
        )


def _lamp(rng: np.random.Generator, shape: tuple[int, int]) -> tuple[F32, dict[str, Any]]:
    """Draw the lamp's evenness: fall-off along an axis, a bowl, or smooth unevenness, up to 30 %."""
    form = str(rng.choice(["flat", "along x", "along y", "bowl", "smooth"], p=[0.25, 0.25, 0.15, 0.2, 0.15]))
    depth = float(rng.uniform(0.0, 0.03) if form == "flat" else 0.30 * rng.beta(1.1, 2.0))
    rows, cols = 32, 24
    y, x = np.linspace(-1, 1, rows)[:, None], np.linspace(-1, 1, cols)[None, :]
    loss: NDArray[Any]
    if form in ("along x", "along y", "flat"):
        t = (y if form == "along y" else x) * (1 if rng.random() < 0.5 else -1)
        loss = ((1 + t) / 2) ** float(rng.uniform(1.0, 2.5)) * np.ones((rows, cols))
    elif form == "bowl":
        cx, cy = rng.uniform(-0.3, 0.3, 2)
        loss = np.clip(((x - cx) ** 2 + 0.6 * (y - cy) ** 2) / 1.9, 0, 1)
    else:
        small = rng.standard_normal((4, 4))
        loss = cv2.resize(small, (cols, rows), interpolation=cv2.INTER_CUBIC)
        loss = (loss - loss.min()) / (loss.max() - loss.min())
    light = (1 - depth * loss).astype(np.float32)
    full = cv2.resize(light / light.max(), (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return full, {"lamp": form, "fall_off": round(depth, 4)}


def _columns(rng: np.random.Generator, width: int, amount: float) -> F32:
    """Return the gains of a contact image sensor's columns: pixels, and chips of about 20 mm."""
    gain = 1 + amount * rng.standard_normal(width) * 0.7
    chip = int(rng.integers(200, 280))
    start = int(rng.integers(0, chip))
    steps = 1 + amount * 0.5 * rng.standard_normal(width // chip + 2)
    return (gain * steps[(np.arange(width) + start) // chip]).astype(np.float32)


def tone_table(gamma: float | str, curve: float, black: float) -> NDArray[Any]:
    """Return the tone curve as levels (0 to 1) of linear signals 0 to `HEADROOM` in `STEPS` steps.

    Parameters
    ----------
    gamma : float or "sRGB"
        Exponent 1 / gamma, or the sRGB curve.
    curve : float
        Strength 0 to 1 of a document S-curve.
    black : float
        > 0: black is clipped below this level; < 0: black is lifted by it.
    """
    v = np.clip(np.arange(STEPS) / STEPS * HEADROOM, 0, 1)
    srgb = np.where(v <= 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055)
    level = srgb if gamma == "sRGB" else v ** (1 / float(gamma))
    level = (1 - curve) * level + curve * level * level * (3 - 2 * level)
    level = (level - black) / (1 - black) if black > 0 else -black + (1 + black) * level
    return np.asarray(np.clip(level, 0, 1))


def _sensor(
    rng: np.random.Generator,
    shape: tuple[int, int],
    tone: tuple[float | str, float, float],
    white: float,
    paper: float,
    matrix: F32,
    kind: str,
    column: float,
) -> Sensor:
    """Draw one sensor; the paper at the brightest place lands at level ``white`` (0 to 1; > 1: clipped)."""
    field, notes = _lamp(rng, shape)
    field *= _columns(rng, shape[1], column)[None, :]
    hair = 0
    if kind == "feeder":
        hair = int(rng.choice([0, 0, 1, 2]))
        for _ in range(hair):
            x, w = int(rng.integers(5, shape[1] - 5)), int(rng.integers(1, 3))
            field[:, x : x + w] *= np.float32(1 + rng.choice([-1, 1]) * rng.uniform(0.01, 0.05))
    dust = int(rng.integers(0, 5)) if kind == "flatbed" else 0
    add_dust(rng, field, dust, 0.4)
    table = tone_table(*tone)
    needed = (
        white
        if white > 1
        else float(
            np.interp(white, table[: int(STEPS / HEADROOM)], np.arange(int(STEPS / HEADROOM)) / STEPS * HEADROOM)
        )
    )
    notes |= {
        "column_gain": round(column, 4),
        "hairlines": hair,
        "dust": dust,
        "gamma": tone[0],
        "s_curve": round(tone[1], 3),
        "black": round(tone[2], 4),
    }
    exposure = needed / paper
    notes["exposure"] = round(exposure, 4)
    levels = (table * 255 + 0.5).astype(np.uint8)
    return Sensor((field * np.float32(exposure)).astype(np.float32), levels, matrix, notes)


def make_scanner(rng: np.random.Generator, shape: tuple[int, int], color: bool, paper: float) -> Scanner:
    """Draw a scanner.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source.
    shape : tuple of int
        Rows and columns of the raw frame.
    color : bool
        Scan in RGB.
    paper : float
        Reflectance of the paper in the brightest channel, for the exposure.
    """
    kind = "feeder" if rng.random() < 0.5 else "flatbed"
    backing = str(rng.choice(["black", "gray", "white"], p=[0.5, 0.33, 0.17]))
    ranges = {"black": (0.02, 0.05), "gray": (0.12, 0.30), "white": (0.76, 0.82)}
    level = float(rng.uniform(*ranges[backing]))
    gammas: list[float | str] = ["sRGB", 1.0, 1.8, 2.2]
    gamma = gammas[int(rng.choice(4, p=[0.4, 0.12, 0.2, 0.28]))]
    curve = float(rng.uniform(0.2, 0.7)) if rng.random() < 0.3 else 0.0
    black = float(rng.choice([0.0, 0.0, rng.uniform(0.01, 0.06), -rng.uniform(0.01, 0.07)]))
    white = float(rng.uniform(1.01, 1.10)) if rng.random() < 0.25 else float(rng.uniform(205, 253)) / 255
    column = float(np.exp(rng.uniform(np.log(0.002), np.log(0.02))))
    matrix = np.eye(3, dtype=np.float32)
    if color:
        off = rng.uniform(-0.04, 0.09, (3, 3))
        np.fill_diagonal(off, 0)
        matrix = (np.diag(1 - off.sum(axis=1)) + off).astype(np.float32)
    first = _sensor(rng, shape, (gamma, curve, black), white, paper, matrix, kind, column)
    second = first
    if kind == "feeder":
        other = gamma if gamma == "sRGB" else float(gamma) + float(rng.uniform(-0.06, 0.06))
        white *= float(rng.uniform(0.975, 1.02))
        column *= float(rng.uniform(0.7, 1.3))
        second = _sensor(rng, shape, (other, curve, black), white, paper, matrix, kind, column)
    stretch = float(rng.uniform(-0.005, 0.005))
    dpi = tuple(300 * (1 + stretch + float(rng.uniform(-0.001, 0.001))) for _ in range(2))
    texture: F32 = rng.standard_normal((shape[0] // 6, shape[1] // 6), dtype=np.float32)
    texture = cv2.resize(texture, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    suffix = str(rng.choice([".jpg", ".png", ".tif"], p=[0.76, 0.14, 0.10]))
    shadow = {"black": 0.15, "gray": 0.35, "white": 0.65}[backing] * float(rng.uniform(0.6, 1.2))
    return Scanner(
        kind,
        color,
        backing,
        level,
        float(rng.uniform(0, 0.05)),
        float(rng.uniform(0.0, 0.6)),
        float(rng.uniform(0.0006, 0.003)),
        float(rng.uniform(0.002, 0.010)),
        (dpi[0], dpi[1]),
        float(rng.uniform(0.0, 0.03)) if kind == "feeder" and rng.random() < 0.6 else 0.0,
        shadow,
        (float(rng.uniform(-1, 1)), float(rng.uniform(-2, 2))),
        suffix,
        int(rng.integers(75, 96)),
        int(rng.choice([0, 2])),
        (first, second),
        (level * (1 + 0.015 * texture)).astype(np.float32),
    )


def expose(scanner: Scanner, number: int, sheet: list[F32], mask: F32, banks: Banks, rng: np.random.Generator) -> U8:
    """Scan one side.

    Parameters
    ----------
    scanner : Scanner
        The scanner.
    number : int
        Page number; odd and even pages are seen by different sensors in a feeder.
    sheet : list of ndarray
        Reflectance of the printed side, one plane (gray) or three (R, G, B); they are used up.
    mask : ndarray
        Coverage of the pixels by the sheet.
    banks : Banks
        Noise.
    rng : numpy.random.Generator
        Noise and loose dust of this scan.

    Returns
    -------
    ndarray of uint8
        Gray, or R, G, B.
    """
    sensor = scanner.sensors[(number + 1) % 2]
    shade = cv2.GaussianBlur(mask, (13, 13), 2.0)
    sx, sy = scanner.shadow_shift
    shade = cv2.warpAffine(
        shade, np.array([[1, 0, sx], [0, 1, sy]]), (mask.shape[1], mask.shape[0]), borderMode=cv2.BORDER_REPLICATE
    )
    shade = np.minimum(2 * shade, 1)  # full at the edge, fading outward
    back = cv2.multiply(scanner.backing_field, 1 - np.float32(scanner.shadow) * shade)
    light = sensor.field
    loose = int(rng.poisson(1.5))
    if loose:
        light = light.copy()
        add_dust(rng, light, loose, 0.3)
    planes = []
    soft = cv2.GaussianBlur(mask, (3, 3), 0.5)
    rest = cv2.multiply(back, 1 - soft)
    for plane in sheet:
        plane = cv2.add(cv2.multiply(plane, soft, dst=plane), rest, dst=plane)
        if scanner.glare > 0:
            small = cv2.resize(plane, (plane.shape[1] // 16, plane.shape[0] // 16), interpolation=cv2.INTER_AREA)
            small = cv2.GaussianBlur(small, (0, 0), 9, borderType=cv2.BORDER_REPLICATE)
            veil = cv2.resize(small, (plane.shape[1], plane.shape[0]), interpolation=cv2.INTER_LINEAR)
            plane = cv2.addWeighted(plane, 1 - scanner.glare, veil, scanner.glare, 0, dst=plane)
        planes.append(cv2.multiply(plane, light, dst=plane))
    if scanner.wobble > 0:
        planes = _wobble(planes, rng, scanner.wobble * 300 / 25.4)
    grain = [banks.window(rng, "white") for _ in planes]
    rows = mask.shape[0]
    out: U8 = np.empty(mask.shape if len(planes) == 1 else (*mask.shape, 3), np.uint8)
    for top in range(0, rows, 128):  # strips stay in the cache
        low, high, end = max(0, top - 4), min(rows, top + 132), min(rows, top + 128)
        parts = [p[low:high] for p in planes]
        image = parts[0] if len(parts) == 1 else cv2.transform(cv2.merge(parts), sensor.matrix)
        if scanner.blur > 0.15:
            image = cv2.GaussianBlur(image, (3, 3) if scanner.blur < 0.5 else (5, 5), scanner.blur)
        image = image[top - low : end - low]
        dots = [g[top:end] for g in grain]
        noise = dots[0] if len(dots) == 1 else cv2.merge(dots)
        sigma = np.multiply(image, np.float32(scanner.shot_noise**2))
        np.maximum(np.add(sigma, np.float32(scanner.read_noise**2), out=sigma), 0, out=sigma)
        sigma = cv2.multiply(noise, cv2.sqrt(sigma, dst=sigma), dst=sigma)
        np.add(image, sigma, out=sigma)
        np.multiply(sigma, np.float32((STEPS - 1) / HEADROOM), out=sigma)
        index = np.clip(sigma, 0, STEPS - 1, out=sigma).astype(np.uint16)
        out[top:end] = cv2.LUT(index, sensor.table)
    return out


def _wobble(planes: list[F32], rng: np.random.Generator, amount: float) -> list[F32]:
    """Shift rows smoothly by up to ``amount`` pixels along and across the feed."""
    rows, cols = planes[0].shape
    y = np.arange(rows, dtype=np.float32)

    def wave() -> F32:
        period = rng.uniform(250, 900)
        return np.asarray(amount * np.sin(2 * np.pi * y / period + rng.uniform(0, 6)), np.float32)

    mx = np.arange(cols, dtype=np.float32)[None, :] + wave()[:, None]
    my = np.broadcast_to((y + wave())[:, None], (rows, cols)).astype(np.float32)
    ix, iy = cv2.convertMaps(mx, my, cv2.CV_16SC2)
    return [cv2.remap(p, ix, iy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for p in planes]


def save(scanner: Scanner, path: Path, image: U8) -> None:
    """Write a scan; its header says 300 dpi whatever the true resolution is."""
    picture = Image.fromarray(image)
    if scanner.suffix == ".jpg":
        picture.save(path, "JPEG", quality=scanner.quality, subsampling=scanner.subsampling, dpi=(300, 300))
    elif scanner.suffix == ".png":
        picture.save(path, "PNG", compress_level=1, dpi=(300, 300))
    else:
        picture.save(path, "TIFF", compression="tiff_lzw", dpi=(300, 300))
