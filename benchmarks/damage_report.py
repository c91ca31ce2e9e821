"""Tables of `damage_study.py`: found rates by kind and size, errors of size, coverage of u, false alarms, dust excluded."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import beta
from verdict_report import table

Line = dict[str, Any]

NEAR_MM = 2.0
"""What is found lies this near to what was planted."""
COPY_PAGES = 240
BEYOND = ("outside", "undecided")
EQUAL = {
    "missing-corner": {"missing-corner", "dog-ear"}, "dog-ear": {"dog-ear", "missing-corner"}, "notch": {"notch", "tear"},
    "tear": {"tear", "notch"}, "hole": {"hole"}, "crease": {"crease"}, "water": {"water"},
}  # fmt: skip
"""Codes of `page-damage` that name a kind; the same code is asked for in the column `named`."""
INSIDE = {"crease", "hole", "water"}
"""Kinds that are seen inside the leaf; one code of the others says for all of them that the outline was seen."""
REACHED: dict[str, Callable[[Line], bool]] = {
    "missing-corner": lambda p: p["area_mm2"] >= 50,
    "notch": lambda p: p["how"]["depth_mm"] >= 3,
    "tear": lambda p: p["size"] >= 5,
    "dog-ear": lambda p: p["area_mm2"] >= 50,
    "crease": lambda p: p["size"] >= 30,
    "hole": lambda p: p["size"] >= 3,
    "water": lambda p: p["area_mm2"] >= 400,
    "spot paper": lambda p: p["size"] >= 0.5,
    "spot text": lambda p: p["size"] >= 0.8,
    "spot solid": lambda p: p["size"] >= 0.8 and abs(p["dL"]) >= 20,
    "spot picture": lambda p: p["size"] >= 0.8 and abs(p["dL"]) >= 20,
}
"""From which size on a kind is to be found."""


def interval(part: int, whole: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson interval of a rate."""
    if not whole:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = 0.0 if part == 0 else float(beta.ppf(tail, part, whole - part + 1))
    return low, 1.0 if part == whole else float(beta.ppf(1 - tail, part + 1, whole - part))


def rate(part: int, whole: int) -> str:
    low, high = interval(part, whole)
    return f"{part}/{whole} {100 * part / whole:.0f} % ({100 * low:.0f}-{100 * high:.0f})" if whole else "-"


def boxes_of(line: Line) -> Iterator[Line]:
    """Everything the inspection sees in a place: measure, code, page, box (page-frame mm), sizes, what became of it."""
    judged = defaultdict(list)
    for f in line["findings"]:
        judged[f["measure"], f["code"], f["where"]["page"]].append(f)
    for o in line["observations"]:
        page, detail = o["where"]["page"], o["detail"]
        if not o["value"] or not page:
            continue
        findings = judged[o["measure"], detail.get("code"), page]
        told = {"measure": o["measure"], "code": detail.get("code"), "page": page, "u": o["u"], "flags": o["flags"]}
        told |= {
            "beyond": sum(len(f["evidence"]) or 1 for f in findings),
            "severity": {f["severity"] for f in findings},
        }
        boxes = detail.get("boxes_mm") or ([detail["box_mm"]] if detail.get("box_mm") else [])
        # A page may be laid on its design upside down where that looks alike: what the evidence shows is the place.
        shown = [_mm(line, page, e["box_px"]) for f in findings for e in f["evidence"]]
        boxes = shown if len(shown) == len(boxes) or not boxes else boxes
        for i, box in enumerate(boxes):
            own = {
                k: v[i] for k, v in detail.items() if isinstance(v, list) and len(v) == len(boxes) and k != "boxes_mm"
            }
            own |= {k: v for k, v in detail.items() if not isinstance(v, list)}
            yield told | {"box": box, "value": o["value"], "detail": own}


def _mm(line: Line, page: int, box: Sequence[float]) -> list[float]:
    to_scan = np.array(line["to_scan"][str(page)])
    corners = np.array([[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]])
    mm = (corners - to_scan[:, 2]) @ np.linalg.inv(to_scan[:, :2]).T
    return [*mm.min(axis=0), *mm.max(axis=0)]


def _near(a: Sequence[float], b: Sequence[float], reach: float = NEAR_MM) -> bool:
    return all(a[i] - reach <= b[i + 2] and b[i] - reach <= a[i + 2] for i in (0, 1))


