"""What `cover_study.py report` prints: errors by measure and stratum, identity, and verdicts by what is true."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Line = dict[str, Any]
CONTRAST = 12.0  # levels between cover and what lies beside it, from which an edge ought to be measured
LIMITS_MM = (3.175, 4.0)  # within what a printer calls normal; beyond what must be found
BANDS_MM = (0.0, 3.175, 3.7, 4.0)  # from 3.7 on none may pass as within
JUDGED = ("cover-trim-offset", "cover-fold-offset", "spine-centering")
ALIKE = 2.0  # levels by which two designs differ at most in the mean that are one to the eye


def read_lines(path: Path) -> list[Line]:
    """Return the records of a file of JSON lines, none if there is no file."""
    return [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []


def _true_values(truth: Line) -> Iterator[tuple[str, str | None, str | None, float]]:
    """Yield measure, side, edge and true value of all that can be measured on a copy in its own cover."""
    for side, seen in truth["sides"].items():
        for edge, value in seen["trim_mm"].items():
            yield "cover-trim-offset", side, edge, value
        yield "cover-fold-offset", side, None, seen["fold_mm"]
        yield "cover-skew", side, None, seen["skew_deg"]
    if len(truth["sides"]) == 2:
        yield "spine-centering", None, None, truth["spine_centering_mm"]
        yield "spine-width", None, None, truth["spine_width_mm"]


def _strata(truth: Line, side: str | None, edge: str | None, measure: str) -> Iterator[str]:
    """Yield the strata of one value."""
    yield "all"
    yield f"kind {truth['kind']}"
    yield f"{truth['lid']} lid"
    yield truth["scanner"]
    yield "gloss" if truth["gloss"] else "matte"
    yield f"{truth['dpi']} dpi"
    yield f"title {truth['isbn']}"
    sides = [truth["sides"][side]] if side else list(truth["sides"].values())
    if "fold" in measure or "spine" in measure:
        radius = max(s["radius_mm"] for s in sides)
        yield "radius < 0.5" if radius < 0.5 else "radius 0.5-1" if radius < 1 else "radius > 1"
        yield "wall seen" if max(s["wall_mm"] for s in sides) > 0.3 else "no wall"
    if edge == "fore-edge":
        yield "block seen" if sides[0]["block_mm"] > 0.3 else "no block"
    if measure != "cover-skew":
        least = min(s["contrast"][edge or "fold"] for s in sides)
        yield f"contrast < {CONTRAST:g}" if least < CONTRAST else f"contrast >= {CONTRAST:g}"


def _table(lines: Sequence[Line]) -> None:
    """Print errors by measure and stratum."""
    groups: dict[tuple[str, str], list[tuple[float | None, float | None]]] = defaultdict(list)
    for line in lines:
        truth = line["truth"]
        if truth["other_cover"]:
            continue
        seen = {_key(o): o for o in line["observations"]}
        for measure, side, edge, value in _true_values(truth):
            o = seen.get((measure, side, edge), {"value": None, "u": None})
            error = None if o["value"] is None else o["value"] - value
            name = f"{measure} {edge}" if edge else measure
            for stratum in _strata(truth, side, edge, measure):
                groups[name, stratum].append((error, o["u"]))
    print(f"{'':40}{'n':>6}{'measured':>10}{'bias':>9}{'p95':>8}{'max':>8}{'in 2u':>8}")
    last = ""
    for (name, stratum), pairs in sorted(
        groups.items(), key=lambda item: (item[0][0], item[0][1] != "all", item[0][1])
    ):
        if name != last:
            print(name)
            last = name
        got = [(e, u) for e, u in pairs if e is not None]
        row = f"  {stratum:38}{len(pairs):6}{len(got) / len(pairs):10.1%}"
        if got:
            errors = np.array([e for e, _ in got])
            inside = np.mean([u is not None and abs(e) <= 2 * u for e, u in got])
            row += f"{errors.mean():9.3f}{np.quantile(abs(errors), 0.95):8.3f}{abs(errors).max():8.3f}{inside:8.1%}"
        print(row)


def _band(value: float) -> str:
    """Return the band of a true shift, mm."""
    low = max(b for b in BANDS_MM if abs(value) >= b)
    above = [b for b in BANDS_MM if b > low]
    return f"{low:g} to {above[0]:g} mm" if above else f"{low:g} mm and more"


def _shifts(lines: Sequence[Line]) -> None:
    """Print what was found of shifts by the band of the true one; a null value is not measured, whatever is said of it."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for line in lines:
        truth = line["truth"]
        if truth["other_cover"] or truth["kind"] == "bench-cut" or line["outcome"] == "error":
            continue
        said = {_key(f): f["outcome"] for f in line["findings"] if f["rule"] in JUDGED}
        seen = {_key(o) for o in line["observations"] if o["value"] is not None}
        for measure, side, edge, value in _true_values(truth):
            if measure in JUDGED:
                key = (measure, side, edge)
                found[measure, _band(value)][said.get(key, "within") if key in seen else "not measured"] += 1
    print("\nshifts: findings, by the true value")
    for (measure, band), counts in sorted(found.items()):
        print(f"  {measure:20}{band:20}{dict(counts)}")


