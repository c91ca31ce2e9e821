"""The scanner: its settings, and from the light on the glass to the values of the file."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from qc import units
from qc.synthetic import optics
from qc.synthetic.binding import Binding

_STRIP = 64  # rows that fit into the cache together

Pixels = NDArray[np.unsignedinteger]


@dataclass(frozen=True)
class Wave:
    """A wave in the geometry of the glass, the same in every scan: what lens and transport do to places.

    Parameters
    ----------
    axis, along : {"x", "y"}
        What is displaced, and along what the displacement changes.
    length_mm : float
        Of the wave.
    strain : float
        Largest local stretch: 0.006 is 0.6 %.
    phase : float
        At the left or upper end of the frame, in radians.
    """

    axis: str
    along: str
    length_mm: float
    strain: float
    phase: float = 0.0


@dataclass(frozen=True)
class Scanner:
    """Glass, lamp, lens, sensor, driver and file of one scan.

    Parameters
    ----------
    dpi : float
        Stated resolution.
    scale_x, scale_y : float
        True pixels per inch divided by stated, along the lamp and along the feed.
    shear : float
        Shift along x per length along y (the feed is not square to the lamp).
    skew_deg : float
        Turn of the leaf on the glass, clockwise.
    margin_mm : (float, float, float, float), mm
        Backing seen left, above, right, below the leaf's bounding box; < 0 crops into the paper.
    backing : (float, float, float)
        Reflectance in linear R, G, B. Black 0.01-0.06, gray 0.1-0.5, white 0.75-0.95.
    texture : float
        Relative unevenness of the backing.
    dust : int
        Specks on the glass, elsewhere in every scan.
    specks : tuple of (x_mm, y_mm, diameter_mm)
        Dirt that stays on the glass: the same place in every scan, from its left-top corner.
    ruler : bool
        A ruler lies right of the leaf (where the margin is wide enough).
    stack_mm : float
        Width of the striped edges of the pages below, seen beyond the fore-edge.
    binding : Binding, optional
        The leaf is scanned in its book. The spine edge of the leaf is then the gutter, wherever it would be cut, and
        the margin beyond it shows the page that faces it. Margins are those of a recto, mirrored for a verso.
    shadow_edges : tuple of {"left", "top", "right", "bottom"}
        Edges of the upright leaf that throw a shadow on the backing.
    shadow_depth, shadow_mm : float
        Darkening right at the edge, and how wide it is.
    shadow_shape : {"exponential", "gaussian", "linear", "double", "plateau"}
        How it fades.
    rim_depth, rim_mm : float
        Darkening of the paper itself near the cut.
    curl_depth, curl_mm : float
        Darkening of the page toward the spine.
    falloff : float
        Relative loss of light from the middle of the lamp to its ends.
    gradient : float
        Relative change of light from top to bottom.
    glare : float
        Share of the light that comes from the surroundings, about 0.3 on a flatbed.
    blur_px : float
        Sigma of the optics beyond the pixel's own square.
    tail, tail_px : float
        Share and length of a one-sided tail of the optics.
    channel_px : (float, float)
        Shift of R (and, opposite, B) against G along x, y.
    distortion_px : float
        Deviation (1 sigma) of a smooth local distortion, drawn anew for each scan.
    waves : tuple of Wave
        Local distortion that stays with the scanner.
    wobble_px, wobble_rows : float
        Deviation of the rows of a feeder, and its length in rows.
    exposure : float
        Reflectance that becomes full white.
    shot, read : float
        Noise (1 sigma) at reflectance 1 and at black.
    streaks : float
        Relative noise of the sensor's columns.
    tone : {"gamma", "srgb"}
        Encoding.
    gamma, contrast : float
        Of the gamma encoding; bend to an S.
    sharpen_px, sharpen : float
        Radius and amount of an unsharp mask.
    mode : {"color", "gray", "bitonal"}
    bits : {8, 16}
    turns : int
        Counterclockwise quarter turns of the file; 2 is upside down.
    format : {"jpeg", "png", "tiff"}
    quality : int
        Of JPEG.
    subsampling : {"4:4:4", "4:2:2", "4:2:0"}
        Of JPEG.
    compression : {None, "lzw", "deflate", "g4"}
        Of TIFF.
    dpi_tag : float or None
        What the file says; 0 means the stated resolution, None no tag.
    exif_orientation : int
        1 to 8; the file is stored such that this tag turns it right. Truth is that of the picture as shown.
    """

    dpi: float = 300.0
    scale_x: float = 1.0
    scale_y: float = 1.0
    shear: float = 0.0
    skew_deg: float = 0.0
    margin_mm: tuple[float, float, float, float] = (8.0, 8.0, 8.0, 8.0)
    backing: tuple[float, float, float] = (0.03, 0.03, 0.03)
    texture: float = 0.02
    dust: int = 0
    specks: tuple[tuple[float, float, float], ...] = ()
    ruler: bool = False
    stack_mm: float = 0.0
    binding: Binding | None = None
    shadow_edges: tuple[str, ...] = ()
    shadow_depth: float = 0.0
    shadow_mm: float = 0.5
    shadow_shape: str = "exponential"
    rim_depth: float = 0.0
    rim_mm: float = 0.2
    curl_depth: float = 0.0
    curl_mm: float = 6.0
    falloff: float = 0.0
    gradient: float = 0.0
    glare: float = 0.0
    blur_px: float = 0.6
    tail: float = 0.0
    tail_px: float = 2.0
    channel_px: tuple[float, float] = (0.0, 0.0)
    distortion_px: float = 0.0
    waves: tuple[Wave, ...] = ()
    wobble_px: float = 0.0
    wobble_rows: float = 40.0
    exposure: float = 0.95
    shot: float = 0.006
    read: float = 0.002
    streaks: float = 0.0
    tone: str = "srgb"
    gamma: float = 2.2
    contrast: float = 0.0
    sharpen_px: float = 1.0
    sharpen: float = 0.0
    mode: str = "color"
    bits: int = 8
    turns: int = 0
    format: str = "jpeg"
    quality: int = 92
    subsampling: str = "4:2:0"
    compression: str | None = None
    dpi_tag: float | None = 0.0
    exif_orientation: int = 1

    @property
    def true_dpi(self) -> tuple[float, float]:
        """Pixels per inch along x and y of the glass."""
        return self.dpi * self.scale_x, self.dpi * self.scale_y


def seen(light: NDArray[np.float32], scanner: Scanner, rng: np.random.Generator) -> Pixels:
    """From linear light on the glass to the values of the file."""
    rows, columns = light.shape[:2]
    if scanner.dust:
        _dust(light, scanner.dust, units.px_per_mm(scanner.dpi), rng)
    for x, y, diameter in scanner.specks:
        at = (round(units.px_per_mm(scanner.dpi) * x), round(units.px_per_mm(scanner.dpi) * y))
        cv2.circle(light, at, max(1, round(units.px_per_mm(scanner.dpi) * diameter / 2)), (0.08,) * 3, -1, cv2.LINE_AA)
    if scanner.glare:
        light = optics.glare(light, scanner.glare, 12.7, 5.0, scanner.true_dpi)
    light = optics.blur(light, scanner.blur_px, scanner.tail, scanner.tail_px)
    if scanner.channel_px != (0.0, 0.0) and light.ndim == 3:
        dx, dy = scanner.channel_px
        light[:, :, 0] = optics.shifted(np.ascontiguousarray(light[:, :, 0]), dx, dy)
        light[:, :, 2] = optics.shifted(np.ascontiguousarray(light[:, :, 2]), -dx, -dy)
    across = 1 - scanner.falloff * np.linspace(-1, 1, columns) ** 2
    if scanner.streaks:
        across = across * (1 + rng.normal(0, scanner.streaks, columns))
    along = 1 + scanner.gradient * np.linspace(-0.5, 0.5, rows)
    lamp = across.astype(np.float32) if light.ndim == 2 else across.astype(np.float32)[:, None]
    deep = np.uint8 if scanner.bits == 8 else np.uint16
    top = int(np.iinfo(deep).max)
    table = optics.tone_table(scanner.tone, scanner.gamma, scanner.contrast, 65536)
    encoded = table if scanner.sharpen or scanner.mode == "bitonal" else np.floor(top * table + 0.5).astype(deep)
    out = np.empty(light.shape, encoded.dtype)
    for start in range(0, rows, _STRIP):
        part = light[start : start + _STRIP]
        part *= lamp
        part *= along[start : start + _STRIP].astype(np.float32).reshape(-1, *(1,) * (light.ndim - 1))
        if scanner.shot or scanner.read:
            noise = rng.standard_normal(part.shape, np.float32)
            spread = np.maximum(part, 0)
            spread *= np.float32(scanner.shot**2)
            spread += np.float32(scanner.read**2)
            noise *= np.sqrt(spread, out=spread)
            part += noise
        part *= np.float32(65535 / scanner.exposure)
        part += np.float32(0.5)
        np.take(encoded, np.clip(part, 0, 65535, out=part).astype(np.uint16), out=out[start : start + _STRIP])
    if scanner.sharpen:
        out = optics.sharpened(out, scanner.sharpen_px, scanner.sharpen)
    if scanner.mode == "bitonal":
        return np.asarray(np.where(out > 0.55, 255, 0), np.uint8)
    return np.asarray(np.clip(top * out + 0.5, 0, top), deep) if scanner.sharpen else out


def _dust(light: NDArray[np.float32], count: int, per_mm: float, rng: np.random.Generator) -> None:
    rows, columns = light.shape[:2]
    for _ in range(count):
        x, y = int(rng.integers(columns)), int(rng.integers(rows))
        axes = (max(1, round(rng.uniform(0.05, 0.25) * per_mm)), max(1, round(rng.uniform(0.03, 0.1) * per_mm)))
        shade = float(rng.uniform(0.05, 0.7))
        cv2.ellipse(light, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, (shade,) * 3, -1, cv2.LINE_AA)
