"""Copies judged from their own pages: error of the shift of versos against rectos, its u, and false defects.

    python benchmarks/own_pages_study.py drawn --seeds 5000 5020 --out own.csv
    python benchmarks/own_pages_study.py numbers --seeds 5000 5200

`drawn` draws whole copies (a few seconds a page) and examines them as `qc inspect` does without a reference; `numbers`
draws the marks of the pages directly, thousands of pages a second. Seeds below 5000 were used to choose constants.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from qc.features.own_page import observe_alone
from qc.features.text_placement import OwnPage, Placement, placement
from qc.geometry import Edge, Size, side_of
from qc.judge.judge import judge
from qc.judge.policy import load_policy
from qc.measure.print_position_recto_verso import own_jitter, own_size, print_position_recto_verso
from qc.model import BookCopy, Observation, Outcome, ReferenceId, ScanFile, ScanSettings
from qc.page import inspect_page
from qc.register.page_result import PageJob
from qc.synthetic import Block, Kind, draw_copy, sample_conditions, write_title

KINDS = (Kind.TEXT, Kind.CHAPTER, Kind.PICTURE, Kind.TABLE, Kind.THREE_LINES, Kind.BLANK, Kind.LINE_ART)
SHARES = (0.76, 0.07, 0.06, 0.03, 0.03, 0.03, 0.02)
POLICY = load_policy()
TRIMS = ((127.0, 203.2), (152.4, 228.6), (139.7, 215.9))


Made = tuple[list[Observation], dict[str, float], dict[str, float], dict[str, float]]
"""Observations; true shift of the press, shift as printed on the pages that were measured, true jitter, by axis."""


def drawn(seed: int, folder: Path) -> Made:
    """One drawn sound copy."""
    rng = np.random.default_rng(seed)
    trim = TRIMS[int(rng.integers(len(TRIMS)))]
    kinds = [KINDS[i] for i in rng.choice(len(KINDS), size=int(rng.integers(18, 25)), p=SHARES)]
    title = write_title(folder / "t.pdf", kinds, trim_mm=trim, seed=seed)
    printed, cut, scanner = sample_conditions(rng, ("black", "gray")[seed % 2], reach_mm=1.5)
    printed = replace(printed, dx_mm=float(rng.normal(0, 0.4)))
    sd = rng.uniform(0.05, 0.35, 2)
    block = Block(cut, float(sd[0]), float(sd[1]), duplex_mm=(float(rng.normal(0, 0.5)), float(rng.normal(0, 0.5))))
    truth = draw_copy(folder / "scans", title, block=block, printed=printed, scanner=scanner, seed=seed)
    scans = tuple(ScanFile(p.file, p.file.name) for p in truth.pages)
    copy = BookCopy(f"drawn-{seed}", folder, scans, scan=ScanSettings())
    results = [inspect_page(PageJob(i, s, copy.scan), None) for i, s in enumerate(copy.pages, 1)]
    shift = {"x": block.duplex_mm[0] + 2 * printed.dx_mm, "y": block.duplex_mm[1]}
    own = [r.own for r in results if r.own]
    offsets = {i: p.truth.offsets_mm for i, p in enumerate(truth.pages, 1)}
    printed_shift = {
        axis: _of_pages(own, axis, {i: o[edge] for i, o in offsets.items()})
        for axis, edge in (("x", "fore-edge"), ("y", "head"))
    }
    return observe_alone(copy, own), shift, printed_shift, {"x": block.x_sd_mm, "y": block.y_sd_mm}


def _of_pages(pages: list[OwnPage], axis: str, true: dict[int, float]) -> float:
    """Mean of versos less mean of rectos over the pages that were measured."""
    found = placement(pages, axis)
    if not isinstance(found, Placement):
        return float("nan")
    sides = [[true[i] for i in found.pages if i % 2 == odd] for odd in (0, 1)]
    return float(np.mean(sides[0]) - np.mean(sides[1]))


def numbers(rng: np.random.Generator) -> Made:
    """The same of a copy whose marks are drawn directly: layout, jitter (also heavy-tailed), odd pages."""
    trim = Size(*TRIMS[int(rng.integers(len(TRIMS)))])
    outer, spine = rng.uniform(9, 16), rng.uniform(12, 24)
    heads, folio = rng.random() < 0.8, rng.random() < 0.9
    top, leading, lines = rng.uniform(14, 25), rng.uniform(3.8, 6), int(rng.integers(24, 36))
    alike = rng.random() < 0.15
    jitter, dof = rng.uniform(0.05, 0.4, 2), (3, 30)[int(rng.integers(2))]
    off = np.clip(rng.normal(0, 1.0, (2, 2)), -2.8, 2.8)
    bench, block = rng.uniform(0, 5), rng.normal(0, 1.0, 2)
    pages, places = [], {}
    for position in range(1, int(rng.choice([12, 16, 24, 48, 120])) + 1):
        side = side_of(position)
        verso = position % 2 == 0
        place = off[int(verso)] + jitter * rng.standard_t(dof, 2)
        places[position] = place
        here = outer if not (alike and verso) else spine
        width = trim.width_mm - outer - spine
        x = {"outer": here, "inner": here + width, "folio": here + width / 2}
        y = {"line -1": top + leading * lines + 11, "line -2": top + leading * (lines - 1)}
        if heads:
            y |= {"line 1": top - 8, "line 2": top}
            x["head"] = here
        else:
            y |= {"line 1": top, "line 2": top + leading}
        if not folio:
            y["line -1"], y["line -2"] = y["line -2"], y["line -2"] - leading
        if rng.random() < 0.15:
            y["line 1"] += 40 + 3 * rng.random()
            y["line 2"] += 60
            x.pop("head", None)
        if rng.random() < 0.1:
            y["line -2"] -= leading * int(rng.integers(1, 20)) + rng.normal(0, 0.5)
        x = {k: v + block[0] + place[0] + rng.normal(0, 0.03) for k, v in x.items()}
        y = {k: v + block[1] + place[1] + rng.normal(0, 0.03) for k, v in y.items()}
        size = Size(trim.width_mm - bench + rng.normal(0, 0.3), trim.height_mm * (1 + rng.normal(0, 1e-4)))
        left = size.width_mm - x["inner"] if not verso else x["outer"]
        pages.append(OwnPage(position, side, size, dict.fromkeys(Edge, 0.01), x, y, 2 * left + width - size.width_mm))
    shown = [*print_position_recto_verso(pages, trim), *own_jitter(pages), *own_size(pages, trim, True, True)]
    shift = off[1] - off[0] + (spine - outer if alike else 0.0) * np.array([1, 0])
    printed = {
        a: _of_pages(pages, a, {i: float(p[n]) for i, p in places.items()}) + (spine - outer) * (alike and a == "x")
        for n, a in enumerate("xy")
    }
    return shown, {"x": float(shift[0]), "y": float(shift[1])}, printed, {"x": float(jitter[0]), "y": float(jitter[1])}


def rows(seed: int, made: Made) -> Iterator[dict[str, object]]:
    observations, shift, printed, jitter = made
    findings, verdict = judge(observations, POLICY, BookCopy(f"c{seed}", Path(), ()), (), ReferenceId("none"))
    outside = sum(f.outcome is Outcome.OUTSIDE for f in findings)
    for o in observations:
        truth = {"print-position-recto-verso": shift, "print-position-jitter": jitter}.get(o.measure, {})
        yield {
            "seed": seed,
            "measure": o.measure,
            "axis": o.where.axis,
            "value": o.value,
            "u": o.u,
            "truth": truth.get(str(o.where.axis)),
            "printed": printed.get(str(o.where.axis)) if truth is shift else None,
            "flags": " ".join(o.flags),
            "pages": o.detail.get("rectos", 0) + o.detail.get("versos", 0) if "rectos" in o.detail else "",
            "outside": outside,
            "verdict": str(verdict.outcome),
        }


def report(table: list[dict[str, object]]) -> None:
    for measure in ("print-position-recto-verso", "print-position-jitter"):
        for axis in ("x", "y"):
            mine = [r for r in table if r["measure"] == measure and r["axis"] == axis]
            known = [r for r in mine if r["value"] is not None]
            flags = sorted({str(r["flags"]) for r in mine if r["value"] is None})
            print(f"{measure} {axis}: measured {len(known)} of {len(mine)}; else {flags}")
            if not known:
                continue
            u = np.array([float(r["u"]) for r in known])  # type: ignore[arg-type]
            for against in ("printed", "truth"):
                if known[0][against] is None:
                    continue
                error = np.array([float(r["value"]) - float(r[against]) for r in known])  # type: ignore[arg-type]
                print(
                    f"  {against}: |error| median {np.median(abs(error)):.3f} p95 {np.quantile(abs(error), 0.95):.3f} "
                    f"max {abs(error).max():.3f} mean {error.mean():+.3f}; within 2u {(abs(error) <= 2 * u).mean():.1%}; "
                    f"median u {np.median(u):.3f}"
                )
    copies = {r["seed"]: r for r in table}
    print(f"copies {len(copies)}: with a finding outside {sum(bool(r['outside']) for r in copies.values())}")
    verdicts = [str(r["verdict"]) for r in copies.values()]
    print({v: verdicts.count(v) for v in sorted(set(verdicts))})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("kind", choices=("drawn", "numbers"))
    parser.add_argument("--seeds", nargs=2, type=int, default=(0, 10))
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    table: list[dict[str, object]] = []
    for seed in range(*asked.seeds):
        if asked.kind == "numbers":
            table += rows(seed, numbers(np.random.default_rng(seed)))
            continue
        with tempfile.TemporaryDirectory() as folder:
            mine = list(rows(seed, drawn(seed, Path(folder))))
        table += mine
        for r in mine:
            print({k: round(v, 3) if isinstance(v, float) else v for k, v in r.items()}, file=sys.stderr, flush=True)
    if asked.out:
        with asked.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(table)
    report(table)


if __name__ == "__main__":
    main()