def _places(line: Line, plant: Line) -> list[tuple[int, list[float]]]:
    return [(s["page"], s.get("box_mm") or _mm(line, s["page"], s["box_px"])) for s in plant["sides"]]


def matched(line: Line, seen: Sequence[Line], plant: Line) -> list[Line]:
    """What was seen at a plant, on the side it was planted on first."""
    at = _places(line, plant)
    hits = [s for s in seen if any(s["page"] == page and _near(s["box"], box) for page, box in at)]
    return sorted(hits, key=lambda s: s["page"] != at[0][0])


def name_of(plant: Line) -> str:
    return f"{plant['kind']} {plant['ground']}" if "ground" in plant else str(plant["kind"])


def report(path: Path, misses: bool) -> None:
    """Print all tables."""
    lines = [json.loads(x) for x in path.read_text().splitlines()]
    errors = [x for x in lines if x["outcome"] == "error"]
    for x in errors:
        print(f"ERROR {x['key']}: {x['summary'][-300:]}")
    lines = [x for x in lines if x["outcome"] != "error"]
    for variant in sorted({x["variant"] for x in lines}):
        own = [x for x in lines if x["variant"] == variant]
        pages = sum(x["n_pages"] for x in own)
        cpu = 1000 * sum(x["cpu_s"] for x in own) / pages
        print(
            f"\n## {variant}: {len(own)} copies, {pages} pages, {cpu:.0f} ms CPU a page (with the start of the program)\n"
        )
        if variant != "sound":
            report_found(own, misses)
        report_false(own, misses)
        if variant.startswith("dust"):
            report_dust("all copies", own, misses)
            report_dust("sheets that lie alike", [x for x in own if x["alike"]], False)


def report_found(lines: Sequence[Line], misses: bool) -> None:
    """Found rates by kind and size; `seen` is any observation at the place, `told` one that a rule does not call within."""
    rows: dict[str, list[list[Any]]] = defaultdict(list)
    for line in lines:
        seen = list(boxes_of(line))
        for plant in line["plants"]:
            hits = matched(line, seen, plant)
            if plant["kind"] in EQUAL:
                hits = [h for h in hits if h["code"] in EQUAL[plant["kind"]] and h["measure"] == "page-damage"]
            rows[_stratum(line, plant)].append([line, plant, hits])
    out = []
    for name, own in sorted(rows.items()):
        found = [r for r in own if r[2]]
        told = sum(any(h["beyond"] for h in r[2]) for r in found)
        named = sum(any(h["code"] == r[1]["kind"] for h in r[2]) for r in found)
        sizes = [s for r in found if (s := _size_error(r[1], r[2])) is not None]
        right = sum(abs(e) <= 0.2 for e, _ in sizes)
        held = [abs(z) <= 2 for _, z in sizes if z is not None]
        middle = f"{100 * np.median([e for e, _ in sizes]):+.0f} %" if sizes else "-"
        blind = sum(not hits and _blind(line, plant) for line, plant, hits in own)
        out.append(
            (
                name,
                rate(len(found), len(own)),
                blind,
                told,
                named,
                rate(right, len(sizes)),
                middle,
                rate(sum(held), len(held)),
            )
        )
    table(("planted", "seen", "not measured", "told", "named", "size within 20 %", "median error", "within 2u"), out)
    for name, own in sorted(rows.items()) if misses else ():
        for line, plant, hits in own:
            if not hits:
                side = plant["sides"][0]
                more = {k: plant[k] for k in ("size", "area_mm2", "dL", "left", "how") if k in plant}
                print(
                    f"MISS {name}: {line['key']} page {side['page']} box_px {side['box_px']} {more} {line['backing']} {line['dpi']}"
                )


def _blind(line: Line, plant: Line) -> bool:
    """Whether the inspection says that it could not look there, or nothing at all."""
    kind, page = plant["kind"], plant["sides"][0]["page"]
    measure, codes = "print-defect", {"streak" if kind == "white-streak" else kind}
    if kind in EQUAL:
        measure, codes = "page-damage", INSIDE if kind in INSIDE else EQUAL.keys() - INSIDE
    own = [o for o in line["observations"] if o["measure"] == measure and o["where"]["page"] == page]
    return all(o["value"] is None for o in own if o["detail"].get("code") in codes)


