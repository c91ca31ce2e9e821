"""Edge finding on real scans against edges marked by eye.

    python benchmarks/real_boxes.py DATA_FOLDER [--out real-boxes] [--only TEXT]

Reads tests/data/real_boxes.toml, where the marks and how they were made stand. Each scan is looked at twice: ``sheet``
starts from the outline qc finds by itself, as for a copy without a reference; ``near`` starts a millimeter outside the
mark, as registration would place it. Both know what an operator states (dpi, backing, bound). ``outline`` is what
`qc.reference.page_outline.find_outline` says of the whole page.

Per edge: signed distance in mm at the end of the mark where it is larger (positive: outside the page), qc's u, the
flag. Verdicts: good (within 0.5 mm), off (up to 1 mm), wrong (more), invented (a number where the edge is not in the
picture), refused (no number, a flag), unjudged (a number where the reader did not swear to a line).
"""

from __future__ import annotations

import argparse
import hashlib
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from qc.edges.dark_backing import EdgeLine, Sheet, find_edge, find_sheet
from qc.edges.white_backing import find_shadow_edge
from qc.errors import ScanError
from qc.geometry import Points
from qc.model import ScanFile, ScanSettings
from qc.normalize.open_page import open_page
from qc.normalize.page_image import PageImage
from qc.reference.page_outline import find_outline
from qc.scan.image_file import read_pixels
from qc.units import px_per_mm

MARKS = Path(__file__).parent.parent / "tests" / "data" / "real_boxes.toml"
SIDES = ("left", "top", "right", "bottom")
CORNERS = ((3, 0), (0, 1), (1, 2), (2, 3))
OUTWARD = ((-1, 0), (0, -1), (1, 0), (0, 1))
GOOD_MM, WRONG_MM, GUESS_OFF_MM = 0.5, 1.0, 1.0
_COLORS = {"mark": (0, 160, 0), "sheet": (255, 0, 0), "near": (0, 90, 255)}


@dataclass(frozen=True)
class Result:
    """One edge of one scan, looked at one way.

    `distance_mm` is the distance at the end of the mark where it is larger, `middle_mm` that halfway, where u holds;
    both None where there is no number or no mark.
    """

    file: str
    side: str
    start: str
    verdict: str
    distance_mm: float | None
    middle_mm: float | None
    u_mm: float | None
    u_mark_mm: float | None
    flag: str
    ends: Points | None


def read_marks() -> list[dict[str, Any]]:
    """The marked scans, as they stand in the file."""
    return list(tomllib.loads(MARKS.read_text("utf-8"))["scan"])


def read_unmarked() -> list[dict[str, Any]]:
    """Scans that show no page to mark, each with its reason: no page frame may come out of them."""
    return list(tomllib.loads(MARKS.read_text("utf-8"))["unmarked"])


def settings_of(mark: dict[str, Any], stated: bool = True) -> ScanSettings:
    """The `[scan]` table of copy.toml for a marked scan; without `stated`, its operator wrote down the dpi only."""
    if not stated:
        return ScanSettings(dpi=float(mark["dpi"]))
    return ScanSettings(dpi=float(mark["dpi"]), backing=mark["backing"], bound=mark["bound"])


def examine(path: Path, mark: dict[str, Any], stated: bool = True) -> tuple[list[Result], str]:
    """Both looks at the four edges of the scan at `path`, and what `find_outline` says of it."""
    settings = settings_of(mark, stated)
    scan = ScanFile(path, path.name)
    image = open_page(scan, settings).image
    dpi = image.dpi.x_dpi, image.dpi.y_dpi
    sheet = find_sheet(image.luminance, dpi, settings.backing)
    results = []
    for index, side in enumerate(SIDES):
        line = _from_sheet(image, sheet, index)
        results.append(_judged(mark, index, "sheet", line, image))
        if isinstance(mark[side], dict):
            results.append(_judged(mark, index, "near", _from_mark(image, sheet, mark, index), image))
    return results, outline_words(scan, settings)


def outline_words(scan: ScanFile, settings: ScanSettings) -> str:
    """Size of the page frame found, or why there is none."""
    try:
        size = find_outline(scan, settings).size
    except ScanError as fault:
        return str(fault)
    return f"{size.width_mm:.1f} x {size.height_mm:.1f} mm"


def _from_sheet(image: PageImage, sheet: Sheet, index: int) -> EdgeLine | None:
    if sheet.corners is None:
        return None
    return _edge(image, sheet, sheet.corners[list(CORNERS[index])], index)


def _from_mark(image: PageImage, sheet: Sheet, mark: dict[str, Any], index: int) -> EdgeLine:
    ends = _ordered(np.array(mark[SIDES[index]]["ends"], float), index)
    guess = ends + np.array(OUTWARD[index]) * GUESS_OFF_MM * px_per_mm(mark["dpi"])
    return _edge(image, sheet, image.to_scan.inverse()(guess), index)


def _edge(image: PageImage, sheet: Sheet, guess: Points, index: int) -> EdgeLine:
    """The finder that qc uses for this backing, from a guessed line in working pixels."""
    if sheet.backing.kind == "white":
        return find_shadow_edge(image.luminance, guess, _across(image, index))
    return find_edge(image.luminance, guess, sheet.backing, _across(image, index))


def _across(image: PageImage, index: int) -> float:
    return image.dpi.x_dpi if index % 2 == 0 else image.dpi.y_dpi


def _ordered(ends: Points, index: int) -> Points:
    """Ends so that the paper lies to the right of the walk from first to second: clockwise round the page."""
    along = ends[np.argsort(ends[:, 1 - index % 2])]
    return along if index in (1, 2) else along[::-1]


