"""Draw copies under random conditions, inspect them, and keep every edge with its truth.

    python benchmarks/draw_study.py --copies 84 --seed 5000 --out study.csv
    python benchmarks/draw_study.py --bound --copies 24 --seed 5000 --out bound.csv
    python benchmarks/report_study.py study.csv

Each copy has its own title, scanner, paper, block cut and placement jitter; pages of all kinds. Conditions come from
`qc.synthetic.sample_conditions`. Seeds below 5000 were used while the measures were tuned; 5000 and above were not.
With `--backing white` only an edge that throws a shadow can be seen; `visible` says so, `shadow` which shape it has.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

KINDS = (
    "text", "text", "text", "chapter-opener", "picture", "gray-picture", "bleed-bright", "bleed-dark", "bleed-mixed",
    "line-art", "table", "ruled", "ruled-bleed", "dot-grid", "folio-only", "blank", "three-lines", "text", "text", "picture",
    "text", "bleed-mixed", "chapter-opener", "text",
)  # fmt: skip
FIELDS = (
    "copy", "level", "page", "kind", "edge", "backing", "dpi", "format", "quality", "skew", "sharpen", "wobble", "tone",
    "truth", "value", "u", "u_edge", "u_reg", "u_system", "residual", "corr", "visible", "shadow",
    "flags", "page_kind", "outcome", "nominal", "verdict",
)  # fmt: skip


def one_copy(
    seed: int, reach_mm: float, sound: bool, on_white: bool = False, bound: bool = False
) -> list[dict[str, Any]]:
    """Draw and inspect one copy; a row an edge of each page, and a row an edge of the block."""
    from qc.judge.policy import load_policy
    from qc.pipeline import inspect_copy
    from qc.reference.find import open_reference
    from qc.scan.copy_folder import open_copy
    from qc.synthetic import Block, draw_copy, sample_binding, sample_conditions, write_title

    rng = np.random.default_rng(seed)
    backing = "white" if on_white else "black" if seed % 2 else "gray"
    dpi = 600.0 if seed % 8 == 3 else 200.0 if seed % 8 == 6 else 300.0
    printed, cut, scanner = sample_conditions(rng, backing, dpi, 2.6 if sound else reach_mm)
    if seed % 4 == 2:
        scanner = replace(scanner, format="tiff", compression=(None, "lzw", "deflate")[seed % 3])
    if bound:
        scanner = sample_binding(rng, scanner)
    halftone = "am" if seed % 40 == 17 else None
    kinds = list(KINDS)
    rng.shuffle(kinds)
    if dpi == 600 or halftone:
        kinds = kinds[:12]
    trim = ((152.4, 228.6), (127.0, 203.2), (215.9, 279.4))[int(rng.choice(3, p=[0.6, 0.3, 0.1]))]
    jitter = float(rng.uniform(0.0, 0.1))
    block = Block(cut=replace(cut, taper_mm=tuple(0.5 * t for t in cut.taper_mm)), x_sd_mm=jitter, y_sd_mm=jitter)
    shift = dict.fromkeys(("dx_mm", "dy_mm"), 0.0)
    printed = replace(printed, halftone=halftone, **shift)
    with tempfile.TemporaryDirectory() as folder:
        title = write_title(
            Path(folder) / "interior.pdf", kinds, trim_mm=trim, bleed=True, seed=seed, trim_box=bool(seed % 3)
        )
        drawn = draw_copy(
            Path(folder) / f"copy-{seed}", title, block=block, printed=printed, scanner=scanner, seed=seed
        )
        if bound:
            (drawn.folder / "copy.toml").write_text("schema = 1\n[scan]\nbound = true\n")
        size = f"{trim[0]} x {trim[1]} mm"
        reference = open_reference(Path(folder) / "interior.pdf", trim=size)
        inspection = inspect_copy(open_copy(drawn.folder), reference, load_policy("kdp"))
    common = {
        "copy": seed, "backing": backing, "dpi": dpi, "format": scanner.format, "quality": scanner.quality,
        "skew": round(scanner.skew_deg, 2), "sharpen": round(scanner.sharpen, 2), "wobble": round(scanner.wobble_px, 2),
        "tone": scanner.tone if scanner.tone == "srgb" else f"{scanner.gamma:.1f}", "verdict": str(inspection.verdict.outcome),
    }  # fmt: skip
    rows = []
    offsets = [o for o in inspection.observations if o.measure == "trim-offset"]
    if bound:  # The spine edge is out of sight.
        offsets = [o for o in offsets if o.where.edge != "spine"]
    for o in offsets:
        page = drawn.pages[(o.where.page or 1) - 1]
        record = inspection.pages[(o.where.page or 1) - 1]
        shadow = _shadow(scanner, str(o.where.edge), page.truth.recto)
        rows.append(
            common
            | {
                "level": "page", "page": o.where.page, "kind": str(kinds[(page.page or 1) - 1]), "edge": str(o.where.edge),
                "truth": page.truth.offsets_mm[str(o.where.edge)], "value": o.value, "u": o.u,
                "u_edge": o.detail.get("u_edge"), "u_reg": o.detail.get("u_registration"),
                "u_system": o.detail.get("u_system"), "residual": o.detail.get("u_local"),
                "corr": o.detail.get("correlation"), "shadow": shadow, "visible": shadow != "none",
                "flags": " ".join(o.flags), "page_kind": str(record.kind),
            }
        )  # fmt: skip
    outcome = {f.where.edge: str(f.outcome) for f in inspection.findings if f.measure == "trim-offset-block"}
    for o in inspection.observations:
        if o.measure == "trim-offset-block":
            edge = str(o.where.edge)
            rows.append(
                common
                | {
                    "level": "block", "edge": edge, "truth": drawn.block_mm[edge], "value": o.value, "u": o.u,
                    "flags": " ".join(o.flags), "outcome": outcome.get(o.where.edge, ""), "nominal": drawn.nominal_mm[edge],
                }
            )  # fmt: skip
    return rows


def _shadow(scanner: Any, edge: str, recto: bool) -> str:
    """Shape of the shadow at an edge; "none" where it cannot be seen on white, "plain" where no shadow is needed."""
    left, right = ("spine", "fore-edge") if recto else ("fore-edge", "spine")
    side = {"head": "top", "tail": "bottom", left: "left", right: "right"}[edge]
    if side in scanner.shadow_edges:
        return str(scanner.shadow_shape)
    return "none" if max(scanner.backing) > 0.6 else "plain"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reach", type=float, default=4.5, help="block cuts are uniform within this many mm")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("study.csv"))
    parser.add_argument("--backing", choices=("dark", "white"), default="dark", help="dark: black and gray in turn")
    parser.add_argument("--bound", action="store_true", help="copies that were not taken apart")
    args = parser.parse_args()
    seeds = range(args.seed, args.seed + args.copies)
    with ProcessPoolExecutor(args.jobs) as pool, args.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        sound = [s % 2 == 0 for s in range(len(seeds))]
        white, bound = [args.backing == "white"] * len(seeds), [args.bound] * len(seeds)
        for rows in pool.map(one_copy, seeds, [args.reach] * len(seeds), sound, white, bound):
            writer.writerows(rows)
            file.flush()


if __name__ == "__main__":
    main()
