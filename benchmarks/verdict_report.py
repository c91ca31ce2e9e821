"""Tables of `verdict_study.py`: what was said of sound copies, what was measured, which plants were found, errors of offsets."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

Line = dict[str, Any]

RIGHT = {
    "lost-page": {"blank-pages-inside", "missing-print", "pages-missing"},
    "lost-region": {"missing-print", "void", "smear"},
    "lost-line": {"missing-print", "void"},
    "lost-ink": {"lost-channel", "weak-channel"},
    "density-60": {"fade", "tone-shift", "weak-channel", "lost-channel"},
    "fade": {"fade"},
    "band": {"band", "streak"},
    "streak": {"streak", "band"},
    "void": {"void", "missing-print", "spot"},
    "spot": {"spot", "smear", "missing-print"},
    "gray": {"gray", "lost-channel"},
}
"""By kind of fault: codes of findings that name it, or measures that have no codes."""
PAGE_KINDS = tuple(k for k in RIGHT if k != "gray")
NEAR_MM = 3.0
LIMIT_MM = 3.175


def read_lines(path: Path) -> dict[str, Line]:
    return {x["key"]: x for x in map(json.loads, path.read_text().splitlines())} if path.exists() else {}


def pages_of(of: Line) -> list[int]:
    """Pages that a finding or an observation speaks of; empty for the whole copy."""
    page, lists = of["where"]["page"], [of["detail"].get(k) for k in ("pages", "reference_pages")]
    return ([page] if page else []) + [n for one in lists if isinstance(one, list) for n in one]


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a markdown table."""
    widths = [max(len(str(r[i])) for r in (head, *rows)) for i in range(len(head))]
    for row in (head, ["-" * w for w in widths], *rows):
        print("| " + " | ".join(str(v).ljust(w) for v, w in zip(row, widths, strict=True)) + " |")
    print()


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} ({100 * part / whole:.1f} %)" if whole else "-"


def report_sound(lines: Sequence[Line]) -> None:
    """Verdicts on sound copies and everything that is wrongly said of them."""
    blamed = [x for x in lines if any(f["severity"] == "defect" and f["outcome"] == "outside" for f in x["findings"])]
    print(f"{len(lines)} sound copies; verdicts {dict(Counter(x['outcome'] for x in lines))}")
    print(f"with a false defect: {_share(len(blamed), len(lines))}")
    sent = sum(x["outcome"] == "needs-review" for x in lines)
    print(f"sent to a person: {_share(sent, len(lines))}; CPU {np.mean([x['cpu_s'] for x in lines]):.1f} s a copy")
    far = [
        x["key"]
        for x in lines
        for p, edge, t, *_ in x.get("offsets", ())
        if p == 0 and edge != "spine" and abs(t) > LIMIT_MM
    ]
    print(f"cut truly beyond {LIMIT_MM} mm, so not sound: {sorted(set(far)) or 'none'}\n")
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for x in lines:
        for f in x["findings"]:
            page = ",".join(map(str, pages_of(f))) or "copy"
            doubt = f" {f['doubt']}".replace("'", "") if f.get("doubt") else ""
            edge = f["where"]["edge"] or ""
            key = (f["severity"], f["outcome"], f["measure"], f["code"] or edge or "-")
            found[key].append(f"{x['seed']}:{page}={f['value']:.3g}±{f['u'] or 0:.2g}{doubt}")
    rows = [(*k, len(v), f"{len(v) / len(lines):.3f}", " ".join(v[:40])) for k, v in sorted(found.items())]
    table(("severity", "outcome", "measure", "code/edge", "n", "a copy", "seed:page=value±u"), rows)
    for x in lines:
        if x["outcome"] not in ("no-defect", "defect"):
            print(f"- {x['key']} ({x['backing']}): {x['outcome']}: {x['summary'][:200]}")
    print()


