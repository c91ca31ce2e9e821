"""Damage, marks and dust planted into drawn copies and inspected: what is found at which size, and what a sound copy costs.

    python benchmarks/damage_study.py draw OUT --seeds 1000 1020 [--jobs 1]
    python benchmarks/damage_study.py inspect OUT RESULTS.jsonl [--code PATH] [--jobs 1] [--only sound damage ...]
    python benchmarks/damage_study.py report RESULTS.jsonl [--misses]

Seeds below 5000 are for work, from 5000 on held out: nothing is chosen on them. A copy has a drawing model, pages and
resolution by its seed. `inspect` puts each variant together from the sound scans and the planted ones and asks `qc inspect` of
the checkout named by `--code`; the dust variant is inspected with and without its scan of the empty glass. What is in RESULTS
already is not inspected again.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from damage_model import mm_of, pages_of
from damage_plants import Page, plant_damages, plant_dust, plant_marks, plant_water
from damage_report import report
from study_runs import inspect_copy, run

from qc.synthetic.damaged import LeafScan

HELD_OUT = 5000
VARIANTS = ("sound", "damage", "water", "marks", "dust", "dust-glass")

Line = dict[str, Any]


def conditions(seed: int) -> tuple[str, int, bool, int]:
    """Drawing model, pages, color and dpi of a seed: two of five press, two synthetic at 300 dpi, one at 600."""
    model = "press" if seed % 5 in (0, 2) else "synthetic"
    dpi = 600 if seed % 5 == 4 else 300
    pages = 6 if dpi == 600 else 12 + 4 * (seed % 3)
    return model, pages, bool((seed // 5 + seed) % 2), dpi


def draw_one(out: Path, seed: int) -> str:
    """Draw the copy of a seed and its variants unless it is there; a line that says what it cost."""
    folder = out / f"copy-{seed}"
    if (folder / "truth.json").exists():
        return f"{folder.name}: there"
    start = time.process_time()
    for name in ("title", "sound", "damage", "water", "marks", "dust"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    model, count, color, dpi = conditions(seed)
    told, drawn = pages_of(model, folder, seed, count, color, dpi)
    pages, names = [], []
    for d in drawn:
        d.write(folder / "sound" / d.file, d.image)
        leaf = LeafScan(np.asarray(d.to_scan), mm_of(d.to_scan, d.corners_px))
        pages.append(Page(d.page, d.kind, folder / "sound" / d.file, leaf))
        names.append({"file": d.file, "page": d.page, "kind": d.kind, "to_scan": leaf.to_scan.round(6).tolist()})
    plants = {
        "damage": plant_damages(pages, seed, folder / "damage"),
        "water": plant_water(pages, seed, folder / "water"),
        "marks": plant_marks(pages, seed, folder / "marks"),
    }
    plants["dust"], dust = plant_dust(pages, seed, folder / "dust")
    truth = {"seed": seed, "model": model, "color": color, **told, "pages": names, "plants": plants, "dust": dust}
    (folder / "truth.json").write_text(json.dumps(truth, indent=1))
    return (
        f"{folder.name}: {model}, {count} pages, {dpi} dpi, {told['backing']}, {time.process_time() - start:.0f} s CPU"
    )


def inspect_one(folder: Path, variant: str, code: Path, cache: Path) -> Line:
    """Put a variant together, inspect it with `qc inspect --json` and keep what the report needs."""
    truth = json.loads((folder / "truth.json").read_text())
    source = folder / variant.removesuffix("-glass")
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        copy = Path(temporary) / f"{folder.name}-{variant}"
        copy.mkdir()
        os.link(folder / "copy.toml", copy / "copy.toml")
        for page in truth["pages"]:
            planted = source / page["file"]
            os.link(planted if planted.exists() else folder / "sound" / page["file"], copy / page["file"])
        if variant == "dust-glass":
            os.link(source / "glass.png", copy / "glass.png")
        options = ["--reference", str(folder / "title"), "--policy", "kdp"]
        record, why, cpu_s = inspect_copy(code, copy, options, cache)
    line = {"key": f"{folder.name}-{variant}", "variant": variant, "n_pages": len(truth["pages"])}
    line |= {k: truth[k] for k in ("seed", "model", "color", "backing", "dpi", "dust")}
    line["alike"] = truth["conditions"].get("alike", False)
    line["to_scan"] = {p["page"]: p["to_scan"] for p in truth["pages"]}
    line |= {"plants": truth["plants"].get(variant.removesuffix("-glass"), [])}
    line["cpu_s"] = cpu_s
    if record is None:
        return line | {"outcome": "error", "summary": why, "findings": [], "observations": []}
    kept = ("page-damage", "print-defect")
    return line | {
        "outcome": record["verdict"]["outcome"],
        "findings": [f for f in record["findings"] if f["outcome"] in ("outside", "undecided")],
        "observations": [o for o in record["observations"] if o["measure"] in kept],
    }


def tasks(out: Path, only: Sequence[str]) -> Iterator[tuple[Path, str]]:
    for path in sorted(out.glob("copy-*/truth.json")):
        yield from ((path.parent, variant) for variant in only)


def main() -> None:
    """Draw, inspect or report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    draw = commands.add_parser("draw")
    draw.add_argument("out", type=Path)
    draw.add_argument("--seeds", type=int, nargs=2, required=True, help="first, and first that is not drawn")
    inspect = commands.add_parser("inspect")
    inspect.add_argument("out", type=Path)
    inspect.add_argument("results", type=Path)
    inspect.add_argument(
        "--code", type=Path, default=Path(__file__).resolve().parents[1], help="checkout of the project"
    )
    inspect.add_argument("--only", nargs="*", choices=VARIANTS, default=VARIANTS)
    for command in (draw, inspect):
        command.add_argument("--jobs", type=int, default=1)
    tell = commands.add_parser("report")
    tell.add_argument("results", type=Path)
    tell.add_argument("--misses", action="store_true", help="name every plant that was not found and every false alarm")
    args = parser.parse_args()
    if args.command == "report":
        report(args.results, args.misses)
    elif args.command == "draw":
        run(
            draw_one, [(args.out, seed) for seed in range(*args.seeds)], args.jobs, lambda text: print(text, flush=True)
        )
    else:
        have = {json.loads(x)["key"] for x in args.results.read_text().splitlines()} if args.results.exists() else set()
        with tempfile.TemporaryDirectory() as cache, args.results.open("a") as file:
            todo = [t for t in tasks(args.out.resolve(), args.only) if f"{t[0].name}-{t[1]}" not in have]

            def keep(line: Line) -> None:
                file.write(json.dumps(line) + "\n")
                file.flush()
                print(f"{line['key']}: {line['outcome']}, {line['cpu_s']} s CPU", flush=True)

            run(inspect_one, [(*t, args.code.resolve(), Path(cache)) for t in todo], args.jobs, keep)


if __name__ == "__main__":
    main()
