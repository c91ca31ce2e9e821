"""Errors and coverage of a study made by draw_study.py, by stratum.

python benchmarks/report_study.py study.csv [more.csv ...]
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

Row = dict[str, Any]
EASY = (
    "text",
    "picture",
    "gray-picture",
    "bleed-bright",
    "bleed-dark",
    "bleed-mixed",
    "table",
    "line-art",
    "chapter-opener",
    "three-lines",
)


def load(paths: list[str]) -> list[Row]:
    rows: list[Row] = []
    for path in paths:
        with open(path, newline="") as file:
            for row in csv.DictReader(file):
                for key in (
                    "truth",
                    "value",
                    "u",
                    "u_edge",
                    "u_reg",
                    "u_system",
                    "dpi",
                    "skew",
                    "quality",
                    "sharpen",
                    "wobble",
                ):
                    row[key] = float(row[key]) if row.get(key) else None
                rows.append(row)
    return rows


def line(name: str, rows: list[Row]) -> None:
    measured = [r for r in rows if r["value"] is not None]
    if not measured:
        print(f"{name:<34} {0:>5} of {len(rows):<5} measured")
        return
    error = np.array([r["value"] - r["truth"] for r in measured])
    z = np.abs(error) / np.array([r["u"] for r in measured])
    magnitude = np.abs(error)
    print(
        f"{name:<34} {len(measured):>5} of {len(rows):<5} bias {error.mean():+.3f} |e| med {np.median(magnitude):.3f} "
        f"p95 {np.quantile(magnitude, 0.95):.3f} max {magnitude.max():.3f}  >0.25: {(magnitude > 0.25).sum():<3} "
        f"2u {100 * (z < 2).mean():5.1f} %  3u {100 * (z < 3).mean():5.1f} %  u {np.median([r['u'] for r in measured]):.3f}"
    )


def strata(rows: list[Row], name: str, key: Callable[[Row], Any]) -> None:
    for value in sorted({key(r) for r in rows}, key=str):
        line(f"  {name} {value}", [r for r in rows if key(r) == value])


def main() -> None:
    rows = load(sys.argv[1:])
    pages = [r for r in rows if r["level"] == "page"]
    copies = {r["copy"] for r in rows}
    print(f"{len(copies)} copies, {len({(r['copy'], r['page']) for r in pages})} pages")
    line("page edges", pages)
    strata(pages, "backing", lambda r: r["backing"])
    strata(pages, "shadow", lambda r: f"{r['backing']} {r.get('shadow') or 'plain'}")
    strata(pages, "edge", lambda r: r["edge"])
    strata(pages, "dpi", lambda r: r["dpi"])
    strata(pages, "format", lambda r: r["format"])
    strata(pages, "kind", lambda r: r["kind"])
    strata(pages, "|skew|", lambda r: min(int(abs(r["skew"])), 3))
    strata(pages, "quality /10", lambda r: int(r["quality"] // 10))
    strata(pages, "sharpened", lambda r: r["sharpen"] > 0)
    strata(pages, "wobble > 0.15 px", lambda r: r["wobble"] > 0.15)
    strata(pages, "tone", lambda r: r["tone"])
    easy = [r for r in pages if r["kind"] in EASY and r["visible"] != "False"]
    share = 100 * np.mean([r["value"] is not None for r in easy])
    print(f"measured of visible edges on pages with three lines or more: {share:.1f} %")
    blocks = [r for r in rows if r["level"] == "block"]
    line("block edges", blocks)
    strata(blocks, "backing", lambda r: r["backing"])
    strata(blocks, "edge", lambda r: r["edge"])
    print("why not measured:")
    missing = [r for r in pages if r["value"] is None]
    for flag in sorted({r["flags"] for r in missing}):
        kinds = [r["kind"] for r in missing if r["flags"] == flag]
        print(f"  {flag:<24} {len(kinds):>5}  " + ", ".join(f"{k} {kinds.count(k)}" for k in sorted(set(kinds))))
    judged = [r for r in blocks if r["edge"] != "spine" and r["value"] is not None]
    for name, keep in (
        ("|cut| <= 2.8 called outside", lambda r: abs(r["truth"]) <= 2.8 and r["outcome"] == "outside"),
        ("|cut| >= 3.5 not called outside", lambda r: abs(r["truth"]) >= 3.5 and r["outcome"] != "outside"),
        (
            "wrong side between",
            lambda r: (
                (r["outcome"] == "outside" and abs(r["truth"]) < 3.175)
                or (r["outcome"] == "within" and abs(r["truth"]) > 3.2)
            ),
        ),
    ):
        print(f"{name}: {sum(map(keep, judged))} of {len(judged)}")
    worst = sorted((r for r in pages if r["value"] is not None), key=lambda r: -abs(r["value"] - r["truth"]))[:12]
    for r in worst:
        print(
            f"  copy {r['copy']} p. {r['page']} {r['kind']} {r['edge']} {r['backing']}: {r['value']:+.3f} truth {r['truth']:+.3f} "
            f"u {r['u']:.3f} (edge {r['u_edge']}, registration {r['u_reg']})"
        )


if __name__ == "__main__":
    main()
