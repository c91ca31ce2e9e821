"""CPU time from two decoded scans of a page to the map of their tiles, against CIEDE2000 of every pixel by scikit-image.

    python benchmarks/color_speed.py

Two 6 x 9 in pages at 300 dpi, 4.9 megapixels each, drawn without a screen: what is printed makes no difference to the time.
Both paths begin with the same decoded pixels. The map is that of `qc compare`: area average to 150 dpi, linear light, the
second page laid on the first, paper taken out, tiles of 3.6 mm, L*a*b*, CIEDE2000.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from qc.compare.color import color_of
from qc.features.page_color import PageColor, difference
from qc.geometry import Affine, Size, pixel_scaling
from qc.model import Resolution
from qc.normalize.flat_field import rectified
from qc.normalize.page_image import PageImage
from qc.resample import shrunk
from qc.synthetic import Cut, Kind, Print, Scanner, draw_scan
from qc.synthetic.design import typeset

TRIM_MM = (152.4, 228.6)
DPI = 300.0
REDUCE = 2

Pixels = NDArray[np.uint8]


def scans() -> tuple[list[Pixels], list[Affine]]:
    (page,) = typeset([Kind.BLEED_MIXED], trim_mm=TRIM_MM, seed=5000)
    scanner = Scanner(dpi=DPI, margin_mm=(1.0, 1.0, 1.0, 1.0))
    pixels, maps = [], []
    for n, strength in enumerate(((1.0, 1.0, 1.0), (1.0, 1.1, 1.0))):
        scan = replace(scanner, skew_deg=0.2 * n)
        image, truth = draw_scan(page, Print(strength=strength), Cut(), scan, np.random.default_rng(n))
        pixels.append(np.asarray(image, np.uint8))
        maps.append(Affine(truth.to_scan))
    return pixels, maps


def page_of(pixels: Pixels, to_scan: Affine) -> PageColor:
    small = shrunk(pixels, REDUCE)
    dpi = Resolution(DPI / REDUCE, DPI / REDUCE)
    image = PageImage(np.zeros((1, 1), np.float32), small, dpi, pixel_scaling(REDUCE, REDUCE))
    size = Size(*TRIM_MM)
    return color_of(rectified(image, image.to_scan.inverse().after(to_scan), size, cv2.INTER_LINEAR), size, None)


def tile_map(pixels: list[Pixels], maps: list[Affine]) -> dict[str, Any]:
    first, second = (page_of(p, m) for p, m in zip(pixels, maps, strict=True))
    return difference(first.lab, second.lab, first.printed | second.printed, first)[1]


def seconds(work: Callable[[], object], times: int) -> float:
    """CPU time of the fastest of several runs."""
    spent = []
    for _ in range(times):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def main() -> None:
    cv2.setNumThreads(1)
    pixels, maps = scans()
    rows, cols = (min(p.shape[axis] for p in pixels) for axis in (0, 1))
    same = [p[:rows, :cols] for p in pixels]
    labs = [rgb2lab(p) for p in same]
    ours = seconds(lambda: tile_map(pixels, maps), 5)
    formula = seconds(lambda: deltaE_ciede2000(*labs), 2)
    whole = seconds(lambda: deltaE_ciede2000(*(rgb2lab(p) for p in same)), 2)
    print(f"two scans of {rows} x {cols} px, CPU seconds of one thread:")
    print(f"  decoded scans to tile map, qc                        {ours:6.3f}")
    print(f"  deltaE_ciede2000 of all pixels, L*a*b* given         {formula:6.3f}   {formula / ours:5.1f} x")
    print(f"  decoded scans to a map of all pixels, scikit-image   {whole:6.3f}   {whole / ours:5.1f} x")


if __name__ == "__main__":
    main()
