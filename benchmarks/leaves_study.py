"""How copies made of leaves are understood: drawn copies of stated truth, inspected as a whole.

    python benchmarks/leaves_study.py draw OUT --seeds 1000 1060 [--only KIND] [--jobs 1]
    python benchmarks/leaves_study.py inspect OUT RESULTS.jsonl [--code CHECKOUT] [--only KIND] [--jobs 1]
    python benchmarks/leaves_study.py report RESULTS.jsonl [--all]

Seeds from 1000 are for work, from 9000 held out. `leaves_kinds` has the kinds, `leaves_model` draws. What is drawn or in RESULTS
already is left as it is. A certain claim (a defect outside) that the truth does not contain is false; `report` lists all of them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import leaves_kinds
import numpy as np
from leaves_kinds import Line, Plan
from leaves_model import EDGES, SIZES_IN, Bench, make_press, make_scanner, make_title, pictured, save, save_stack
from study_runs import inspect_copy, run

BEYOND = ("outside", "undecided")
LIMIT_MM, DEEP_MM = 3.175, 3.6
CUTS = ("trim-offset-block", "trim-offset-page")
TWICE = ("pages-duplicated", "pages-extra-inside", "pages-out-of-order", "pages-foreign")
OUTCOMES = ("no-defect", "needs-review", "insufficient-evidence", "defect", "error")


def _bench(seed: int, p: Plan) -> tuple[Bench, tuple[float, float]]:
    rng = np.random.default_rng([seed, 2])
    size, color = SIZES_IN[int(rng.choice(3, p=[0.5, 0.25, 0.25]))], bool(rng.random() < 0.4)
    looks: Line = {"color": color, "bleed": p.bleed, "direction": p.direction}
    title = make_title(rng, size, p.pages, **looks, mark=p.stated == "pdf", extras=p.extras)
    other = make_title(rng, size, p.pages, **looks, extras=2 if p.stack else 0) if p.other else None
    press = make_press(rng, p.jitter, not p.printer, p.cuts)
    dpi = int(rng.choice([200, 300]))
    return Bench(title, other, press, make_scanner(rng, p.feeder, dpi, color), rng), size


def _write(p: Plan, bench: Bench, copy: Path) -> None:
    """Capture all shots and write their files."""
    dpi, quality = bench.scanner.dpi, bench.scanner.quality
    images = {id(s): bench.capture(s) for s in p.shots if s.like is None}
    if p.stack:
        path = copy if copy.suffix else copy / "scan.tif"
        save_stack([pictured(images[id(s)], s) for s in p.shots], path, dpi)
        for shot in p.shots:
            shot.name = path.name
        return
    for number, shot in enumerate(p.shots, 1):
        default = f"{p.words} {number:03d}" if p.words else f"p-{number:04d}"
        shot.name = shot.name or default
        shot.name += "" if "." in shot.name else bench.scanner.suffix
        like = shot.like
        if like is not None:
            shot.offsets = like.offsets
            if not (shot.gray or shot.half) and Path(shot.name).suffix == Path(like.name).suffix:
                shutil.copyfile(copy / like.name, copy / shot.name)
                continue
        picture = pictured(images[id(like or shot)], shot)
        save(picture, copy / shot.name, dpi / 2 if shot.half else dpi, quality)


def _state(p: Plan, size: tuple[float, float], folder: Path, copy: Path, dpi: int) -> None:
    """Write copy.toml, and title.toml where the direction stands there."""
    trim = f'trim = "{size[0]:g} x {size[1]:g} in"\nbleed = {str(p.bleed).lower()}\n'
    if p.stated == "title":
        (folder / "title" / "title.toml").write_text(f'{trim}direction = "rtl"\n')
    if copy.suffix:
        return
    lines = ["schema = 1", "[scan]", f"complete = {str(p.complete).lower()}"]
    lines += [f"dpi = {dpi}"] * p.dpi_stated + ['spine = "printer"'] * p.printer
    lines += ["[reference]", trim] + ['direction = "rtl"'] * (p.stated == "copy")
    (copy / "copy.toml").write_text("\n".join(lines) + "\n")


def _cut_truth(p: Plan) -> dict[str, float]:
    """Add the cuts beyond the limit to the truth; mean true offset of each edge."""
    pages = [s for s in p.shots if s.role == "page" and s.like is None]
    mean = {e: round(float(np.mean([s.offsets[e] for s in pages])), 3) for e in EDGES}
    for edge in EDGES if p.printer else [e for e in EDGES if e != "spine"]:
        if abs(mean[edge]) > LIMIT_MM:
            p.true += [{"measure": m, "edges": [edge]} for m in CUTS]
        if abs(mean[edge]) >= DEEP_MM and p.cuts.get(edge, 0) < 0:
            p.find.append({"measures": ["trim-offset-block"], "edges": [edge]})
    if max(abs(mean["head"] + mean["tail"]), abs(mean["spine"] + mean["fore-edge"]) if p.printer else 0) > 1.5:
        p.true.append({"measure": "trim-size-block"})
    return mean


def draw_one(out: Path, seed: int) -> str:
    """Draw the copy of a seed unless it is there; a line that says what it cost."""
    kind, p = leaves_kinds.plan(seed)
    folder = out / f"{seed}-{kind}"
    if (folder / "truth.json").exists():
        return f"{folder.name}: there"
    shutil.rmtree(folder, ignore_errors=True)
    start = time.process_time()
    copy = folder / "scans" / (f"RMA-{seed}.tif" if p.stack == "file" else f"RMA-{seed}")
    (folder / "title").mkdir(parents=True)
    (copy.parent if copy.suffix else copy).mkdir(parents=True)
    bench, size = _bench(seed, p)
    (folder / "title" / "interior.pdf").write_bytes(bench.title.data)
    _write(p, bench, copy)
    _state(p, size, folder, copy, bench.scanner.dpi)
    mean = _cut_truth(p)
    spent = time.process_time() - start
    truth: Line = {
        "kind": kind,
        "seed": seed,
        "turn": p.turn,
        "jitter_mm": round(p.jitter, 3),
        "cpu_s": round(spent, 2),
    }
    truth |= {k: getattr(p, k) for k in ("complete", "direction", "stated", "printer", "bleed", "true", "find")}
    truth |= {"groups": p.groups, "want": p.want, "offsets_mm": mean, "cuts_mm": p.cuts, **bench.scanner.describe()}
    truth |= {
        "copy": str(copy.relative_to(folder)),
        "reference": "title" if p.stated == "title" else "title/interior.pdf",
    }
    truth["shots"] = [
        {"file": s.name, "leaf": [s.leaf.front.page, s.leaf.back.page], "sheet": i, "side": ("recto", "verso")[s.side]}
        | {"page": s.content.page, "other": s.content.other, "role": s.role, "same_pass": bool(s.like)}
        | {"offsets_mm": s.offsets}
        for s in p.shots
        for i in [list({id(t.leaf): 0 for t in p.shots}).index(id(s.leaf))]
    ]
    (folder / "truth.json").write_text(json.dumps(truth, indent=1))
    return f"{folder.name}: {len(p.shots)} scans, {spent / len(p.shots):.2f} s CPU each"


def inspect_one(folder: Path, code: Path, cache: Path) -> Line:
    """Inspect a copy with `qc inspect --json` and hold the result against its truth."""
    truth = json.loads((folder / "truth.json").read_text())
    options = ["--reference", str(folder / truth["reference"])]
    record, why, cpu_s = inspect_copy(code, folder / truth["copy"], options, cache)
    line: Line = {"key": folder.name, "cpu_s": cpu_s}
    line |= {
        k: truth[k]
        for k in ("kind", "seed", "turn", "jitter_mm", "complete", "capture", "want", "offsets_mm", "cuts_mm")
    }
    line |= {"n_scans": len(truth["shots"]), "draw_s": truth["cpu_s"], "false": [], "kept": []}
    line["find"] = [{**wanted, "found": None} for wanted in truth["find"]]
    line["groups"] = [{**g, "said": "error"} for g in truth["groups"]]
    if record is None:
        return line | {"outcome": "error", "summary": why}
    kept = [_short(f) for f in record["findings"] if f["outcome"] in BEYOND]
    certain = [f for f in kept if f["outcome"] == "outside" and f["severity"] == "defect"]
    line |= {"outcome": record["verdict"]["outcome"], "summary": record["verdict"]["summary"], "kept": kept}
    line["false"] = [f for f in certain if not any(_same(f, t) for t in truth["true"])]
    line["find"] = [
        {**wanted, "found": _found(wanted, [f for f in kept if f not in line["false"]], record)}
        for wanted in truth["find"]
    ]
    line["groups"] = [{**g, "said": _said(g, kept, record, truth)} for g in truth["groups"]]
    line["not_checked"], line["rescan"] = record["verdict"]["not_checked"], record["verdict"]["rescan"]
    return line


def _short(finding: Line) -> Line:
    keys = ("measure", "outcome", "severity", "value", "u", "code", "doubt", "message")
    return {k: finding.get(k) for k in keys} | {"where": {k: finding["where"].get(k) for k in ("page", "edge", "axis")}}


def _same(finding: Line, fact: Line) -> bool:
    """Whether a finding says what a fact of the truth says, at its place."""
    measures = fact.get("measures") or [fact["measure"]]
    if finding["measure"] not in measures:
        return False
    pages, edges, where = fact.get("pages"), fact.get("edges"), finding["where"]
    return (pages is None or where["page"] in pages) and (edges is None or where["edge"] in edges)


def _found(wanted: Line, kept: Sequence[Line], record: Line) -> str | None:
    """How something that has to be noticed was noticed: certain, asked, said, or not at all."""
    hits = {f["outcome"] for f in kept if _same(f, wanted)}
    if hits:
        return "certain" if "outside" in hits else "asked"
    flags = {f for o in [*record["observations"], *record["findings"]] for f in o.get("flags") or []}
    for measure in wanted["measures"]:
        name = measure.partition(":")[2]
        if measure == "rescan":
            unseen = any(n.startswith("pages not scanned") for n in record["verdict"]["not_checked"])
            shown = {p["reference_page"] for p in record["pages"]}
            if unseen and (wanted.get("pages") is None or set(wanted["pages"]) - shown):
                return "said"
        if measure.startswith("any:") and any(f["measure"] == name for f in kept):
            return "asked"
        if measure.startswith("flag:") and any(f.startswith(name) for f in flags):
            return "said"
        if measure.startswith("role:") and any(p["role"] == name for p in record["pages"]):
            return "said"
    return None


def _said(group: Line, kept: Sequence[Line], record: Line, truth: Line) -> str:
    """What is said of sheets that come twice: certain (a second print), asked, or one (a sheet, or nothing said)."""
    hits = {f["outcome"] for f in kept if f["measure"] in TWICE and f["where"]["page"] in group["pages"]}
    if hits:
        return "certain" if "outside" in hits else "asked"
    interior = [s["file"] for s in truth["shots"] if s["role"] == "page"]
    files = {interior[i - 1] for i in group["pages"]}
    nulls = {
        o["where"]["page"] for o in record["observations"] if o["measure"] == "pages-duplicated" and o["value"] is None
    }
    asked = any(r.get("file") in files for r in record["verdict"]["rescan"]) or nulls & set(group["pages"])
    return "asked" if asked else "one"


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole}" + (f" = {100 * part / whole:.0f} %" if whole else "")


def _faults(found: Sequence[Line], true: bool) -> str:
    """Share noticed of true faults, or of what only has to be said or asked (a rescan, a flag, a role)."""
    mine = [f["found"] for f in found if true != any(":" in m or m == "rescan" for m in f["measures"])]
    return _share(sum(map(bool, mine)), len(mine))


def _table(lines: Sequence[Line]) -> None:
    """Per kind: outcomes, false certain claims, what had to be found and was."""
    heads = f"{'clear':>5} {'person':>6} {'insuff':>6} {'defect':>6} {'error':>5}"
    print(f"{'kind':18} {'n':>3} {heads}  {'wanted':>6} {'false':>5}  {'faults found':14} said or asked")
    for kind in [*leaves_kinds.KINDS, "all"]:
        mine = [x for x in lines if kind in (x["kind"], "all")]
        if not mine:
            continue
        count = Counter(x["outcome"] for x in mine)
        wanted = sum(x["outcome"] in x["want"] for x in mine)
        need = [f for x in mine for f in x["find"]]
        cells = " ".join(f"{count[o]:>{w}}" for o, w in zip(OUTCOMES, (5, 6, 6, 6, 5), strict=True))
        false = sum(len(x["false"]) for x in mine)
        print(f"{kind:18} {len(mine):3} {cells}  {wanted:6} {false:5}  {_faults(need, True):14} {_faults(need, False)}")


def report(path: Path, tell_all: bool) -> None:
    """Print what the study is for: false claims, true faults, sheets that come twice, deep cuts."""
    lines = [json.loads(x) for x in path.read_text().splitlines()]
    _table(lines)
    print(f"\nfalse certain claims, in {sum(bool(x['false']) for x in lines)} copies:")
    for x in lines:
        for f in x["false"]:
            where = " ".join(f"{k} {v}" for k, v in f["where"].items() if v is not None)
            print(f"  {x['key']}: {f['measure']} {f['value']} {where} {f['code'] or ''}")
    groups = [{**g, "jitter": x["jitter_mm"], "capture": x["capture"]} for x in lines for g in x["groups"]]
    for what in ("second", "again"):
        print(f"\n{'second prints' if what == 'second' else 'sheets captured again'}: certain, asked, one sheet")
        for capture in ("flatbed", "feeder"):
            for low, high in ((0, 0.149), (0.15, 0.31)):
                at = (g for g in groups if (g["what"], g["capture"]) == (what, capture) and low <= g["jitter"] < high)
                mine = Counter(g["said"] for g in at)
                total = sum(mine.values())
                shares = ", ".join(_share(mine[s], total) for s in ("certain", "asked", "one"))
                print(f"  {capture}, jitter {'0.15-0.3' if low else '< 0.15'}: {shares}")
    deep = [x for x in lines if any(v < 0 and abs(x["offsets_mm"][e]) >= DEEP_MM for e, v in x["cuts_mm"].items())]
    passed = [x["key"] for x in deep if x["outcome"] == "no-defect"]
    print(f"\ncuts of {DEEP_MM} mm and more too deep: {len(deep)} copies, no-defect {len(passed)} {passed}")
    lost = [(x["key"], f) for x in lines for f in x["find"] if not f["found"]]
    print(f"\nnot found: {len(lost)}")
    for key, f in lost if tell_all else lost[:20]:
        print(f"  {key}: {f}")
    for x in lines if tell_all else ():
        if x["outcome"] not in x["want"]:
            print(f"  {x['key']}: {x['outcome']}, not {x['want']}: {x['summary']}")
    scans = sum(x["n_scans"] for x in lines)
    spent = [sum(x[k] for x in lines) for k in ("draw_s", "cpu_s")]
    print(f"\n{len(lines)} copies, {scans} scans; CPU per copy: draw {spent[0] / len(lines):.1f} s, ", end="")
    print(f"inspect {spent[1] / len(lines):.1f} s; per scan {spent[0] / scans:.2f} and {spent[1] / scans:.2f} s")


def main() -> None:
    """Draw, inspect or report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    draw, inspect, tell = (commands.add_parser(name) for name in ("draw", "inspect", "report"))
    draw.add_argument("out", type=Path)
    draw.add_argument("--seeds", type=int, nargs=2, required=True, help="first, and first that is not drawn")
    inspect.add_argument("out", type=Path)
    inspect.add_argument("results", type=Path)
    inspect.add_argument(
        "--code", type=Path, default=Path(__file__).resolve().parents[1], help="checkout of the project"
    )
    for command in (draw, inspect):
        command.add_argument("--only", choices=leaves_kinds.KINDS)
        command.add_argument("--jobs", type=int, default=1)
    tell.add_argument("results", type=Path)
    tell.add_argument("--all", action="store_true", help="list all that was not found, and verdicts nobody wanted")
    args = parser.parse_args()
    if args.command == "report":
        report(args.results, args.all)
    elif args.command == "draw":
        seeds = [s for s in range(*args.seeds) if args.only in (None, leaves_kinds.plan(s)[0])]
        run(draw_one, [(args.out, s) for s in seeds], args.jobs, lambda text: print(text, flush=True))
    else:
        have = {json.loads(x)["key"] for x in args.results.read_text().splitlines()} if args.results.exists() else set()
        folders = [p.parent for p in sorted(args.out.resolve().glob("*/truth.json")) if p.parent.name not in have]
        folders = [f for f in folders if args.only in (None, f.name.partition("-")[2])]
        with tempfile.TemporaryDirectory() as cache, args.results.open("a") as file:

            def keep(line: Line) -> None:
                file.write(json.dumps(line) + "\n")
                file.flush()
                print(
                    f"{line['key']}: {line['outcome']}, {line['cpu_s']} s CPU, false {len(line['false'])}", flush=True
                )

            run(inspect_one, [(f, args.code.resolve(), Path(cache)) for f in folders], args.jobs, keep)


if __name__ == "__main__":
    main()
