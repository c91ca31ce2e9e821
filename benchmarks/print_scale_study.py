"""Print that is scaled and turned on its paper: what is recognized, and the errors of `print-scale` and `trim-skew`.

    python benchmarks/print_scale_study.py --seeds 5000 5010 --out scale.csv
    python benchmarks/print_scale_study.py --seeds 5000 5010 --sound

Each copy is eight pages of a drawn title, printed at 92 to 106 % (odd seeds alike along both axes) and turned by up to 12
degrees on paper cut right to within 1 mm (1 sigma), scanned by a scanner off by 0.5 % (1 sigma) along each axis; with
`--sound` print and paper are as ordered. A copy takes about half a minute.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from qc.judge.policy import load_policy
from qc.model import FindingOutcome
from qc.pipeline import inspect_copy
from qc.reference.find import open_reference
from qc.scan.copy_folder import open_copy
from qc.synthetic import Block, Cut, Kind, Print, Scanner, draw_copy, write_title

KINDS = (Kind.TEXT, Kind.CHAPTER, Kind.PICTURE, Kind.TABLE, Kind.LINE_ART)
SHARES = (0.72, 0.08, 0.1, 0.05, 0.05)
TRIMS = ((127.0, 203.2), (152.4, 228.6), (139.7, 215.9))
PAGES = 8
U_SCANNER = 0.005
U_CUT_MM = 0.5
"""Of one edge: the height is then off by 0.7 mm, sound blocks by little more."""
POLICY = load_policy()


def rows(seed: int, sound: bool, folder: Path) -> Iterator[dict[str, object]]:
    """One drawn copy: a row for each page and each measured number."""
    rng = np.random.default_rng(seed)
    trim = TRIMS[int(rng.integers(len(TRIMS)))]
    kinds = [KINDS[i] for i in rng.choice(len(KINDS), size=30, p=SHARES)]
    title = write_title(folder / "t.pdf", kinds, trim_mm=trim, seed=seed, trim_box=True)
    x, y, turn = (1.0, 1.0, 0.0) if sound else (*rng.uniform(0.92, 1.06, 2), rng.uniform(-12, 12))
    y = x if seed % 2 else y
    scanner_x, scanner_y = 1 + rng.normal(0, U_SCANNER, 2)
    scanner = Scanner(dpi=150, mode="gray", scale_x=float(scanner_x), scale_y=float(scanner_y))
    head, tail, spine, fore = (float(v) for v in rng.normal(0, U_CUT_MM, 4))
    block = Block(Cut(head, tail, spine, fore))
    first = int(rng.integers(1, len(kinds) - PAGES))
    pages = list(range(first, first + PAGES))
    printed = Print(scale_x=float(x), scale_y=float(y), rotation_deg=float(turn))
    draw_copy(folder / "scans", title, block=block, printed=printed, scanner=scanner, pages=pages, seed=seed)
    found = inspect_copy(open_copy(folder / "scans"), open_reference(title.path), POLICY, threads=2)
    drawn = {"seed": seed, "x": round(x, 4), "y": round(y, 4), "turn": round(turn, 2)}
    for page, record in zip(pages, found.pages, strict=True):
        yield drawn | {"measure": "page", "where": page, "value": record.reference_page, "truth": page}
    wanted = {
        f.rule
        for f in found.findings
        if f.severity == "defect" and f.outcome in (FindingOutcome.UNDECIDED, FindingOutcome.OUTSIDE)
    }
    truths = {"height": y - 1, "width": x - 1}
    for o in found.observations:
        if o.value is not None and o.measure == "print-scale":
            yield drawn | {
                "measure": o.measure,
                "where": o.where.axis,
                "value": o.value,
                "u": o.u,
                "truth": truths[str(o.where.axis)],
                "asked": o.measure in wanted,
            }
        if o.value is not None and o.measure == "trim-skew" and o.where.page is None and o.where.edge != "spine":
            yield drawn | {
                "measure": o.measure,
                "where": o.where.edge,
                "value": abs(o.value),
                "u": o.u,
                "truth": abs(turn),
                "asked": o.measure in wanted,
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(5000, 5010), metavar=("FIRST", "END"))
    parser.add_argument("--sound", action="store_true", help="print and paper as ordered")
    parser.add_argument("--out", type=Path, help="CSV; else a summary is printed")
    args = parser.parse_args()
    made = []
    for seed in range(*args.seeds):
        with tempfile.TemporaryDirectory() as folder:
            made += list(rows(seed, args.sound, Path(folder)))
    if args.out:
        with args.out.open("w", newline="") as file:
            writer = csv.DictWriter(
                file, ["seed", "x", "y", "turn", "measure", "where", "value", "u", "truth", "asked"]
            )
            writer.writeheader()
            writer.writerows(made)
    pages = [r for r in made if r["measure"] == "page"]
    print(f"pages recognized: {sum(r['value'] == r['truth'] for r in pages)} of {len(pages)}", file=sys.stderr)
    for measure in ("print-scale", "trim-skew"):
        here = [r for r in made if r["measure"] == measure]
        error = np.array([r["value"] - r["truth"] for r in here])  # type: ignore[operator]
        u = np.array([r["u"] for r in here])
        print(
            f"{measure}: {len(here)}, largest error {np.abs(error).max():.4f}, median u {np.median(u):.4f}, "
            f"within 2 u {100 * (np.abs(error) <= 2 * u).mean():.0f} %, to a person {sum(bool(r['asked']) for r in here)}",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