def _stratum(line: Line, plant: Line) -> str:
    name = name_of(plant)
    if plant["kind"] == "white-streak":
        return f"{name} {plant['size']} mm at {line['dpi']:.0f} dpi"
    reached = "to be found" if REACHED[name](plant) else "below"
    lid = (
        ", white lid"
        if line["backing"] == "white" and plant["kind"] in EQUAL and plant["kind"] not in ("crease", "water")
        else ""
    )
    return f"{name} ({reached}{lid})"


def _size_error(plant: Line, hits: Sequence[Line]) -> tuple[float, float | None] | None:
    """Relative error of the size, and the error of the extent in units of u."""
    hit = hits[0]
    if plant["kind"] in EQUAL:
        error = hit["detail"].get("extents_mm", hit["value"]) - plant["extent_mm"]
        return error / plant["extent_mm"], (error / hit["u"] if hit["u"] else None)
    if plant["kind"] == "spot":
        areas = [h["detail"]["area_mm2"] for h in hits if h["detail"].get("area_mm2")]
        return (max(areas) / plant["area_mm2"] - 1, None) if areas and plant["area_mm2"] >= 1 else None
    widths = [h["detail"]["width_mm"] for h in hits if h["detail"].get("width_mm")]
    return (widths[0] / plant["size"] - 1, None) if widths else None


def report_false(lines: Sequence[Line], misses: bool) -> None:
    """What is said of places where nothing was planted, by code, a copy of `COPY_PAGES` pages."""
    pages, found = sum(x["n_pages"] for x in lines), defaultdict(list)
    for line in lines:
        places = [at for plant in line["plants"] for at in _places(line, plant)]
        dust = line["dust"] if line["variant"].startswith("dust") else ()
        places += [(int(p), _mm(line, p, d["box_px"])) for d in dust for p in line["to_scan"]]
        for s in boxes_of(line):
            if not any(s["page"] == page and _near(s["box"], box, 2 * NEAR_MM) for page, box in places):
                found[s["measure"], s["code"], "told" if s["beyond"] else "note"].append((line, s))
    rows = [
        (
            *key,
            len(own),
            f"{COPY_PAGES * len(own) / pages:.2f}",
            *_per_copy(len({(x["key"], s["page"]) for x, s in own}), pages),
        )
        for key, own in sorted(found.items(), key=str)
    ]
    told = {(x["key"], s["page"]) for (_, _, what), own in found.items() if what == "told" for x, s in own}
    print(
        f"false, told: on {len(told)} of {pages} pages; {_per_copy(len(told), pages)[0]} a copy of {COPY_PAGES} pages"
    )
    table(("measure", "code", "what", "n", f"a copy of {COPY_PAGES}", "pages a copy (95 %)"), rows)
    for key, own in found.items() if misses else ():
        for line, s in own[:30]:
            box = [round(v, 1) for v in s["box"]]
            place = f"{line['key']} page {s['page']} box_mm {box}"
            print(f"FALSE {key}: {place} value {s['value']} {s['flags']} {line['backing']} {line['dpi']}")


def _per_copy(part: int, pages: int) -> tuple[str]:
    low, high = interval(part, pages)
    return (f"{COPY_PAGES * part / pages:.2f} ({COPY_PAGES * low:.2f}-{COPY_PAGES * high:.2f})",)


def report_dust(which: str, lines: Sequence[Line], misses: bool) -> None:
    """Of all places where dirt lay on the glass over a page, those that the inspection says something of."""
    over = told = 0
    for line in lines:
        seen = [s for s in boxes_of(line) if s["beyond"] and s["measure"] == "print-defect"]
        true = [at for plant in line["plants"] for at in _places(line, plant)]
        for d in line["dust"]:
            for page in map(int, line["to_scan"]):
                box = _mm(line, str(page), d["box_px"])
                if any(p == page and _near(box, b) for p, b in true):
                    continue
                over += 1
                hit = [s for s in seen if s["page"] == page and _near(s["box"], box, 0.5)]
                told += bool(hit)
                if hit and misses:
                    place = f"page {page} box_mm {[round(v, 1) for v in box]}"
                    print(f"DUST {line['key']} {place} {d['area_mm2']} mm2 {hit[0]['code']}")
    print(
        f"{which}: dirt on the glass told as a mark at {rate(told, over)} of its places, not told at {rate(over - told, over)}\n"
    )
