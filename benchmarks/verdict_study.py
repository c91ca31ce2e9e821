"""Sound copies and planted faults of a drawing model, inspected as a whole: what is cleared, blamed or sent to a person.

    python benchmarks/verdict_study.py draw press|synthetic OUT --seeds 5000 5060 [--pages 16] [--plants 12] [--jobs 2]
    python benchmarks/verdict_study.py draw press|synthetic OUT --seeds 5000 5060 --whole [--jobs 2]
    python benchmarks/verdict_study.py inspect OUT RESULTS.jsonl [--jobs 2] [--code PATH] [--only sound|plants|whole]
    python benchmarks/verdict_study.py report RESULTS.jsonl [BASELINE.jsonl]

Even seeds are gray titles, odd ones color; below 5000 they are for work, from 5000 on held out. A fault is one more scan of its
page; `inspect` puts such scans in the place of sound ones, in a quarter of the pages at most (or `--most N`), so that a copy
is inspected once as sound and a few times with faults. `--code` takes qc from another checkout, for a baseline on the same
scans. What is in RESULTS already is not inspected again; `report` compares copies that both files have.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from study_runs import inspect_copy, run
from verdict_report import PAGE_KINDS, pages_of, read_lines, report

MODELS = {"press": "press_model", "synthetic": "synthetic_model"}
DECKS = ([k for k in PAGE_KINDS if k != "lost-ink"] + ["lost-line"], [*PAGE_KINDS, "lost-line", "lost-ink", "lost-ink"])
"""Kinds in turn for gray and for color titles; what many pages cannot have comes more often."""
WHOLE = (("density-60", False), ("lost-ink", True), ("gray", True), ("density-60", True))
WHOLE_PAGES = 6
BEYOND = ("outside", "undecided")

Line = dict[str, Any]


def plants_for(seed: int, color: bool, pages: int, count: int) -> list[tuple[str, int]]:
    """Faults asked for in a copy: kinds in turn, pages at random, each page once before any comes twice."""
    deck, rng = DECKS[color], np.random.default_rng([seed, 77])
    order = np.concatenate([rng.permutation(pages) + 1 for _ in range(count // pages + 1)])
    return list(dict.fromkeys((deck[(seed // 2 * count + i) % len(deck)], int(order[i])) for i in range(count)))


def draw_one(model: str, out: Path, seed: int, pages: int, count: int, whole: bool) -> str:
    """Draw the copy of a seed unless it is there; a line that says what it cost."""
    folder = out / (f"{model}-whole-{seed}" if whole else f"{model}-{seed}")
    if (folder / "truth.json").exists():
        return f"{folder.name}: there"
    folder.mkdir(parents=True, exist_ok=True)
    start = time.process_time()
    draw = importlib.import_module(MODELS[model]).draw
    kind, color = WHOLE[seed % len(WHOLE)] if whole else (None, bool(seed % 2))
    faults = () if whole else plants_for(seed, color, pages, count)
    truth = draw(folder, seed, pages=WHOLE_PAGES if whole else pages, color=color, plants=faults, whole=kind)
    scans, spent = len(truth["pages"]) + len(truth["plants"]), time.process_time() - start
    left_out = Counter(k for k, _ in faults) - Counter(p["kind"] for p in truth["plants"])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{folder.name}: {scans} scans, {spent / scans:.2f} s CPU each, {memory:.0f} MB; left out {dict(left_out)}"


def assembled(plants: Sequence[Line], most: int) -> list[list[Line]]:
    """Faults put together to copies: at most `most` in one and never two on a page, as even as can be."""
    groups: list[list[Line]] = [[] for _ in range(-(-len(plants) // most))]
    for plant in plants:
        free = [g for g in groups if len(g) < most and all(p["page"] != plant["page"] for p in g)]
        if not free:
            groups.append([])
            free = groups[-1:]
        min(free, key=len).append(plant)
    return groups


def tasks(out: Path, only: str | None, most: int | None) -> Iterator[tuple[str, str, Path, list[Line]]]:
    """Key, what it is, folder and faults of every copy to inspect."""
    for path in sorted(out.glob("*/truth.json")):
        truth, name = json.loads(path.read_text()), path.parent.name
        what = "whole" if truth["whole"] else "sound"
        if only in (None, what):
            yield f"{name}-{what}", what, path.parent, []
        if only in (None, "plants") and truth["plants"]:
            groups = assembled(truth["plants"], most or max(1, len(truth["pages"]) // 4))
            for number, group in enumerate(groups, 1):
                yield f"{name}-plants-{number}", "plants", path.parent, group


def inspect_one(key: str, what: str, folder: Path, plants: list[Line], code: Path, cache: Path) -> Line:
    """Put a copy together, inspect it with `qc inspect --json` and keep what the report needs."""
    truth = json.loads((folder / "truth.json").read_text())
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        copy = Path(temporary) / key
        copy.mkdir()
        os.link(folder / "copy.toml", copy / "copy.toml")
        faulty = {p["page"]: p["file"] for p in plants}
        for page in truth["pages"]:
            scan = (
                folder / "faulty" / faulty[page["page"]] if page["page"] in faulty else folder / "sound" / page["file"]
            )
            os.link(scan, copy / page["file"])
        options = ["--reference", str(folder / "title"), "--policy", "kdp"]
        record, why, cpu_s = inspect_copy(code, copy, options, cache)
    line = {"key": key, "what": what, "plants": plants, "n_pages": len(truth["pages"])}
    line |= {k: truth[k] for k in ("model", "seed", "color", "backing", "whole")}
    line["cpu_s"] = cpu_s
    if record is None:
        return line | {"outcome": "error", "summary": why, "findings": []}
    line |= {"outcome": record["verdict"]["outcome"], "summary": record["verdict"]["summary"]}
    line["findings"] = [_kept(f, record["observations"]) for f in record["findings"] if f["outcome"] in BEYOND]
    return line if what == "plants" else line | {"coverage": _coverage(record), "offsets": _offsets(record, truth)}


def _kept(finding: Line, observations: Sequence[Line]) -> Line:
    """A finding with the flags and a short detail of the observation it stands on."""
    keys = ("rule", "measure", "code", "outcome", "severity", "value", "unit", "u", "where", "doubt")
    same = [o for o in observations if all(o[k] == finding[k] for k in ("measure", "where", "value"))]
    same = [o for o in same if finding["code"] in (None, o["detail"].get("code"))]
    seen = same[0] if same else {"flags": [], "detail": {}}
    detail = {k: v[:12] if isinstance(v, list | str) else v for k, v in seen["detail"].items() if k != "code"}
    return {k: finding[k] for k in keys if k in finding} | {"flags": seen["flags"], "detail": detail}


def _coverage(record: Line) -> dict[str, Line]:
    """By measure, code and edge: pages with a value, pages with null, and why; page 0 stands for the copy."""
    kept: dict[str, Line] = {}
    for o in record["observations"]:
        name = " ".join(filter(None, (o["measure"], o["detail"].get("code"), o["where"]["edge"])))
        entry = kept.setdefault(name, {"value": [], "null": [], "flags": {}})
        entry["value" if o["value"] is not None else "null"] += pages_of(o) or [0]
        if o["value"] is None:
            for flag in o["flags"]:
                entry["flags"][flag] = entry["flags"].get(flag, 0) + 1
    return kept


def _offsets(record: Line, truth: Line) -> list[list[Any]]:
    """Page (0: the block), edge, true offset, value and u, in mm; a null where an edge has no observation as well."""
    true = {(p["page"], edge): v for p in truth["pages"] for edge, v in p["offsets_mm"].items()}
    for edge in truth["pages"][0]["offsets_mm"]:
        true[0, edge] = round(float(np.mean([p["offsets_mm"][edge] for p in truth["pages"]])), 4)
    seen = {}
    for o in record["observations"]:
        if o["measure"] in ("trim-offset", "trim-offset-block"):
            seen[o["where"]["page"] or 0, o["where"]["edge"]] = (o["value"], o["u"])
    return [[*at, value, *seen.get(at, (None, None))] for at, value in true.items()]


def main() -> None:
    """Draw, inspect or report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    draw = commands.add_parser("draw")
    draw.add_argument("model", choices=MODELS)
    draw.add_argument("out", type=Path)
    draw.add_argument("--seeds", type=int, nargs=2, required=True, help="first, and first that is not drawn")
    draw.add_argument("--pages", type=int, default=16)
    draw.add_argument("--plants", type=int, default=12, help="faults asked for in each copy")
    draw.add_argument(
        "--whole", action="store_true", help=f"copies of {WHOLE_PAGES} pages that are faulty as a whole instead"
    )
    inspect = commands.add_parser("inspect")
    inspect.add_argument("out", type=Path)
    inspect.add_argument("results", type=Path)
    inspect.add_argument(
        "--code", type=Path, default=Path(__file__).resolve().parents[1], help="checkout of the project"
    )
    inspect.add_argument("--only", choices=("sound", "plants", "whole"))
    inspect.add_argument("--most", type=int, help="faulty pages in one copy at most; default: a quarter")
    for command in (draw, inspect):
        command.add_argument("--jobs", type=int, default=2)
    tell = commands.add_parser("report")
    tell.add_argument("results", type=Path)
    tell.add_argument("baseline", type=Path, nargs="?")
    args = parser.parse_args()
    if args.command == "report":
        report(args.results, args.baseline)
    elif args.command == "draw":
        rest = (args.pages, args.plants, args.whole)
        items = [(args.model, args.out, seed, *rest) for seed in range(*args.seeds)]
        run(draw_one, items, args.jobs, lambda text: print(text, flush=True))
    else:
        have = read_lines(args.results)
        with tempfile.TemporaryDirectory() as cache, args.results.open("a") as file:
            todo = [t for t in tasks(args.out.resolve(), args.only, args.most) if t[0] not in have]

            def keep(line: Line) -> None:
                file.write(json.dumps(line) + "\n")
                file.flush()
                print(f"{line['key']}: {line['outcome']}, {line['cpu_s']} s CPU", flush=True)

            run(inspect_one, [(*t, args.code.resolve(), Path(cache)) for t in todo], args.jobs, keep)


if __name__ == "__main__":
    main()
