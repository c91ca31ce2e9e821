"""Closed-book scans of covers, drawn with exact truth, inspected, and held against it.

    python benchmarks/cover_study.py draw --covers DIR --out OUT --count 60 --seed 100 [--wide] [--special 0.15] [--dpi 300]
    python benchmarks/cover_study.py inspect OUT RESULTS.jsonl [--jobs 1] [--code PATH] [--policy kdp] [--here]
    python benchmarks/cover_study.py pairs OUT RESULTS.jsonl [--each 2] [--code PATH] [--policy kdp]
    python benchmarks/cover_study.py report RESULTS.jsonl

`draw` makes OUT/copies, OUT/titles and OUT/truth/COPY.json of the wraps in DIR, any PDFs with a TrimBox, and of two of the
model's own, nearly black and nearly white. The copy of a seed is the same whatever is drawn besides it; what is there is not
drawn again. Without `--wide` all that a printer's tolerance speaks of lies within it. `--special` is the share of copies of
which something is special (see `cover_model.KINDS`). `pairs` inspects plain copies of each design as if they had been ordered
as each of the other titles. `--code` takes qc from another checkout; what is in RESULTS already is not inspected again.
`--here`, as `pairs` always does, inspects by `qc.inspect` in one process with one thread, without reports: a fourth of the time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from cover_model import KINDS, LIDS, Wrap, difference, draw, read_wrap, write_designs
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


def _kept(record: Line) -> Line:
    """Return what the report needs of the record of an inspection."""
    kept: Line = {"outcome": record["verdict"]["outcome"], "why": record["verdict"]["summary"]}
    kept["upside_down"] = {p["role"]: p["upside_down"] for p in record["pages"] if p["role"].startswith("cover")}
    kept["observations"] = [o for o in record["observations"] if o["measure"].startswith(("cover", "spine"))]
    keys = ("rule", "outcome", "severity", "measure", "value", "where")
    return kept | {"findings": [{k: f.get(k) for k in keys} for f in record["findings"] if f["outcome"] != "within"]}


def _failed(why: str) -> Line:
    return {"outcome": "error", "why": why, "observations": [], "findings": []}


def inspect_one(name: str, out: Path, code: Path, policy: str, cache: Path) -> Line:
    """Inspect a copy with `qc inspect --json` and keep what the report needs."""
    truth = json.loads((out / "truth" / f"{name}.json").read_text())
    options = ["--titles", str(out / "titles"), "--policy", policy]
    record, why, cpu_s = inspect_copy(code, out / "copies" / name, options, cache)
    return {"copy": name, "truth": truth, "cpu_s": cpu_s} | (_failed(why) if record is None else _kept(record))


def inspect_here(name: str, copy: Path, truth: Line, titles: Path, policy: str) -> Line:
    """Inspect a copy by `qc.inspect` in this process."""
    import qc

    before = time.process_time()
    try:
        found = _kept(qc.inspect(copy, titles=titles, policy=policy).to_dict())
    except Exception as fault:  # as a line of its own, not the end of the study
        found = _failed(repr(fault))
    return {"copy": name, "truth": truth, "cpu_s": round(time.process_time() - before, 2)} | found


def _wrong_pairs(out: Path, each: int) -> list[tuple[Line, str]]:
    """Return truths of plain copies, ``each`` of a design and of other lids where there are, with every other title."""
    by_design: dict[str, list[Line]] = {}
    for path in sorted((out / "truth").glob("*.json")):
        truth = json.loads(path.read_text())
        if truth["kind"] == "plain":
            by_design.setdefault(truth["isbn"], []).append(truth)
    taken = []
    for number, isbn in enumerate(sorted(by_design)):
        lids: dict[str, list[Line]] = {}
        for truth in by_design[isbn]:
            lids.setdefault(truth["lid"], []).append(truth)
        order = sorted(lids, key=lambda lid: (sorted(LIDS).index(lid) - number) % len(LIDS))
        turns = [truth for row in zip_longest(*(lids[lid] for lid in order)) for truth in row if truth]
        taken += [(turn, truth) for turn, truth in enumerate(turns[:each])]
    taken.sort(key=lambda item: item[0])  # one of each design first, should time be short
    titles = sorted(p.name for p in (out / "titles").iterdir())
    return [(truth, isbn) for _, truth in taken for isbn in titles if isbn != truth["isbn"]]


def pairs(out: Path, results: Path, policy: str, each: int) -> Iterator[Line]:
    """Inspect copies as if they had been ordered as other titles: scans as they are, another ISBN in copy.toml."""
    have = {line["copy"] for line in read_lines(results)}
    wraps = {p.parent.name: read_wrap(p) for p in (out / "titles").glob("*/cover.pdf")}
    for truth, isbn in _wrong_pairs(out, each):
        name = f"{truth['copy']}-as-{isbn}"
        if name in have:
            continue
        other = truth | {"isbn": isbn, "other_cover": True}
        other["art_difference"] = difference(wraps[isbn], wraps[truth["worn"]])
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / name
            shutil.copytree(out / "copies" / truth["copy"], copy)
            settings = (copy / "copy.toml").read_text()
            settings = settings.replace(f'copy = "{truth["copy"]}"', f'copy = "{name}"')
            (copy / "copy.toml").write_text(settings.replace(f'isbn = "{truth["isbn"]}"', f'isbn = "{isbn}"'))
            yield inspect_here(name, copy, other, out / "titles", policy)


def _set_up(code: Path, cache: Path) -> None:
    """Take qc from a checkout into this process, with one thread and a cache of its own."""
    import cv2

    sys.path.insert(0, str(code))
    os.environ["QC_CACHE"] = str(cache)
    cv2.setNumThreads(1)
    import qc

    if not str(qc.__file__).startswith(str(code)):
        raise SystemExit(f"qc comes from {qc.__file__}")


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
    inspecting.add_argument("--here", action="store_true", help="by qc.inspect in one process, without reports")
    pairing = commands.add_parser("pairs")
    pairing.add_argument("--each", type=int, default=2, help="copies of each design")
    for command in (inspecting, pairing):
        command.add_argument("out", type=Path)
        command.add_argument("results", type=Path)
        command.add_argument("--policy", default="kdp")
        command.add_argument(
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
        out, code = args.out.resolve(), args.code.resolve()
        with tempfile.TemporaryDirectory() as folder, args.results.open("a") as file:

            def keep(line: Line) -> None:
                file.write(json.dumps(line) + "\n")
                file.flush()
                print(f"{line['copy']}: {line['outcome']}, {line['cpu_s']} s CPU", flush=True)

            cache = Path(folder)
            if args.command == "pairs":
                _set_up(code, cache)
                for line in pairs(out, args.results, args.policy, args.each):
                    keep(line)
                return
            have = {line["copy"] for line in read_lines(args.results)}
            names = [p.stem for p in sorted((out / "truth").glob("*.json")) if p.stem not in have]
            if not args.here:
                run(inspect_one, [(n, out, code, args.policy, cache) for n in names], args.jobs, keep)
                return
            _set_up(code, cache)
            for name in names:
                truth = json.loads((out / "truth" / f"{name}.json").read_text())
                keep(inspect_here(name, out / "copies" / name, truth, out / "titles", args.policy))


if __name__ == "__main__":
    main()
