"""Closed-book scans of covers, drawn with exact truth, inspected, and held against it.

    python benchmarks/cover_study.py draw --covers DIR --out OUT --count 60 --seed 100 [--wide] [--special 0.15] [--dpi 300]
    python benchmarks/cover_study.py inspect OUT RESULTS.jsonl [--jobs 1] [--code PATH] [--policy kdp]
    python benchmarks/cover_study.py report RESULTS.jsonl

`draw` makes OUT/copies, OUT/titles and OUT/truth/COPY.json of the wraps in DIR, any PDFs with a TrimBox, and of two of the
model's own, nearly black and nearly white. The copy of a seed is the same whatever is drawn besides it; what is there is not
drawn again. Without `--wide` all that a printer's tolerance speaks of lies within it. `--special` is the share of copies of
which something is special (see `cover_model.KINDS`). `--code` takes qc from another checkout; what is in RESULTS already is
not inspected again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from cover_model import KINDS, Wrap, draw, read_wrap, write_designs
from cover_report import read_lines, report
from study_runs import inspect_copy, run

Line = dict[str, Any]


def isbn_of(number: int) -> str:
    """Return a valid ISBN-13 of no publisher."""
    digits = f"97800001{number:04d}"
    return digits + str(-sum(int(d) * (1, 3)[i % 2] for i, d in enumerate(digits)) % 10)


def write_titles(covers: Path, out: Path) -> list[tuple[str, Wrap]]:
    """Make a title of every wrap and of the model's own; its trim is what the TrimBox and a plausible spine say."""
    titles = []
    for number, path in enumerate([*sorted(covers.glob("*.pdf")), *write_designs(out / "designs")]):
        wrap, isbn = read_wrap(path), isbn_of(number)
        folder = out / "titles" / isbn
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "cover.pdf").exists():
            shutil.copyfile(path, folder / "cover.pdf")
            (folder / "title.toml").write_text(f'trim = "{wrap.trim}"\n')
        titles.append((isbn, wrap))
    return titles


def draw_one(
    out: Path, seed: int, titles: Sequence[tuple[str, Wrap]], special: float, wide: bool, dpi: int | None
) -> str:
    """Draw the copy of a seed unless it is there; a line that says what it is."""
    name, rng = f"RMA-{seed:06d}", np.random.default_rng([seed, 99])
    truth_file = out / "truth" / f"{name}.json"
    if truth_file.exists():
        return f"{name}: there"
    kind = str(rng.choice(KINDS[1:])) if rng.random() < special else KINDS[0]
    truth = draw(out / "copies" / name, truth_file, seed, titles, kind, wide, dpi)
    return f"{name}: {kind}, {truth['lid']} lid, {truth['scanner']}, {truth['dpi']} dpi"


def inspect_one(name: str, out: Path, code: Path, policy: str, cache: Path) -> Line:
    """Inspect a copy with `qc inspect --json` and keep what the report needs."""
    truth = json.loads((out / "truth" / f"{name}.json").read_text())
    options = ["--titles", str(out / "titles"), "--policy", policy]
    record, why, cpu_s = inspect_copy(code, out / "copies" / name, options, cache)
    line: Line = {"copy": name, "truth": truth, "cpu_s": cpu_s}
    if record is None:
        return line | {"outcome": "error", "why": why, "observations": [], "findings": []}
    line |= {"outcome": record["verdict"]["outcome"], "why": record["verdict"]["summary"]}
    line["upside_down"] = {p["role"]: p["upside_down"] for p in record["pages"] if p["role"].startswith("cover")}
    line["observations"] = [o for o in record["observations"] if o["measure"].startswith(("cover", "spine"))]
    keys = ("rule", "outcome", "severity", "measure", "value", "where")
    line["findings"] = [{k: f.get(k) for k in keys} for f in record["findings"] if f["outcome"] != "within"]
    return line


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw")
    drawing.add_argument("--covers", type=Path, required=True, help="folder of wraps, PDFs with a TrimBox")
    drawing.add_argument("--out", type=Path, required=True)
    drawing.add_argument("--count", type=int, default=60)
    drawing.add_argument("--seed", type=int, default=0, help="of the first copy")
    drawing.add_argument("--special", type=float, default=0.15, help="share of special copies")
    drawing.add_argument("--wide", action="store_true", help="beyond the tolerance as well")
    drawing.add_argument("--dpi", type=int, help="of all scans; default: 200 to 300")
    inspecting = commands.add_parser("inspect")
    inspecting.add_argument("out", type=Path)
    inspecting.add_argument("results", type=Path)
    inspecting.add_argument("--policy", default="kdp")
    inspecting.add_argument(
        "--code", type=Path, default=Path(__file__).resolve().parents[1], help="checkout of the project"
    )
    for command in (drawing, inspecting):
        command.add_argument("--jobs", type=int, default=1)
    commands.add_parser("report").add_argument("results", type=Path)
    return parser.parse_args()


def main() -> None:
    """Draw, inspect or report."""
    args = _parse()
    if args.command == "report":
        report(read_lines(args.results))
    elif args.command == "draw":
        titles = write_titles(args.covers, args.out)
        items = [
            (args.out, s, titles, args.special, args.wide, args.dpi) for s in range(args.seed, args.seed + args.count)
        ]
        run(draw_one, items, args.jobs, lambda text: print(text, flush=True))
    else:
        have = {line["copy"] for line in read_lines(args.results)}
        names = [p.stem for p in sorted((args.out / "truth").glob("*.json")) if p.stem not in have]
        with tempfile.TemporaryDirectory() as cache, args.results.open("a") as file:

            def keep(line: Line) -> None:
                file.write(json.dumps(line) + "\n")
                file.flush()
                print(f"{line['copy']}: {line['outcome']}, {line['cpu_s']} s CPU", flush=True)

            rest = (args.out.resolve(), args.code.resolve(), args.policy, Path(cache))
            run(inspect_one, [(n, *rest) for n in names], args.jobs, keep)


if __name__ == "__main__":
    main()