def _judged(mark: dict[str, Any], index: int, start: str, line: EdgeLine | None, image: PageImage) -> Result:
    side = SIDES[index]
    truth = mark[side]
    scale = px_per_mm(mark["dpi"])
    known = isinstance(truth, dict)
    u_mark = truth["u_px"] / scale if known else None
    if line is None or line.ends is None:
        flag = "no sheet" if line is None else str(line.flag)
        return Result(mark["file"], side, start, "refused", None, None, None, u_mark, flag, None)
    ends = image.to_scan(line.ends)
    u = float(np.hypot(line.u_px / px_per_mm(_across(image, index)), line.u_shape_mm))
    if not known:
        verdict = "invented" if str(truth).startswith(("bound", "cropped")) else "unjudged"
        return Result(mark["file"], side, start, verdict, None, None, u, None, str(line.flag or ""), ends)
    distance = _distance(ends, np.array(truth["ends"], float), index) / scale
    worst = float(distance[np.argmax(np.abs(distance))])
    verdict = "good" if abs(worst) <= GOOD_MM else "off" if abs(worst) <= WRONG_MM else "wrong"
    middle = float(distance.mean())
    return Result(mark["file"], side, start, verdict, worst, middle, u, u_mark, str(line.flag or ""), ends)


def _distance(line: Points, marked: Points, index: int) -> Points:
    """How far outside the mark the line lies at the two marked points, along the axis across the edge."""
    across, along = (0, 1) if index % 2 == 0 else (1, 0)
    slope = (line[1, across] - line[0, across]) / (line[1, along] - line[0, along])
    at = line[0, across] + slope * (marked[:, along] - line[0, along])
    return np.asarray((at - marked[:, across]) * OUTWARD[index][across])


def overlay(path: Path, mark: dict[str, Any], results: list[Result], target: Path) -> None:
    """The scan with marks in green, qc from its own outline in red, from a guess near the mark in blue."""
    pixels = read_pixels(ScanFile(path, path.name), 1)
    canvas = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if pixels.ndim == 2 else pixels.copy()
    for side in SIDES:
        if isinstance(mark[side], dict):
            _draw(canvas, np.array(mark[side]["ends"], float), _COLORS["mark"], 5)
    for result in results:
        if result.ends is not None:
            _draw(canvas, result.ends, _COLORS[result.start], 2)
    small = cv2.resize(canvas, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(target), cv2.cvtColor(small, cv2.COLOR_RGB2BGR))


def _draw(canvas: Any, ends: Points, color: tuple[int, int, int], width: int) -> None:
    a, b = ((round(float(x)), round(float(y))) for x, y in ends)
    cv2.line(canvas, a, b, color, width, cv2.LINE_AA)


def _table(results: list[Result]) -> None:
    for r in results:
        distance = "      -" if r.distance_mm is None else f"{r.distance_mm:+7.2f}"
        u = "    -" if r.u_mm is None else f"{r.u_mm:5.3f}"
        u_mark = "   -" if r.u_mark_mm is None else f"{r.u_mark_mm:4.2f}"
        print(f"  {r.side:<7}{r.start:<6}{r.verdict:<9}{distance} mm  u {u}  u of mark {u_mark}  {r.flag}")


def _summary(results: list[Result]) -> None:
    for start in ("sheet", "near"):
        chosen = [r for r in results if r.start == start]
        marked = [r for r in chosen if r.u_mark_mm is not None]
        measured = [r for r in marked if r.distance_mm is not None]
        counts = Counter(r.verdict for r in chosen)
        good = sum(r.verdict == "good" for r in measured)
        print(f"\n{start}: {len(marked)} marked edges, {len(measured)} measured, {good} of them within {GOOD_MM} mm")
        print("  " + ", ".join(f"{verdict} {n}" for verdict, n in sorted(counts.items())))
        flags = Counter(r.flag for r in marked if r.verdict == "refused")
        print("  refused, marked edges: " + ", ".join(f"{flag} {n}" for flag, n in flags.most_common()))
        silent = [r for r in chosen if r.verdict in ("wrong", "invented") and not r.flag]
        print(f"  wrong by more than {WRONG_MM} mm or invented, without a flag: {len(silent)}")
        for r in silent:
            print(f"    {r.file} {r.side}" + ("" if r.distance_mm is None else f" {r.distance_mm:+.2f} mm"))
        middles = np.array([r.middle_mm for r in measured], float)
        u = np.array([np.hypot(r.u_mm or 0, r.u_mark_mm or 0) for r in measured])
        if middles.size:
            share = np.mean(np.abs(middles) < 2 * u)
            print(
                f"  median distance halfway {np.median(middles):+.2f} mm; within 2u (that of the mark in it) {share:.0%}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="folder the paths in real_boxes.toml start from")
    parser.add_argument("--out", type=Path, default=Path("real-boxes"), help="folder for the overlays")
    parser.add_argument("--only", default="", help="only files whose path holds this text")
    parser.add_argument("--unstated", action="store_true", help="state dpi only: neither backing nor bound")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    everything = []
    for mark in read_marks():
        path = arguments.data / mark["file"]
        if arguments.only not in mark["file"]:
            continue
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != mark["sha256"]:
            print(f"{mark['file']}: not there, or not the file that was marked; left out")
            continue
        results, words = examine(path, mark, not arguments.unstated)
        print(f"{mark['file']}\n  outline: {words}")
        _table(results)
        overlay(path, mark, results, arguments.out / (path.name + ".png"))
        everything += results
    print("\nScans without a page to mark, dpi as in the file; none should give a page frame:")
    for entry in read_unmarked():
        path = arguments.data / entry["file"]
        if arguments.only in entry["file"] and path.exists():
            print(f"  {outline_words(ScanFile(path, path.name), ScanSettings())}\n    ({entry['reason']})")
    _summary(everything)


if __name__ == "__main__":
    main()
