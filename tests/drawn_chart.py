"""Scans of color charts, drawn from their colors and layout; shares nothing with what reads them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

WHITE = np.array([0.9642, 1.0, 0.8249])
XYZ_TO_DEVICE = np.linalg.inv(
    np.array([[0.62, 0.17, 0.1742], [0.28, 0.69, 0.03], [0.02, 0.03, 0.7749]])
    * (np.array([0.9642, 1.0, 0.8249]) / np.array([0.9642, 1.0, 0.8249]))[:, None]
)
"""A scanner whose channels overlap and are of no standard."""
PAPER = np.array([93.0, 0.0, 2.0])


def device(lab: NDArray[np.float64], gamma: float = 2.0, flare: float = 0.004) -> NDArray[np.float64]:
    """What the drawn scanner says (0..1) of L*a*b* (D50)."""
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], -1)
    xyz = WHITE * np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    light = np.clip(xyz @ XYZ_TO_DEVICE.T, 0, None) + flare
    return np.clip(0.96 * light / (1 + flare), 0, 1) ** (1 / gamma)


def sheet_checker(lab: NDArray[np.float64], pitch: int = 60, rim: int = 40) -> NDArray[np.float64]:
    """A ColorChecker: 6 x 4 patches with gaps on black, as L*a*b* pixels."""
    sheet = np.full((4 * pitch + 2 * rim, 6 * pitch + 2 * rim, 3), (18.0, 0, 0))
    gap = round(0.07 * pitch)
    for i, color in enumerate(lab):
        y, x = rim + pitch * (i // 6), rim + pitch * (i % 6)
        sheet[y + gap : y + pitch - gap, x + gap : x + pitch - gap] = color
    return sheet


def sheet_it8(
    lab: NDArray[np.float64], gray: NDArray[np.float64], pitch: int = 34, rim: int = 10, rows: int = 12
) -> NDArray[np.float64]:
    """An IT8.7: 22 x 12 patches without gaps on gray, and 24 grays of double height below."""
    high = round(15.8 * pitch) + 2 * rim
    sheet = np.full((high, 24 * pitch + 2 * rim, 3), (60.0, 0, 0))
    for i, color in enumerate(lab):
        y, x = rim + pitch * (i // 22) + pitch // 2, rim + pitch * (i % 22 + 1)
        if i // 22 < rows:
            sheet[y : y + pitch, x : x + pitch] = color
    top = rim + round(13.5 * pitch)
    for i, color in enumerate(gray):
        sheet[top : top + 2 * pitch, rim + pitch * i : rim + pitch * (i + 1)] = color
    return sheet


def scan(
    sheet: NDArray[np.float64],
    path: Path,
    seed: int,
    *,
    turn_deg: float = 0.0,
    zoom: float = 1.0,
    stretch: float = 1.0,
    noise: float = 1.0,
    blur: float = 0.8,
    margin: int = 60,
    backing: float = 20.0,
    bits: int = 8,
    gamma: float = 2.0,
) -> Path:
    """Lay a sheet on the glass and scan it; `noise` in counts of 255."""
    rng = np.random.default_rng(seed)
    rgb = device(sheet, gamma).astype(np.float32)
    h, w = rgb.shape[:2]
    c, s = np.cos(np.deg2rad(turn_deg)) * zoom, np.sin(np.deg2rad(turn_deg)) * zoom
    m = np.array([[c * stretch, -s * stretch, 0], [s, c, 0]])
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]]) @ m[:, :2].T
    m[:, 2] = margin - corners.min(axis=0)
    size = np.ceil(np.ptp(corners, axis=0) + 2 * margin).astype(int)
    ground = device(np.array([backing, 0, 0]), gamma)
    image = cv2.warpAffine(
        rgb, m, tuple(int(v) for v in size), flags=cv2.INTER_AREA, borderValue=tuple(ground.tolist())
    )
    image = cv2.GaussianBlur(image, (0, 0), blur) + rng.normal(0, noise / 255, image.shape)
    return write(image, path, bits)


def write(image: NDArray[np.floating], path: Path, bits: int = 8) -> Path:
    pixels = np.clip(image, 0, 1)
    if bits == 16:
        import tifffile

        tifffile.imwrite(path, np.rint(pixels * 65535).astype(np.uint16), photometric="rgb", resolution=(200, 200))
    else:
        Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path, dpi=(200, 200))
    return path
