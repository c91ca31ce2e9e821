"""Copies put together from the page errors of a study: false defects on sound ones, missed ones on those cut wrong.

    python benchmarks/resample_copies.py study.csv [more.csv ...]

Each edge takes its pages from one drawn copy of the study, so that what is systematic in a scanner stays together, and
is moved to a new cut; the block is then measured as ever. Limits as in the kdp policy: within < 3.175 mm,
outside > 3.2 mm, U = 2 u.
"""

from __future__ import annotations

import sys
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from report_study import load

from qc.geometry import Edge
from qc.measure import MEASURES
from qc.measure.trim_offset_block import trim_offset_block
from qc.model import Where

PAGES = 24
EDGES = (Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE)


def block(pages: NDArray[np.float64], truth: float, edge: Edge, rng: np.random.Generator) -> tuple[float, float]:
    """Value and u of a block cut `truth` mm off, from rows of (error, u, u_system), with placement jitter of 0.1 mm."""
    jitter = rng.normal(0, 0.1, len(pages))
    measure = MEASURES["trim-offset"]
    offsets = [
        measure.observe(truth + error + moved, u, Where(page=k, edge=edge), detail={"u_system": system})
        for k, ((error, u, system), moved) in enumerate(zip(pages, jitter - jitter.mean(), strict=True), 1)
    ]
    seen = next(o for o in trim_offset_block(offsets) if o.where.edge is edge)
    assert seen.value is not None and seen.u is not None
    return seen.value, seen.u


def main() -> None:
    pool = defaultdict(list)
    for row in load(sys.argv[1:]):
        if row["level"] == "page" and row["value"] is not None and row["u_system"] is not None:
            pool[(row["copy"], row["edge"])].append((row["value"] - row["truth"], row["u"], row["u_system"]))
    groups = {e: [np.array(v) for (_, edge), v in pool.items() if edge == e and len(v) >= 8] for e in EDGES}
    rng = np.random.default_rng(1)
    for name, low, high in (("sound", 0.0, 2.8), ("cut 3.5 mm and more", 3.5, 5.0), ("between", 2.8, 3.5)):
        copies = 1000
        false_out = wrong_in = undecided = 0
        for _ in range(copies):
            outcomes = []
            for edge in EDGES:
                pages = groups[edge][rng.integers(len(groups[edge]))]
                truth = rng.uniform(low, high) * rng.choice((-1, 1))
                value, u = block(pages[rng.integers(len(pages), size=PAGES)], truth, edge, rng)
                outside, within = abs(value) - 2 * u > 3.2, abs(value) + 2 * u < 3.175
                outcomes.append(
                    (outside and abs(truth) < 3.175, within and abs(truth) > 3.2, not outside and not within)
                )
            false_out += any(o[0] for o in outcomes)
            wrong_in += any(o[1] for o in outcomes)
            undecided += any(o[2] for o in outcomes)
        print(
            f"{name:<20} {copies} copies: false outside {false_out}, wrongly within {wrong_in}, undecided {undecided}"
        )


if __name__ == "__main__":
    main()
