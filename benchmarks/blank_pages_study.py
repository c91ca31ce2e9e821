"""How often a blank page is taken for content, and content for blank.

    python benchmarks/blank_pages_study.py draw FOLDER --first 5000 --pages 600
    python benchmarks/blank_pages_study.py measure FOLDER [SCAN ...]

`draw` writes scans and their truth once (about 0.5 s a page), `measure` reads them as often as wanted. Seeds below 5000
served to choose thresholds; those from 5000 on did not. Real scans given as further arguments are listed, not counted.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from qc.model import ScanFile, ScanSettings
from qc.page import inspect_page
from qc.register.page_result import PageJob
from qc.synthetic import Cut, Kind, Print, Scanner, draw_scan, sample_conditions, write_scan
from qc.synthetic.design import typeset
from qc.units import parse_trim

TRIMS = ("4.25 x 6.87 in", "5 x 8 in", "4.5 x 7 in")
CONTENT = (
    Kind.TEXT,
    Kind.CHAPTER,
    Kind.HEADING,
    Kind.ORNAMENT,
    Kind.ONE_RULE,
    Kind.RULED,
    Kind.PALE_RULES,
    Kind.GRAY_LINES,
    Kind.THREE_LINES,
    Kind.DOT_GRID,
    Kind.BLEED_BRIGHT,
    Kind.BLEED_DARK,
    Kind.LINE_ART,
    Kind.TABLE,
    Kind.GRAY_PICTURE,
)
BLANK = (
    "clean",
    "show-through",
    "strong show-through",
    "gutter shadow",
    "dust",
    "stains",
    "blob",
    "streak",
    "deep cut",
)


def case(seed: int) -> tuple[str, str, Kind, Print, Cut, Scanner, np.random.Generator]:
    """Truth (content, folio-only, imprint, blank), name of the case, and how it is drawn."""
    rng = np.random.default_rng([61, seed])
    dpi = (150.0, 200.0, 300.0)[int(rng.integers(3))]
    printed, cut, scanner = sample_conditions(rng, ("black", "gray")[int(rng.integers(2))], dpi, reach_mm=2.0)
    choice = seed % 4
    if choice == 0:
        kind = CONTENT[seed // 4 % len(CONTENT)]
        return "content", str(kind), kind, printed, cut, scanner, rng
    if choice == 1:
        kind = (Kind.FOLIO_ONLY, Kind.IMPRINT)[seed // 4 % 2]
        return str(kind), str(kind), kind, printed, cut, scanner, rng
    name = BLANK[seed // 2 % len(BLANK)]
    spot = lambda low, high: tuple(float(v) for v in rng.uniform(low, high, 2))  # noqa: E731
    match name:
        case "show-through":
            printed = replace(printed, show_through=float(rng.uniform(0.06, 0.2)))
        case "strong show-through":
            printed = replace(printed, show_through=float(rng.uniform(0.2, 0.4)))
        case "gutter shadow":
            depth, width = float(rng.uniform(0.2, 0.7)), float(rng.uniform(4, 15))
            scanner = replace(scanner, curl_depth=depth, curl_mm=width)
        case "dust":
            scanner = replace(scanner, dust=int(rng.integers(20, 90)))
        case "stains":
            stains = [(*spot(15, 90), float(rng.uniform(3, 30)), float(rng.uniform(0.05, 0.4))) for _ in range(4)]
            printed = replace(printed, stains=tuple(stains))
        case "blob":
            printed = replace(printed, spots=((*spot(15, 90), float(rng.uniform(2, 6))),))
        case "streak":
            line = (float(rng.uniform(10, 95)), float(rng.uniform(0.3, 1.5)), float(rng.uniform(0.4, 0.9)))
            printed = replace(printed, lines=(line,))
        case "deep cut":
            cut = Cut(*(float(v) for v in rng.uniform(-4.5, -2, 4)))
    return "blank", name, Kind.BLANK, printed, cut, scanner, rng


def draw(folder: Path, first: int, pages: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + pages):
        truth, name, kind, printed, cut, scanner, rng = case(seed)
        if list(folder.glob(f"{seed}.*")):
            continue
        trim = parse_trim(TRIMS[seed % len(TRIMS)])
        page = typeset([kind], trim_mm=trim, first_number=1 + seed % 2, seed=seed)[0]
        back = typeset([Kind.TEXT], trim_mm=trim, first_number=2 - seed % 2, seed=seed + 1)[0]
        image, _ = draw_scan(page, printed, cut, scanner, rng, back)
        write_scan(folder / f"{seed}.jpg", image, scanner)
        said = {"truth": truth, "name": name, "page": 1 + seed % 2}
        (folder / f"{seed}.json").write_text(json.dumps(said))


def measure(folder: Path, scans: list[Path]) -> None:
    right: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    told: Counter[tuple[str, str, str]] = Counter()
    for file in sorted(folder.glob("*.json")):
        said = json.loads(file.read_text())
        job = PageJob(said["page"], ScanFile(file.with_suffix(".jpg"), file.stem), ScanSettings())
        ink = inspect_page(job, None).ink
        assert ink is not None, file
        drawn[said["name"]] += 1
        told[said["truth"], str(ink.kind), str(ink.look)] += 1
        expected = "content" if said["truth"] == "imprint" else said["truth"]
        good = ink.kind == expected and (said["name"] not in ("blob", "streak") or str(ink.look) == "defect")
        right[said["name"]] += good
        if not good:
            print(f"{file.stem}: {said['name']} was taken for {ink.kind} ({ink.reason})")
    for name, count in sorted(drawn.items()):
        print(f"{name:20} {right[name]:4} of {count}")
    print(f"{'all':20} {right.total():4} of {drawn.total()}")
    for (truth, kind, look), count in sorted(told.items()):
        print(f"{truth:12} told as {kind:10} ({look}): {count}")
    for scan in scans:
        ink = inspect_page(PageJob(1, ScanFile(scan, scan.name), ScanSettings(dpi=300.0)), None).ink
        print(f"{scan.name}: {ink.kind if ink else 'unreadable'} ({ink.reason if ink else ''})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("draw", "measure"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("scans", type=Path, nargs="*")
    parser.add_argument("--first", type=int, default=5000)
    parser.add_argument("--pages", type=int, default=600)
    args = parser.parse_args()
    if args.step == "draw":
        draw(args.folder, args.first, args.pages)
    else:
        measure(args.folder, args.scans)


if __name__ == "__main__":
    main()