def _key(of: Line) -> tuple[str, str | None, str | None]:
    return of["measure"], of["where"].get("side"), of["where"].get("edge")


def _worst(truth: Line) -> float:
    """Return the greatest shift in mm of trim, folds and centering."""
    sides = truth["sides"].values()
    values = [v for s in sides for v in s["trim_mm"].values()] + [s["fold_mm"] for s in sides]
    if len(truth["sides"]) == 2:
        values.append(truth["spine_centering_mm"])
    return max(abs(v) for v in values)


def _case(truth: Line) -> str:
    """Return what the verdict ought to stand on."""
    if truth["other_cover"]:
        return "other cover, alike" if truth["art_difference"] < ALIKE else "other cover"
    worst = _worst(truth)
    where = "within" if worst <= LIMITS_MM[0] else "beyond" if worst >= LIMITS_MM[1] else "between"
    return f"{truth['kind']}, {where}"


def _upside_down(lines: Sequence[Line]) -> Counter[str]:
    """Count sides scanned upside down, and not, by what was said of them."""
    counts: Counter[str] = Counter()
    for line in lines:
        for side, seen in line["truth"]["sides"].items():
            said = line.get("upside_down", {}).get(f"cover-{side}")
            counts[f"{'upside down' if seen['upside_down'] else 'upright'}, said {said}"] += 1
    return counts


def report(lines: Sequence[Line]) -> None:
    """Print errors, shifts, identity, orientation, verdicts and cost."""
    _table(lines)
    _shifts(lines)
    print("\nidentity: value of cover-identity, by case")
    identity: dict[str, Counter[str]] = defaultdict(Counter)
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    rules: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        case = _case(line["truth"])
        values = [o["value"] for o in line["observations"] if o["measure"] == "cover-identity"]
        kind = case if line["truth"]["other_cover"] else f"own cover, {len(line['truth']['sides'])} sides"
        identity[kind][str(values[0]) if values else "none"] += 1
        verdicts[case][line["outcome"]] += 1
        rules[case].update({f"{f['rule']} {f['outcome']}" for f in line["findings"] if f["outcome"] != "not-judged"})
    for kind, counts in sorted(identity.items()):
        print(f"  {kind:34}{dict(counts)}")
    print("orientation of scans")
    for said, count in sorted(_upside_down(lines).items()):
        print(f"  {said:34}{count}")
    print("verdicts, by what is true; below, rules not within")
    for case, counts in sorted(verdicts.items()):
        print(f"  {case:34}{dict(counts)}\n      {dict(rules[case].most_common(8))}")
    spent = [line["cpu_s"] for line in lines]
    if spent:
        print(f"processor time a copy: median {np.median(spent):.2f} s, p95 {np.quantile(spent, 0.95):.2f} s")
