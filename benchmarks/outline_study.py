"""Damage along the outline of pages, planted densely, and sound pages with rough cuts: found rates, errors against u, false alarms.

    python benchmarks/outline_study.py sound RESULTS.jsonl --seeds 1000 1025 [--pages 12] [--dpi 150] [--again 4]
    python benchmarks/outline_study.py damage RESULTS.jsonl --seeds 1000 1020 [--pages 12]
    python benchmarks/outline_study.py report RESULTS.jsonl [--misses]

Copies are those of `damage_study.py`, drawn by both models. `sound` gives every page wavy cuts, fibers, worn corners and the shadow
of a lid; `damage` plants a corner or dog-ear, a notch and a tear on one page in its scan. Every page is inspected by itself
against its reference. Seeds below 5000 are for work, from 5000 on held out: nothing is chosen on them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from damage_model import Drawn, mm_of, pages_of
from damage_report import rate
from damage_study import conditions
from PIL import Image
from verdict_report import table

from qc.model import ScanFile, ScanSettings
from qc.page import inspect_page
from qc.reference.find import open_reference
from qc.register.page_result import PageJob, PageResult
from qc.synthetic.damage import without_paper
from qc.synthetic.damaged import Damage, LeafScan, place_damage, plant_damage
from qc.synthetic.files import rewrite_scan
from qc.synthetic.maps import applied

RANGES = {"missing-corner": (25, 250), "dog-ear": (7, 25), "notch": (2.5, 10), "tear": (4, 40)}
"""Sizes are drawn log-uniform within these; units as in `qc.synthetic.damaged.SIZES`."""
EQUAL = {"missing-corner": "dog-ear", "dog-ear": "missing-corner", "notch": "tear", "tear": "notch"}
CLEAR_MM, NEAR_MM, TRIES = 8.0, 2.0, 30
WAVE_MM, RADIUS_MM = (0.1, 0.3), 3.0
FIBERS_A_MM = 0.15
AT_SIDE_MM = 1.0

Line = dict[str, Any]


@dataclass
class Page:
    """A page as it was drawn, before anything happens to it."""

    drawn: Drawn
    leaf: LeafScan
    image: Any
    path: Path


def pages(folder: Path, seed: int, count: int, dpi: float | None) -> tuple[Line, list[Page]]:
    """The sound pages of a copy, written into a folder."""
    model, most, color, own_dpi = conditions(seed)
    told, drawn = pages_of(model, folder, seed, min(count, most), color, int(dpi or own_dpi))
    (folder / "scans").mkdir()
    result = []
    for d in drawn:
        path = folder / "scans" / d.file
        d.write(path, d.image)
        image, to_scan = np.asarray(Image.open(path)), np.asarray(d.to_scan)
        corners_mm = mm_of(to_scan, d.corners_px)
        if (step := round(told["dpi"] / dpi) if dpi else 1) > 1:
            rows, columns = (n // step for n in image.shape[:2])
            image = cv2.resize(image[: rows * step, : columns * step], (columns, rows), interpolation=cv2.INTER_AREA)
            to_scan = (to_scan + [[0, 0, 0.5]] * 2) / step - [[0, 0, 0.5]] * 2
            path = path.with_suffix(".png")
            Image.fromarray(image).save(path, dpi=(told["dpi"] / step,) * 2)
        result.append(Page(d, LeafScan(to_scan, corners_mm), image, path))
    return {"seed": seed, "model": model, "backing": told["backing"], "dpi": dpi or told["dpi"]}, result


def rough(page: Page, rng: np.random.Generator) -> Any:
    """The scan of a leaf with wavy cuts, fibers that stand out of them, round corners and the shadow of a lid."""
    image, k, corners = page.image, page.leaf.per_mm, page.leaf.corners_px
    amplitude, radius = float(rng.uniform(*WAVE_MM)), float(rng.uniform(0, RADIUS_MM))
    middle = corners.mean(axis=0)
    paper = np.quantile(image.reshape(-1, *image.shape[2:])[::97], 0.9, axis=0)
    for i in range(4):
        a, b = corners[i], corners[(i + 1) % 4]
        length = float(np.hypot(*(b - a)))
        along = (b - a) / length
        inward = np.array([-along[1], along[0]])
        inward *= np.sign(inward @ (middle - a))
        s = np.arange(0, length, 0.5 * k)
        waves = sum(np.sin(2 * np.pi * (s / k / float(rng.uniform(3, 40)) + rng.random())) for _ in range(3))
        depth = k * amplitude * np.clip(0.5 + waves / 4 + 0.1 * rng.standard_normal(len(s)), 0, 1.2)
        # Round at both ends: by as much as a circle of that radius lacks there.
        near = np.minimum(s, length - s) / k
        round_mm = np.where(near < radius, radius - np.sqrt(np.maximum(radius**2 - (radius - near) ** 2, 0)), 0)
        inner = a + s[:, None] * along + (depth + k * round_mm)[:, None] * inward
        gone = np.vstack([inner, b - 3 * k * inward + 3 * k * along, a - 3 * k * inward - 3 * k * along])
        image = without_paper(image, gone, corners, k, rng)
        for at in rng.uniform(0.05, 0.95, rng.poisson(FIBERS_A_MM * length / k)) * length:
            foot = a + at * along + 0.3 * k * inward
            tip = foot - (0.3 + rng.uniform(0.1, 0.8)) * k * inward + rng.normal(0, 0.3 * k) * along
            ends = [tuple(int(v) for v in np.rint(16 * p)) for p in (foot, tip)]
            tone = [float(v) for v in np.atleast_1d(rng.uniform(0.6, 1) * paper)]
            cv2.line(image, *ends, tone, 1, cv2.LINE_AA, 4)
    return shaded(image, page, rng)


def shaded(image: Any, page: Page, rng: np.random.Generator) -> Any:
    """The shadow of a lid, or of the leaf, along two sides that meet."""
    k, corners, first = page.leaf.per_mm, page.leaf.corners_px, int(rng.integers(4))
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    shade = np.ones(image.shape[:2], np.float32)
    reach, depth = float(rng.uniform(0.3, 1.5)) * k, float(rng.uniform(0, 0.06))
    for i in (first, (first + 1) % 4):
        a, b = corners[i], corners[(i + 1) % 4]
        along = (b - a) / np.hypot(*(b - a))
        off = np.abs((x - a[0]) * np.float32(-along[1]) + (y - a[1]) * np.float32(along[0]))
        shade *= 1 - np.float32(depth) * np.exp(-off / np.float32(reach))
    values = image * (shade if image.ndim == 2 else shade[:, :, None])
    return np.clip(np.rint(values), 0, np.iinfo(image.dtype).max).astype(image.dtype)


def planted(page: Page, other: Page | None, seed: int) -> tuple[Any, list[Damage]]:
    """The scan of a page with a corner, a notch and a tear that keep clear of each other; every fourth page has none."""
    rng = np.random.default_rng([seed, 77, page.drawn.page])
    image, told, boxes = page.image, [], []
    if page.drawn.page % 4 == 3:
        return image, told
    for kind in (("missing-corner", "dog-ear")[(page.drawn.page + seed) % 2], "notch", "tear"):
        for _ in range(TRIES):
            size = float(np.exp(rng.uniform(*np.log(RANGES[kind]))))
            try:
                damage = place_damage(kind, size, page.leaf, rng)
            except ValueError:
                continue
            points = damage.outline_mm
            if kind == "dog-ear":
                points = np.vstack([points, points[1:].sum(axis=0) - points[0]])
            box = points.min(axis=0) - CLEAR_MM, points.max(axis=0) + CLEAR_MM
            if any((box[0] <= o[1]).all() and (o[0] <= box[1]).all() for o in boxes):
                continue
            boxes.append(box)
            back = (other.image, other.leaf) if other and kind == "dog-ear" else None
            image = plant_damage(image, page.leaf, damage, rng, back)
            told.append(damage)
            break
    return image, told


def sides_of(damage: Damage, leaf: LeafScan) -> list[int]:
    """Sides (left 0, top 1, right 2, bottom 3) that a damage touches."""
    found = []
    for k, (i, j) in enumerate(((3, 0), (0, 1), (1, 2), (2, 3))):
        a, b = leaf.corners_mm[i], leaf.corners_mm[j]
        normal = np.array([a[1] - b[1], b[0] - a[0]]) / np.hypot(*(b - a))
        if ((damage.outline_mm - a) @ normal).min() < AT_SIDE_MM:
            found.append(k)
    return found


def seen(result: PageResult) -> Line:
    """What the outline says, with boxes in pixels of the scan."""
    if result.outline is None or result.to_scan is None:
        return {"sides": [], "found": []}
    found = []
    for d in result.outline.damage:
        x0, y0, x1, y1 = d.box_px
        box = result.to_scan([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
        own = {"code": d.code, "extent_mm": d.extent_mm, "u_mm": d.u_mm, "area_mm2": d.area_mm2}
        found.append(own | {"u_area_mm2": d.u_area_mm2, "box_px": [*box.min(axis=0), *box.max(axis=0)]})
    return {"sides": list(result.outline.sides), "found": found}


def inspected(kind: str, seed: int, count: int, dpi: float | None, again: int) -> Iterator[Line]:
    """Every page of a copy, roughened or damaged, and what the outline says of it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        told, copy = pages(folder, seed, count, dpi)
        reference = open_reference(folder / "title" / "interior.pdf")
        for index, turn in ((i, t) for i in range(len(copy)) for t in range(again)):
            page = copy[index]
            other = copy[index + 1 if page.drawn.page % 2 else index - 1] if index + 1 < len(copy) else None
            plants: list[Damage] = []
            if kind == "sound":
                image = rough(page, np.random.default_rng([seed, 78, page.drawn.page, turn]))
            else:
                image, plants = planted(page, other, seed)
            path = page.path.with_stem(f"{page.path.stem}-{kind}-{turn}")
            rewrite_scan(page.path, path, image)
            result = inspect_page(PageJob(page.drawn.page, ScanFile(path, path.name), ScanSettings()), reference)
            line = {"kind": kind, **told, "page": page.drawn.page, "shows": page.drawn.kind, "per_mm": page.leaf.per_mm}
            line |= {"registered": result.registration is not None, **seen(result), "plants": []}
            for d in plants:
                px = applied(page.leaf.to_scan, d.outline_mm)
                own = {"kind": d.kind, "extent_mm": d.extent_mm, "area_mm2": d.area_mm2, "how": dict(d.how)}
                own |= {"sides": sides_of(d, page.leaf), "box_px": [*px.min(axis=0), *px.max(axis=0)]}
                line["plants"].append(own)
            yield line


