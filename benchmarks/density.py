"""How well `density-difference` is known: drawn prints of random presses on random scanners, and an ink made weaker on purpose.

    python benchmarks/density.py --seeds 0 40            tuning (below 5000)
    python benchmarks/density.py --seeds 5000 5040       held out

Each seed draws one page four times: sound; again on the same scanner (other noise, screen phase and place); on another scanner;
and with 15 % less density in the green channel. `file` compares the sound page with the PDF; the others are compared with the
sound page, as if it were an approved copy. Where a page lies is known exactly, up to 0.1 mm. U_FILE, U_OTHER_SCANNER and
U_SAME_SCANNER are the root mean squares of seeds 0 to 39, rounded up for tails and for what is not drawn (drift of lamp and press).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from qc.features.page_maps import page_maps
from qc.features.tiles import PageTiles, page_tiles
from qc.geometry import Affine
from qc.measure.density_difference import MOST_OF_COPY, MOST_OF_FILE, density_shift
from qc.model import Resolution, ScanFile
from qc.normalize.page_image import load_page
from qc.reference.find import Reference, open_reference
from qc.scan.image_file import read_header
from qc.synthetic import Cut, Kind, Print, Scanner, Title, draw_scan, sample_conditions, write_scan, write_title
from qc.synthetic.files import suffix

TRIM_MM = (76.2, 101.6)
DPI = 150.0
KINDS = (Kind.PICTURE, Kind.GRAY_PICTURE, Kind.PICTURE)
SCREENS = (None, None, "am")
WEAK = 0.85
SHIFT_MM = 0.1

Shift = dict[str, tuple[float, int]]


def seen(
    folder: Path, title: Title, reference: Reference, number: int, how: Print, scanner: Scanner, seed: int
) -> PageTiles:
    """Tiles of one drawn page."""
    rng = np.random.default_rng(seed)
    image, truth = draw_scan(title.pages[number - 1], how, Cut(), scanner, rng)
    file = write_scan(folder / f"{seed}{suffix(scanner)}", image, scanner)
    scan = ScanFile(file, file.name)
    page_image = load_page(scan, read_header(scan), Resolution(DPI, DPI))
    file.unlink()
    off = Affine.shift(*rng.normal(0, SHIFT_MM, 2))
    to_px = page_image.to_scan.inverse().after(Affine(truth.to_scan)).after(off)
    return page_tiles(page_maps(page_image, reference.page(number), to_px))


def against_file(tiles: PageTiles) -> Shift:
    if tiles.paper is None:
        return {}
    return density_shift(tiles.copy / tiles.paper, tiles.reference, tiles.usable, MOST_OF_FILE)


def against_copy(tiles: PageTiles, sound: PageTiles) -> Shift:
    if tiles.paper is None or sound.paper is None:
        return {}
    return density_shift(tiles.copy / tiles.paper, sound.copy / sound.paper, sound.usable, MOST_OF_COPY)


def study(first: int, last: int) -> Iterator[tuple[int, str, Shift, Print, Scanner]]:
    """Seed, what was compared, and what was found."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trim = f"{TRIM_MM[0]} x {TRIM_MM[1]} mm"
        title = write_title(folder / "t" / "interior.pdf", KINDS, trim_mm=TRIM_MM, bleed=False, seed=first)
        reference = open_reference(title.path, trim=trim, bleed=False)
        for seed in range(first, last):
            rng = np.random.default_rng(seed)
            how, _, scanner = sample_conditions(rng, "black", DPI)
            how = replace(how, halftone=SCREENS[seed % 3])
            other = replace(sample_conditions(rng, "black", DPI)[2], mode=scanner.mode)
            weak = replace(how, strength=(1.0, WEAK, 1.0))
            number = 1 + seed % 3
            sound = seen(folder, title, reference, number, how, scanner, 10 * seed)
            yield seed, "file", against_file(sound), how, scanner
            for n, (what, printed, device) in enumerate(
                (("same scanner", how, scanner), ("other scanner", how, other), ("weak", weak, scanner)), 1
            ):
                tiles = seen(folder, title, reference, number, printed, device, 10 * seed + n)
                yield seed, what, against_copy(tiles, sound), printed, device


def farthest(shift: Shift) -> float:
    return max((v for v, _ in shift.values()), key=abs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 40), metavar=("FIRST", "LAST"))
    parser.add_argument("--each", action="store_true", help="print every comparison")
    options = parser.parse_args()
    found: dict[str, list[Shift]] = {}
    for seed, what, shift, how, scanner in study(*options.seeds):
        found.setdefault(what, []).append(shift)
        if options.each:
            said = " ".join(f"{c} {v:+.3f} ({n})" for c, (v, n) in shift.items()) or "no solids"
            print(
                f"{seed} {what}: {said}; gain {how.gain:.2f} black {how.black:.3f} {how.halftone}, {scanner.mode} "
                f"{scanner.tone} {scanner.gamma:.2f} glare {scanner.glare:.2f}",
                flush=True,
            )
    for what, shifts in found.items():
        values = np.array([farthest(s) for s in shifts if s])
        size = np.abs(values)
        print(
            f"{what}: {len(values)} of {len(shifts)} pages with solids, rms {np.sqrt((values**2).mean()):.3f}, mean "
            f"{values.mean():+.3f}, 95 % below {np.quantile(size, 0.95):.3f}, most {size.max():.3f}"
        )


if __name__ == "__main__":
    main()
