"""Photograph-like pictures made by procedure: gradients, shapes, textures, soft shadows and highlights."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[Any]  # float32
U8 = NDArray[Any]  # uint8


def fractal(rng: np.random.Generator, shape: tuple[int, int], coarse: int = 3, octaves: int = 6) -> F32:
    """Return smooth random texture, mean 0, standard deviation about 1.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the texture.
    shape : tuple of int
        Rows and columns.
    coarse : int
        Cells of the coarsest octave across the shorter side.
    octaves : int
        Number of octaves; each is twice as fine and 0.55 times as strong.
    """
    out = np.zeros(shape, np.float32)
    amp, cells = 1.0, float(coarse)
    short = min(shape)
    for _ in range(octaves):
        rows = max(2, round(cells * shape[0] / short) + 1)
        cols = max(2, round(cells * shape[1] / short) + 1)
        grid = rng.standard_normal((rows, cols), dtype=np.float32)
        out += np.float32(amp) * cv2.resize(grid, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        amp *= 0.55
        cells *= 2
        if cells > short / 2:
            break
    return (out / max(float(out.std()), 1e-6)).astype(np.float32)


def _axes(shape: tuple[int, int]) -> tuple[F32, F32]:
    y = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(0, shape[1] / shape[0], shape[1], dtype=np.float32)[None, :]
    return x, y


def _mix(image: F32, alpha: F32, color: F32) -> None:
    """Lay ``color`` (3,) or (h, w, 3) over ``image`` with opacity ``alpha`` (h, w), in place."""
    image += alpha[..., None] * (color - image)


def _tint(rng: np.random.Generator, low: float, high: float) -> F32:
    return rng.uniform(low, high, 3).astype(np.float32)


def _landscape(rng: np.random.Generator, shape: tuple[int, int]) -> F32:
    x, y = _axes(shape)
    wide = shape[1] / shape[0]
    horizon = float(rng.uniform(0.4, 0.65))
    top, low = _tint(rng, 0.15, 0.5), _tint(rng, 0.65, 0.95)
    top[2] = min(1.0, top[2] + 0.3)
    grad = np.clip(y / horizon, 0, 1) ** 1.3
    image = np.broadcast_to(top + grad[..., None] * (low - top), (*shape, 3)).copy()
    clouds = fractal(rng, shape, 3, 5)
    _mix(image, np.clip((clouds - 0.4) * 0.6, 0, 0.85).astype(np.float32), _tint(rng, 0.9, 1.0))
    sx, sy = rng.uniform(0.15, 0.85) * wide, rng.uniform(0.1, horizon * 0.7)
    dist = np.sqrt((x - sx) ** 2 + (y - sy) ** 2)
    _mix(image, (0.9 * np.exp(-((dist / 0.12) ** 2))).astype(np.float32), np.array([1, 0.97, 0.88], np.float32))
    texture = fractal(rng, shape, 24, 4)
    layers = int(rng.integers(3, 6))
    shade = _tint(rng, 0.45, 0.7)
    dark = _tint(rng, 0.03, 0.2)
    for k in range(layers):
        depth = k / (layers - 1)
        ridge = cv2.resize(
            rng.standard_normal((1, 5 + 4 * k), dtype=np.float32), (shape[1], 1), interpolation=cv2.INTER_CUBIC
        )[0]
        fine = cv2.resize(
            rng.standard_normal((1, 60), dtype=np.float32), (shape[1], 1), interpolation=cv2.INTER_LINEAR
        )[0]
        base = horizon + depth * (0.95 - horizon)
        line = base + 0.05 * ridge + 0.006 * fine
        alpha = np.clip((y - line[None, :]) * shape[0] * 0.7, 0, 1).astype(np.float32)
        color = shade + depth * (dark - shade)
        field = color * (1 + (0.06 + 0.3 * depth) * texture[..., None] * 0.5)
        field = field * (1.25 - 0.5 * np.clip((y - line[None, :]) * 3, 0, 1))[..., None]
        _mix(image, alpha, np.clip(field, 0, 1).astype(np.float32))
    return image


def _still_life(rng: np.random.Generator, shape: tuple[int, int]) -> F32:
    x, y = _axes(shape)
    wide = shape[1] / shape[0]
    table = float(rng.uniform(0.5, 0.68))
    wall, wood = _tint(rng, 0.2, 0.75), _tint(rng, 0.35, 0.7)
    wood[2] *= 0.6
    grain = fractal(rng, (shape[0], max(8, shape[1] // 12)), 30, 3)
    grain = cv2.resize(grain, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    light = 1.15 - 0.6 * np.sqrt((x - 0.2 * wide) ** 2 + (y - 0.15) ** 2)
    image = (wall * light[..., None]).astype(np.float32) * (1 + 0.03 * fractal(rng, shape, 8, 5)[..., None])
    _mix(
        image,
        np.clip((y - table) * shape[0] * 0.2, 0, 1) * np.ones(shape, np.float32),
        (wood * (1 + 0.12 * grain[..., None]) * (0.7 + 0.6 * y[..., None])).astype(np.float32),
    )
    count = int(rng.integers(2, 5))
    centers = (np.arange(count) + 0.5 + rng.uniform(-0.2, 0.2, count)) / count * wide
    for cx in rng.permutation(centers):
        radius = float(rng.uniform(0.09, 0.17)) * min(1.0, 1.6 * wide)
        cy = table + float(rng.uniform(0.0, 0.2)) - radius * 0.3
        shadow = np.exp(
            -(((x - cx - 0.5 * radius) / (1.3 * radius)) ** 2 + ((y - cy - 0.95 * radius) / (0.28 * radius)) ** 2)
        )
        image *= (1 - 0.75 * shadow)[..., None]
        dx, dy = (x - cx) / radius, (y - cy) / radius
        rr = dx * dx + dy * dy
        alpha = np.clip((1 - np.sqrt(rr)) * radius * shape[0], 0, 1).astype(np.float32)
        dz = np.sqrt(np.clip(1 - rr, 0, 1))
        shade = np.clip(-0.5 * dx - 0.6 * dy + 0.62 * dz, 0, 1)
        gloss = np.clip(-0.38 * dx - 0.45 * dy + 0.81 * dz, 0, 1) ** 40
        color = _tint(rng, 0.08, 0.95)
        body = color * (0.12 + 0.95 * shade[..., None]) * (1 + 0.05 * grain[..., None]) + 0.9 * gloss[..., None]
        _mix(image, alpha, body.astype(np.float32))
    return image


def _lights(rng: np.random.Generator, shape: tuple[int, int]) -> F32:
    x, y = _axes(shape)
    wide = shape[1] / shape[0]
    a, b = _tint(rng, 0.02, 0.25), _tint(rng, 0.2, 0.6)
    field = 0.5 + 0.25 * fractal(rng, shape, 2, 4)
    image = (a + np.clip(field, 0, 1)[..., None] * (b - a)).astype(np.float32)
    for _ in range(int(rng.integers(8, 18))):
        cx, cy, radius = rng.uniform(0, wide), rng.uniform(0, 0.8), rng.uniform(0.02, 0.11)
        dist = np.sqrt((x - cx) ** 2 + (y - cy) ** 2)
        disc = np.clip((radius - dist) / (0.15 * radius), 0, 1) * (0.55 + 0.45 * np.clip(dist / radius, 0, 1) ** 4)
        _mix(image, (rng.uniform(0.25, 0.8) * disc).astype(np.float32), _tint(rng, 0.5, 1.0))
    head = ((x - 0.5 * wide) / 0.2) ** 2 + ((y - 0.55) / 0.26) ** 2
    body = ((x - 0.5 * wide) / 0.38) ** 2 + ((y - 1.1) / 0.34) ** 2
    figure = np.maximum(np.clip((1 - head) * 25, 0, 1), np.clip((1 - body) * 25, 0, 1)).astype(np.float32)
    skin = _tint(rng, 0.35, 0.8)
    model = 0.35 + 0.7 * np.clip(0.6 - (x - 0.45 * wide) * 2.2 - (y - 0.55) * 0.8, 0, 1)
    cloth = fractal(rng, shape, 40, 3)
    _mix(image, figure, np.clip(skin * model[..., None] * (1 + 0.07 * cloth[..., None]), 0, 1).astype(np.float32))
    return image


def _arcade(rng: np.random.Generator, shape: tuple[int, int]) -> F32:
    x, y = _axes(shape)
    wide = shape[1] / shape[0]
    stone = _tint(rng, 0.5, 0.85)
    tex = fractal(rng, shape, 12, 6)
    image = (stone * (0.75 + 0.35 * (1 - y))[..., None] * (1 + 0.08 * tex[..., None])).astype(np.float32)
    count = int(rng.integers(2, 5))
    step = wide / count
    inside = _tint(rng, 0.02, 0.15)
    for k in range(count):
        cx = (k + 0.5) * step
        half = 0.34 * step
        spring = 0.35 + 0.0 * k
        door = (np.abs(x - cx) < half) & (y > spring)
        arch = ((x - cx) / half) ** 2 + ((y - spring) / half) ** 2 < 1
        opening = cv2.GaussianBlur((door | arch).astype(np.float32), (0, 0), 1.2)
        opening[y[:, 0] > 0.86] *= 0
        glow = inside + 0.35 * np.exp(-(((y - 0.75) / 0.2) ** 2))[..., None]
        _mix(image, opening, (glow * (1 + 0.1 * tex[..., None])).astype(np.float32))
        image *= (1 - 0.45 * np.exp(-(((x - cx - half * 1.25) / (0.18 * half)) ** 2)) * (y > 0.3))[..., None]
    courses = (np.abs(((y * 14) % 1) - 0.5) > 0.47).astype(np.float32)
    image *= (1 - 0.15 * courses)[..., None]
    floor = np.clip((y - 0.86) * 60, 0, 1) * np.ones(shape, np.float32)
    _mix(image, floor, (stone * 0.55 * (1 + 0.15 * tex[..., None])).astype(np.float32))
    slope = np.clip((0.6 * x + y - 0.35 * wide - 0.55) * 4, 0, 1).astype(np.float32)
    return np.asarray(image * (1 - 0.45 * slope[..., None]))


SCENES = {"landscape": _landscape, "still-life": _still_life, "lights": _lights, "arcade": _arcade}


def picture(rng: np.random.Generator, width: int, height: int, color: bool) -> tuple[str, U8]:
    """Make a picture.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the picture.
    width, height : int
        Size in pixels.
    color : bool
        Whether the picture is RGB; else gray with one channel.

    Returns
    -------
    str
        Name of the scene.
    ndarray of uint8
        Shape (height, width, 3) or (height, width).
    """
    name = list(SCENES)[int(rng.integers(len(SCENES)))]
    shrink = max(1.0, float(np.sqrt(width * height / 400_000)))  # the scene is smooth; the grain is not
    small = (max(16, round(height / shrink)), max(16, round(width / shrink)))
    image = np.clip(SCENES[name](rng, small), 0, 1) ** np.float32(rng.uniform(0.7, 1.1))
    if small != (height, width):
        image = np.clip(cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)
    grain = np.float32(rng.uniform(0.004, 0.02)) * rng.standard_normal((height, width), dtype=np.float32)
    if not color:
        gray = image @ np.array([0.3, 0.59, 0.11], np.float32)
        low, high = np.percentile(gray[::8, ::8], (0.5, 99.5))
        gray = (gray - low) / max(high - low, 0.2) * 0.97 + 0.02 + grain
        return name, (np.clip(gray, 0, 1) * 255 + 0.5).astype(np.uint8)
    mean = image.mean(axis=2, keepdims=True)
    image = mean + np.float32(rng.uniform(1.2, 2.2)) * (image - mean) + grain[..., None]
    return name, (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