def report_coverage(lines: Sequence[Line]) -> None:
    """By measure: on how many pages (or copies) it has a value."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    flags: dict[str, Counter[str]] = defaultdict(Counter)
    for x in lines:
        for name, entry in x.get("coverage", {}).items():
            flags[name].update(entry["flags"])
            for state in ("value", "null"):
                pages = set(entry[state])
                sums[name].update({state: len(pages - {0}), f"{state} copy": len(pages & {0})})
    pages, rows = sum(x["n_pages"] for x in lines), []
    for name, n in sorted(sums.items()):
        why = " ".join(f"{flag}:{count}" for flag, count in flags[name].most_common(3))
        for unit, total in (("", pages), (" copy", len(lines))):
            value, null = n["value" + unit], n["null" + unit]
            if value + null:
                rows.append((name, unit.strip() or "page", _share(value, value + null), _share(value, total), why))
    table(("measure, code, edge", "of", "value where observed", "value of all", "why null"), rows)


def _hits(x: Line, kind: str, plant: Line | None) -> list[Line]:
    """Findings with a right code, at the right page (any of a fault of the whole copy)."""
    right = [f for f in x["findings"] if (f["code"] or f["measure"]) in RIGHT[kind]]
    return [f for f in right if plant is None or plant["page"] in pages_of(f)]


def _near(f: Line, plant: Line) -> bool:
    """Whether a box of the finding lies at the plant; both in mm of the page."""
    x0, y0, x1, y1 = plant["box_mm"]
    boxes = f["detail"].get("boxes_mm", [])
    return any(
        b[0] < x1 + NEAR_MM and b[2] > x0 - NEAR_MM and b[1] < y1 + NEAR_MM and b[3] > y0 - NEAR_MM for b in boxes
    )


def _elsewhere(x: Line) -> list[Line]:
    """Findings of defect rules on pages of a copy that carry no plant."""
    planted = {p["page"] for p in x["plants"]}
    own = [f for f in x["findings"] if f["severity"] == "defect" and x["what"] == "plants" and pages_of(f)]
    return [f for f in own if not planted & set(pages_of(f))]


def plant_counts(lines: Sequence[Line]) -> dict[str, Counter[str]]:
    """By kind: how many were planted, found, found as what, and what the copy's verdict was."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for x in lines:
        whole = [(x["whole"], None)] if x["whole"] else []
        for kind, plant in [*whole, *((p["kind"], p) for p in x["plants"])]:
            hits = _hits(x, kind, plant)
            defects = [f for f in hits if f["severity"] == "defect"]
            n = kinds[f"whole {kind} {'color' if x['color'] else 'gray'}" if plant is None else kind]
            n["planted"] += 1
            n["defect or review"] += bool(defects)
            n["note only"] += bool(hits) and not defects
            n["outside defect"] += any(f["outcome"] == "outside" for f in defects)
            n["at its box"] += bool(plant and plant["box_mm"] and any(_near(f, plant) for f in hits))
            n["copy not cleared"] += x["outcome"] != "no-defect"
    return kinds


def report_plants(lines: Sequence[Line], baseline: Sequence[Line]) -> None:
    """Kind by kind what was found, beside the baseline, and which plants were missed."""
    columns = ("defect or review", "note only", "outside defect", "at its box", "copy not cleared")
    now, before = plant_counts(lines), plant_counts(baseline)
    rows = []
    for kind in [k for k in (*PAGE_KINDS, *sorted(k for k in now if k.startswith("whole "))) if k in now]:
        beside = (lambda c, kind=kind: f" [{before[kind][c]}]") if baseline else (lambda c: "")
        rows.append((kind, now[kind]["planted"], *(f"{now[kind][c]}{beside(c)}" for c in columns)))
    table(("kind" + (" (now [baseline])" if baseline else ""), "planted", *columns), rows)
    for name, own in (("now", lines), ("baseline", baseline))[: 1 + bool(baseline)]:
        others = [f for x in own for f in _elsewhere(x)]
        print(f"- {name}: defect rules on pages without a plant: {dict(Counter(f['outcome'] for f in others))}")
    missed: dict[str, list[str]] = defaultdict(list)
    for x in lines:
        for p in x["plants"]:
            if not _hits(x, p["kind"], p):
                missed[p["kind"]].append(f"{x['seed']}:{p['page']}")
    for kind, where in sorted(missed.items()):
        print(f"- missed {kind} (seed:page): {' '.join(where[:60])}")
    print()


def report_offsets(lines: Sequence[Line]) -> None:
    """Errors of trim offsets of sound copies against the truth, by backing."""
    rows = []
    for backing in sorted({x["backing"] for x in lines}):
        for level in ("page", "block"):
            own = [
                o
                for x in lines
                if x["backing"] == backing
                for o in x.get("offsets", ())
                if bool(o[0]) == (level == "page")
            ]
            seen = [(abs(v - t), u) for _, _, t, v, u in own if v is not None]
            if not seen:
                rows.append((backing, level, _share(0, len(own)), *["-"] * 4))
                continue
            error, u = np.array(seen).T
            numbers = [f"{v:.3f}" for v in (np.median(error), np.quantile(error, 0.95), error.max())]
            rows.append(
                (backing, level, _share(len(seen), len(own)), *numbers, f"{100 * np.mean(error <= 2 * u):.1f} %")
            )
    table(("backing", "level", "edges measured", "median |error| mm", "p95", "max", "within 2u"), rows)


def report(results: Path, baseline: Path | None) -> None:
    """All tables, model by model."""
    now, before = read_lines(results), read_lines(baseline) if baseline else {}
    if baseline:
        now, before = ({k: v for k, v in a.items() if k in b} for a, b in ((now, before), (before, now)))
    for model in sorted({x["model"] for x in now.values()}):
        sets = [("", [x for x in now.values() if x["model"] == model])]
        sets += [(" (baseline)", [x for x in before.values() if x["model"] == model])] if baseline else []
        for name, lines in sets:
            sound = [x for x in lines if x["what"] == "sound"]
            errors = [f"{x['key']}: {x['summary'][:300]}" for x in lines if x["outcome"] == "error"]
            print(f"# {model}{name}: {len(lines)} inspections, {len(errors)} failed", *errors, "", sep="\n")
            if sound:
                for title, tell in (("sound", report_sound), ("coverage", report_coverage), ("trim", report_offsets)):
                    print(f"## {model}{name}: {title}\n")
                    tell(sound)
        failed = {x["key"] for _, lines in sets for x in lines if x["outcome"] == "error"}
        well = [[x for x in lines if x["key"] not in failed] for _, lines in sets]
        print(f"## {model}: plants, without {len(failed)} copies whose inspection failed\n")
        report_plants(well[0], well[1] if baseline else [])