def _near(a: Any, b: Any, reach: float) -> bool:
    return all(a[i] - reach <= b[i + 2] and b[i] - reach <= a[i + 2] for i in (0, 1))


def _large(plant: Line) -> bool:
    least = {"missing-corner": ("area_mm2", 50), "dog-ear": ("area_mm2", 50), "tear": ("extent_mm", 5)}
    if plant["kind"] == "notch":
        return bool(plant["how"]["depth_mm"] >= 3)
    key, size = least[plant["kind"]]
    return bool(plant[key] >= size)


def report(path: Path, misses: bool) -> None:
    """Tables of found rates and errors, and of false alarms."""
    lines = [json.loads(x) for x in path.read_text().splitlines()]
    rows, false = defaultdict(list), []
    for line in lines:
        taken = set()
        for plant in line["plants"]:
            whole = len(line["sides"]) >= 3 and set(plant["sides"]) <= set(line["sides"])
            hits = []
            for i, f in enumerate(line["found"]):
                if _near(f["box_px"], plant["box_px"], 2 * NEAR_MM * line["per_mm"]):
                    taken.add(i)
                    if f["code"] in (plant["kind"], EQUAL[plant["kind"]]):
                        hits.append(f)
            hits.sort(key=lambda f: f["code"] != plant["kind"])
            rows[plant["kind"], "to be found" if _large(plant) else "below", whole].append((line, plant, hits))
        false += [(line, f) for i, f in enumerate(line["found"]) if i not in taken]
    out = []
    for (kind, size, whole), own in sorted(rows.items()):
        found = [(p, h[0]) for _, p, h in own if h]
        errors = np.array([h["extent_mm"] - p["extent_mm"] for p, h in found])
        sizes = np.array([p["extent_mm"] for p, _ in found])
        u = np.array([h["u_mm"] for _, h in found])
        n = len(found)
        cells = [f"{kind} ({size}{'' if whole else ', side not measured'})", rate(n, len(own))]
        cells += [str(sum(h["code"] == p["kind"] for p, h in found))]
        cells += [rate(int((abs(errors) <= 0.2 * sizes).sum()), n), rate(int((abs(errors) <= 2 * u).sum()), n)]
        cells += [f"{np.median(u):.2f}" if n else "-"]
        out.append(cells)
        for line, plant, hits in own if misses and whole else ():
            place = f"{line['seed']}-{line['page']} {line['shows']} {line['backing']} {line['dpi']}"
            if not hits:
                print(f"MISS {kind} ({size}): {place} {plant['extent_mm']:.1f} mm {plant['how']}")
            elif hits[0]["code"] != kind or abs(hits[0]["extent_mm"] - plant["extent_mm"]) > 2 * hits[0]["u_mm"]:
                print(f"OFF {kind}: {place} {plant['extent_mm']:.1f} mm, seen {hits[0]}")
    table(("planted", "found", "named", "extent within 20 %", "within 2u", "median u"), out)
    for line, f in false:
        print(
            f"FALSE {line['kind']} {line['seed']}-{line['page']} {line['shows']} {line['backing']} {line['dpi']}: {f}"
        )
    for kind in sorted({x["kind"] for x in lines}):
        own = [x for x in lines if x["kind"] == kind]
        whole = [x for x in own if len(x["sides"]) >= 3]
        models = {m: sum(x["model"] == m for x in whole) for m in sorted({x["model"] for x in own})}
        alarms = {(x["seed"], x["page"]) for x, _ in false if x["kind"] == kind}
        print(f"{kind}: {len(own)} pages, outline seen on {len(whole)} {models}; false on {len(alarms)}")


def main() -> None:
    """Draw and inspect, or report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("sound", "damage", "report"))
    parser.add_argument("results", type=Path)
    parser.add_argument("--seeds", type=int, nargs=2, help="first, and first that is not drawn")
    parser.add_argument("--pages", type=int, default=12)
    parser.add_argument("--dpi", type=float, help="else as the seed says")
    parser.add_argument("--again", type=int, default=1, help="how many rough rims each drawn page gets")
    parser.add_argument("--misses", action="store_true")
    args = parser.parse_args()
    if args.what == "report":
        report(args.results, args.misses)
        return
    cv2.setNumThreads(1)
    have = set()
    if args.results.exists():
        have = {(x["kind"], x["seed"]) for x in map(json.loads, args.results.read_text().splitlines())}
    for seed in range(*args.seeds):
        if (args.what, seed) in have:
            continue
        lines = list(inspected(args.what, seed, args.pages, args.dpi, args.again))
        with args.results.open("a") as file:
            file.writelines(json.dumps(line, default=float) + "\n" for line in lines)
        print(seed, len(lines), flush=True)


if __name__ == "__main__":
    main()
