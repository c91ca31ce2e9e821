"""The press: separation, tone, screens, ink on paper.

Physics
-------
* Tone. ``dot`` mapping: the file's value is the dot's area and the press adds its gain (Murray-Davies area at 50 %
  as a densitometer reads it, 0 to 30 %; ISO 12647-2 curves lie at 14 to 26 %). ``luminance`` mapping: the file is
  read as sRGB (IEC 61966-2-1) and the press is calibrated to print that reflectance.
* Screens. AM: threshold cells of 85 to 175 lpi at 45 (K), 15 (C), 75 (M) and 0 (Y) degrees; FM: thresholds with no
  low frequencies. Solids stay solid.
* Optical gain. Light enters the paper through the ink, scatters in it (Gaussian, sigma 25 to 60 micrometers; Rogers,
  Arney) and leaves through the ink: R = T * (S conv T), T being the one-way transmittance. The plate's tone curve is
  found from this same chain, so that the printed mean is the wanted one.
* Overprints. Demichel coverage with the product of the inks' transmittances (Neugebauer primaries of ideal layers),
  taken at 300 dpi.
* Solids. Black 1.0 to 1.7 D (inkjet on book paper 1.0 to 1.4, toner 1.3 to 1.7); C, M, Y as broad-band reflectances
  about the values of coated and uncoated process inks in linear RGB.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[Any]  # uint8
F32 = NDArray[Any]  # float32
DPI = 600
ANGLES = {"K": 45.0, "C": 15.0, "M": 75.0, "Y": 0.0}
SHARP = 2.2  # slope of a threshold: the edge of a dot spreads over 0.45 of the tone range (antialiasing)
# relative reflectance (to paper) of solid process inks in a scanner's R, G, B, linear
SOLIDS = {"C": (0.07, 0.34, 0.62), "M": (0.66, 0.06, 0.20), "Y": (0.93, 0.78, 0.07)}


def srgb_linear(value: NDArray[Any]) -> NDArray[Any]:
    """Return the linear light of sRGB values 0 to 1 (IEC 61966-2-1)."""
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _ranks(values: NDArray[Any]) -> U8:
    """Return thresholds with even steps such that value 0 is never and 255 always printed whole."""
    order = np.empty(values.size, np.float32)
    order[np.argsort(values, axis=None, kind="stable")] = np.arange(values.size, dtype=np.float32)
    low = 128 / SHARP
    return (low + (order.reshape(values.shape) + 0.5) / values.size * (255 - 2 * low)).astype(np.uint8)


def am_tile(lpi: float, angle: float, shape: str, size: int = 320) -> U8:
    """Return a seamless tile of thresholds of a clustered-dot screen.

    Parameters
    ----------
    lpi : float
        Lines per inch.
    angle : float
        Degrees.
    shape : str
        Shape of the dot: round, elliptic or line.
    size : int
        Side of the tile in pixels of 600 dpi; ruling and angle are rounded to whole periods of it.
    """
    a = np.radians(angle)
    fx, fy = round(size * lpi / DPI * np.cos(a)), round(size * lpi / DPI * np.sin(a))
    y, x = np.mgrid[0:size, 0:size] + 0.31
    u = 2 * np.pi * (fx * x + fy * y) / size
    v = 2 * np.pi * (-fy * x + fx * y) / size
    across = {"round": 1.0, "elliptic": 0.75, "line": 0.15}[shape]
    return _ranks(-np.cos(u) - across * np.cos(v))


def fm_tile(rng: np.random.Generator, grain: float, size: int = 256) -> U8:
    """Return a seamless tile of stochastic thresholds; ``grain`` is the size of its dots in pixels (1 to 2)."""
    f = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    peak = 0.42 / grain
    band = (1 - np.exp(-((f / peak) ** 6))) / (1 + (f / (1.4 * peak)) ** 8)
    values = rng.standard_normal((size, size))
    for _ in range(8):
        values = np.fft.irfft2(np.fft.rfft2(values) * band, (size, size))
        order = np.empty(values.size)
        order[np.argsort(values, axis=None)] = np.arange(values.size)
        values = order.reshape(size, size) / values.size - 0.5
    return _ranks(values)


@dataclass
class Press:
    """One press with its settings for one copy."""

    process: str
    screen: str
    lpi: float
    shape: str
    grain: float
    gain: float
    mapping: str
    black_point: bool
    density: float
    solids: dict[str, tuple[float, float, float]]
    spread: float
    scatter: float
    mottle: float
    specks: int
    start: float
    power: float
    removal: float
    balance: float
    misregister: dict[str, tuple[float, float]]
    blur: str
    file_black: int
    seed: int
    tiles: dict[tuple[str, float], U8] = field(default_factory=dict)
    curves: dict[str, U8] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """Return the settings in a readable form."""
        names = (
            "process",
            "screen",
            "gain",
            "mapping",
            "black_point",
            "density",
            "spread",
            "scatter",
            "mottle",
            "specks",
            "removal",
            "balance",
            "blur",
        )
        out: dict[str, Any] = {k: getattr(self, k) for k in names}
        out["black_start"], out["black_power"] = self.start, self.power
        out |= {"lpi": self.lpi, "dot": self.shape} if self.screen == "AM" else {"grain_px": self.grain}
        out["solids"] = {k: [round(v, 4) for v in s] for k, s in self.solids.items()}
        out["misregister_mm"] = {k: [round(v, 4) for v in s] for k, s in self.misregister.items()}
        return out

    def tile(self, ink: str, skew: float) -> U8:
        """Return the thresholds of an ink; AM screens turn with the sheet in steps of 0.75 degrees."""
        step = round(skew / 0.75) * 0.75 if self.screen == "AM" else 0.0
        if self.screen != "AM":
            ink = "K"
        key = (ink, step)
        if key not in self.tiles:
            if self.screen == "AM":
                self.tiles[key] = self._even_tile(ANGLES[ink] + step)
            else:
                self.tiles[key] = fm_tile(np.random.default_rng(self.seed), self.grain)
        return self.tiles[key]

    def _even_tile(self, angle: float) -> U8:
        """Return an AM tile whose ruling does not beat with the 600 dpi grid by more than 0.4 % of the tone range.

        The real RIP has its rational cells and supercells for this; here the ruling is changed by up to 4 %.
        """
        best, least = None, 9.0
        for change in (0.0, 0.012, -0.012, 0.025, -0.025, 0.04, -0.04):
            tile = am_tile(self.lpi * (1 + change), angle, self.shape)
            beat = 0.0
            for value in (50, 128, 205):
                dots = np.tile(self._dots(np.full_like(tile, value), tile), (2, 2))
                smooth = cv2.GaussianBlur(cv2.pyrDown(cv2.pyrDown(dots)), (0, 0), 2.5)[12:-12, 12:-12]
                beat = max(beat, float(np.ptp(smooth)) / 255)
            if beat < least:
                best, least = tile, beat
            if least <= 0.004:
                break
        assert best is not None
        return best

    def _effective(self, dots: U8, solid: float) -> U8:
        """Return the effective coverage (0 to 255) on the 300 dpi grid of dots on the 600 dpi grid.

        Murray-Davies coverage of R = T * (S conv T) with the ink's solid reflectance ``solid``.
        """
        if self.spread > 0:
            dots = cv2.GaussianBlur(dots, (5, 5), self.spread)
        one_way = np.sqrt(solid)
        light = cv2.LUT(dots, (255 - np.arange(256) * (1 - one_way) + 0.5).astype(np.uint8))
        light = cv2.multiply(light, cv2.GaussianBlur(light, (5, 5), self.scatter), scale=1 / 255)
        small = (
            cv2.pyrDown(light)
            if self.blur == "soft"
            else cv2.resize(light, (light.shape[1] // 2, light.shape[0] // 2), interpolation=cv2.INTER_AREA)
        )
        back = (1 - np.arange(256) / 255) / (1 - solid)
        return cv2.LUT(small, (np.clip(back, 0, 1) * 255 + 0.5).astype(np.uint8))

    @staticmethod
    def _dots(values: U8, thresholds: U8) -> U8:
        return cv2.addWeighted(values, SHARP, thresholds, -SHARP, 127.5)

    def solid(self, ink: str) -> float:
        """Return the ink's reflectance where it absorbs most."""
        return min(self.solids[ink])

    def curve(self, ink: str) -> U8:
        """Return the plate's tone curve: the file's ink value -> the plate's value that prints the wanted tone."""
        if ink in self.curves:
            return self.curves[ink]
        tile = np.tile(self.tile(ink, 0.0), (2, 2))
        steps = np.arange(0, 256, 5)
        got = []
        for step in steps:
            small = self._effective(self._dots(np.full_like(tile, step), tile), self.solid(ink))
            got.append(float(small[20:-20, 20:-20].mean()) / 255)
        value = np.arange(256) / 255
        area = value + 4 * self.gain * value * (1 - value)
        if self.mapping == "luminance":
            absorbed = 1 - srgb_linear(1 - value)
            full = 1.0 if self.black_point else 1 - self.solid(ink)
            area = absorbed / full + 4 * self.gain * value * (1 - value)
        if ink in ("M", "Y"):
            area = area * (1 - self.balance * 4 * value * (1 - value))
        plate = np.interp(np.clip(area, 0, 1), np.maximum.accumulate(got) + np.arange(len(got)) * 1e-6, steps)
        plate[0], plate[-1] = 0, 255
        self.curves[ink] = (plate + 0.5).astype(np.uint8)
        return self.curves[ink]

    def separate(self, image: U8) -> dict[str, U8]:
        """Return the inks' file values (0 to 255) of a gray or BGR raster, by PostScript's rule with BG and UCR.

        Ink that is nowhere on the page is left out.
        """
        # PDFium draws 100 % K of DeviceCMYK as about 35 of 255
        full = np.clip((255 - np.arange(256)) * 255 / (255 - self.file_black) + 0.5, 0, 255).astype(np.uint8)
        if image.ndim == 2:
            return {"K": cv2.LUT(image, full)}
        k = np.clip((np.arange(256) / 255 - self.start) / (1 - self.start), 0, 1) ** self.power * 255
        black = (k + 0.5).astype(np.uint8)
        take = (k * self.removal + 0.5).astype(np.uint8)
        plates = {n: np.empty(image.shape[:2], np.uint8) for n in "KCMY"}
        for top in range(0, image.shape[0], 256):  # strips stay in the cache
            rows = slice(top, top + 256)
            y, m, c = cv2.split(cv2.LUT(image[rows], full))
            least = cv2.min(cv2.min(c, m), y)
            plates["K"][rows] = cv2.LUT(least, black)
            under = cv2.LUT(least, take)
            for name, plane in (("C", c), ("M", m), ("Y", y)):
                plates[name][rows] = cv2.subtract(plane, under)
        # ink below 1.5 % is rounding of the file's gray
        return {n: p for n, p in plates.items() if int(p[::2, ::2].max()) > 4}

    def print(self, values: dict[str, U8], rng: np.random.Generator, skew: float, jitter: float) -> dict[str, U8]:
        """Print the plates and return the inks' effective coverage (0 to 255) on the 300 dpi grid.

        Parameters
        ----------
        values : dict of ndarray
            The inks' file values on the 600 dpi grid.
        rng : numpy.random.Generator
            Phase of the screens and small misregister of this page.
        skew : float
            Turn of the page in the frame, degrees.
        jitter : float
            Greatest change of the misregister on this page, mm.
        """
        out: dict[str, U8] = {}
        for ink in ("K", "C", "M", "Y"):
            dx, dy = rng.uniform(-jitter, jitter, 2)
            phase = rng.integers(0, 250, 2)
            if ink not in values:
                continue
            curve, tile = self.curve(ink), self.tile(ink, skew)
            tile = np.roll(tile, tuple(phase), (0, 1))
            whole = values[ink]
            rows, cols = whole.shape
            wide = np.tile(tile, (1, -(-cols // tile.shape[1])))[:, :cols]
            size = tile.shape[0]
            bx, by = self.misregister.get(ink, (-dx, -dy))
            got = np.empty((rows // 2, cols // 2), np.uint8)
            for top in range(0, rows, size):  # strips as high as the tile stay in the cache
                low, high = max(0, top - 8), min(rows, top + size + 8)
                plate = whole[low:high]
                if not plate.any():
                    got[top // 2 : (top + size) // 2] = 0
                    continue
                plate = cv2.LUT(plate, curve)
                if ink != "K":
                    plate = _nudge(plate, (bx + dx) * DPI / 25.4, (by + dy) * DPI / 25.4)
                first = low % size
                parts = [wide[first : first + high - low]]
                while sum(len(p) for p in parts) < high - low:
                    parts.append(wide[: high - low - sum(len(p) for p in parts)])
                small = self._effective(self._dots(plate, np.concatenate(parts)), self.solid(ink))
                skip = (top - low) // 2
                got[top // 2 : (top + size) // 2] = small[skip : skip + size // 2]
            out[ink] = got
        return out


def _nudge(plate: U8, dx: float, dy: float) -> U8:
    """Shift a plate by up to 2 pixels either way, linear between pixels."""
    rows, cols = plate.shape
    padded = cv2.copyMakeBorder(plate, 3, 3, 3, 3, cv2.BORDER_REPLICATE)
    ix, iy = int(np.floor(dx)), int(np.floor(dy))
    fx, fy = dx - ix, dy - iy
    left = 3 - ix
    row = cv2.addWeighted(padded[:, left : left + cols], 1 - fx, padded[:, left - 1 : left - 1 + cols], fx, 0)
    top = 3 - iy
    return cv2.addWeighted(row[top : top + rows], 1 - fy, row[top - 1 : top - 1 + rows], fy, 0)


def _three(values: NDArray[Any]) -> tuple[float, float, float]:
    r, g, b = (float(v) for v in values)
    return r, g, b


def make_press(rng: np.random.Generator, color: bool, space: str) -> Press:
    """Draw a press."""
    process = "toner" if rng.random() < (0.45 if color else 0.55) else "inkjet"
    screen = "AM" if rng.random() < (0.8 if process == "toner" else 0.3) else "FM"
    lpi = float(rng.choice([85, 106, 120, 133, 141, 150, 175])) + float(rng.uniform(-2, 2))
    shape = str(rng.choice(["round", "elliptic", "line"], p=[0.5, 0.3, 0.2]))
    mapping = "dot" if rng.random() < 0.6 else "luminance"
    gain = float(rng.uniform(0.0, 0.30) if mapping == "dot" else rng.uniform(-0.03, 0.05))
    if mapping == "dot" and rng.random() < 0.2:
        gain = 0.0
    density = float(rng.uniform(1.3, 1.7) if process == "toner" else rng.uniform(1.0, 1.4))
    k = 10**-density
    cast = rng.uniform(-0.006, 0.006, 3) if color else np.zeros(3)
    solids = {"K": _three(np.clip(k + cast, 0.01, 1))}
    strength = float(rng.uniform(0.75, 1.15)) * (0.9 if process == "inkjet" else 1.0)
    for ink, base in SOLIDS.items():
        values = np.array(base) * (1 + rng.uniform(-0.08, 0.08, 3))
        solids[ink] = _three(np.clip(values, 0.03, 0.97) ** strength)
    miss = {}
    for ink in "CMY":
        r, a = float(rng.uniform(0, 0.05)), float(rng.uniform(0, 2 * np.pi))
        miss[ink] = (r * np.cos(a), r * np.sin(a))
    toner = process == "toner"
    return Press(
        process,
        screen,
        lpi,
        shape,
        float(rng.choice([1.0, 1.4, 1.9])),
        gain,
        mapping,
        black_point=bool(rng.random() < 0.5),
        density=density,
        solids=solids,
        spread=0.0 if toner else float(rng.uniform(0.45, 0.85)),  # pixels of 600 dpi: 19 to 36 micrometers
        scatter=float(rng.uniform(0.6, 1.4)),  # 25 to 60 micrometers
        mottle=float(rng.uniform(0.001, 0.005) if toner else rng.uniform(0.002, 0.010)),
        specks=int(rng.integers(30, 500)) if toner else int(rng.integers(0, 40)),
        start=float(rng.choice([0.0, 0.0, 0.15, 0.35])),
        power=float(rng.uniform(1.0, 1.6)),
        removal=float(rng.choice([1.0, 1.0, 0.9, 0.8])),
        balance=float(rng.uniform(0.03, 0.1)),
        misregister=miss,
        blur="soft" if rng.random() < 0.65 else "sharp",
        file_black=35 if space == "cmyk" else 0,
        seed=int(rng.integers(1 << 30)),
    )
