"""Sheets fed again against second prints: how far two passes of one sheet differ, and what is told at a given jitter.

    python benchmarks/rescan_study.py draw --seeds 0 12 --out flatbed.pickle
    python benchmarks/rescan_study.py draw --seeds 100 108 --feeder --out feeder.pickle
    python benchmarks/rescan_study.py tell flatbed.pickle --leaves 10 --runs 300

`draw` scans four leaves a seed twice each, with placement, skew, noise and local distortion anew, and keeps the errors of
their offsets. `tell` makes copies of these errors and of prints that jitter, one leaf of each seen again.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qc.geometry import Edge, edge_names, side_of
from qc.measure.context.sheet_twice import seen_again
from qc.measure.trim_offset import trim_offset
from qc.model import Observation, PageKind, PageRecord, Role, ScanFile, ScanSettings, Where
from qc.page import inspect_page
from qc.pipeline import with_shared_scale
from qc.reference.find import open_reference
from qc.register.alignment import align
from qc.register.page_result import PageJob
from qc.scan.same_capture import same_capture
from qc.synthetic import Kind, draw_scan, sample_conditions, write_scan, write_title

KINDS = (Kind.TEXT, Kind.TEXT, Kind.CHAPTER, Kind.TEXT, Kind.PICTURE, Kind.TEXT, Kind.TABLE, Kind.TEXT)
JITTERS = (0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3)
Errors = dict[tuple[int, int, int], dict[str, tuple[float, float, dict[str, Any]]]]
"""By seed, page and pass: error, u and detail of each edge's offset."""


def draw(seed: int, feeder: bool) -> Errors:
    """Two passes of the leaves of one copy."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        title = write_title(Path(folder) / "title.pdf", KINDS, trim_mm=(108.0, 156.0), seed=seed)
        reference = open_reference(Path(folder) / "title.pdf")
        printed, cut, scanner = sample_conditions(rng, ("black", "gray")[seed % 2], 200.0 + 100 * (seed % 2), 2.0)
        scanner = replace(scanner, wobble_px=float(rng.uniform(0.15, 0.6)) if feeder else 0.0)
        margin_sd, skew_sd = (0.3, 0.15) if feeder else (1.0, 0.4)
        keys, results, truths = [], [], []
        for page in title.pages:
            files = []
            for again in (0, 1):
                margins = [max(2.0, m + float(rng.normal(0, margin_sd))) for m in scanner.margin_mm]
                laid = replace(
                    scanner,
                    margin_mm=(margins[0], margins[1], margins[2], margins[3]),
                    skew_deg=scanner.skew_deg + float(rng.normal(0, skew_sd)),
                )
                image, truth = draw_scan(page, printed, cut, laid, rng)
                file = write_scan(Path(folder) / f"{page.number}-{again}.jpg", image, laid)
                files.append(ScanFile(file, file.name))
                keys.append((seed, page.number, again))
                results.append(inspect_page(PageJob(page.number, files[-1], ScanSettings()), reference))
                truths.append(truth.offsets_mm)
            if same_capture(*files):
                print(f"seed {seed}, page {page.number}: two passes taken for one capture")
    found: Errors = {}
    for key, page_result, offsets in zip(keys, with_shared_scale(results), truths, strict=True):
        if page_result.registration is None or page_result.trim is None or page_result.to_scan is None:
            continue
        names = edge_names(side_of(key[1]))
        measured = trim_offset(
            page_result.lines,
            names,
            page_result.registration,
            page_result.trim,
            key[1],
            None,
            ("", 0),
            page_result.to_scan,
        )
        found[key] = {
            str(o.where.edge): (o.value - offsets[str(o.where.edge)], o.u or 0.0, dict(o.detail))
            for o in measured
            if o.value is not None
        }
    return found


def tell(errors: Errors, jitter: float, leaves: int, second_print: bool, rng: np.random.Generator) -> str:
    """What is told of one leaf that was seen again in a drawn copy."""
    seeds = sorted({seed for seed, _, _ in errors})
    seed, twice = seeds[int(rng.integers(len(seeds)))], int(rng.integers(leaves))
    places: list[int] = []
    observations: list[Observation] = []

    def scan(number: int, like: int, again: int, at: np.ndarray) -> None:
        places.append(number)
        moved = {"head": at[1], "tail": -at[1], "fore-edge": -at[0]}
        for edge, (error, u, detail) in errors.get((seed, like, again), {}).items():
            if edge in moved:
                where = Where(len(places), Edge(edge))
                observations.append(
                    Observation("trim-offset", 1, where, error + float(moved[edge]), "mm", u, (), detail)
                )

    for leaf in range(leaves):
        like = 2 * int(rng.integers(len(KINDS) // 2))
        prints = rng.normal(0, jitter, (2, 2, 2))
        for again in range(1 + (leaf == twice)):
            for side in (0, 1):
                scan(2 * leaf + 1 + side, like + 1 + side, again, prints[again if second_print else 0, side])
    pages = [
        PageRecord("", i, Role.PAGE, n, None, PageKind.CONTENT, "", None, 0.0, False) for i, n in enumerate(places)
    ]
    told = seen_again(align(places, [True] * (2 * leaves)), pages, observations, bench_cut=True)
    return str(next(iter(told.values())).sheet)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw")
    drawing.add_argument("--seeds", type=int, nargs=2, default=(0, 12))
    drawing.add_argument("--feeder", action="store_true")
    drawing.add_argument("--out", type=Path, required=True)
    telling = commands.add_parser("tell")
    telling.add_argument("errors", type=Path)
    telling.add_argument("--leaves", type=int, default=10)
    telling.add_argument("--runs", type=int, default=300)
    args = parser.parse_args()
    if args.command == "draw":
        drawn: Errors = {}
        for seed in range(*args.seeds):
            drawn |= draw(seed, args.feeder)
            args.out.write_bytes(pickle.dumps(drawn))
        return
    errors: Errors = pickle.loads(args.errors.read_bytes())
    for jitter in JITTERS:
        for second_print in (False, True):
            rng = np.random.default_rng(1)
            told = Counter(tell(errors, jitter, args.leaves, second_print, rng) for _ in range(args.runs))
            what = "second print" if second_print else "fed again"
            print(f"{jitter:.2f} mm, {what}:", {k: round(v / args.runs, 3) for k, v in told.most_common()})


if __name__ == "__main__":
    main()
