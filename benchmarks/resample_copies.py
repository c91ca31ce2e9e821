"""Copies put together from the page errors of a study: false defects on sound ones, missed ones on those cut wrong.

    python benchmarks/resample_copies.py study.csv [more.csv ...]

Each edge takes its pages from one drawn copy of the study (what is systematic in a scanner stays together) and is moved
to a new cut; what all its pages share (`u_system`) enters undiminished, as in the measure. Limits as in the kdp policy: within < 3.175 mm, outside > 3.2 mm, U = 2 u.
"""

from __future__ import annotations

import sys
from collections import defaultdict

import numpy as np
from report_study import load

from qc.measure.trim_offset_block import U_COMMON_MM
from qc.robust import mean_over_pages


def main() -> None:
    pool = defaultdict(list)
    for row in load(sys.argv[1:]):
        if row["level"] == "page" and row["value"] is not None and row["edge"] != "spine":
            system = U_COMMON_MM if row["u_system"] is None else row["u_system"]
            pool[(row["copy"], row["edge"])].append((row["value"] - row["truth"], row["u"], system))
    groups = [np.array(v) for v in pool.values() if len(v) >= 8]
    rng = np.random.default_rng(1)
    for name, low, high in (("sound", 0.0, 2.8), ("cut 3.5 mm and more", 3.5, 5.0), ("between", 2.8, 3.5)):
        copies = 1000
        false_out = wrong_in = undecided = 0
        for _ in range(copies):
            outcomes = []
            for _ in range(3):
                pages = groups[rng.integers(len(groups))]
                pages = pages[rng.integers(len(pages), size=24)]
                truth = rng.uniform(low, high) * rng.choice((-1, 1))
                jitter = rng.normal(0, 0.1, 24)
                values = truth + pages[:, 0] + jitter - jitter.mean()
                value, u, _ = mean_over_pages(values, float(np.median(pages[:, 1])), float(pages[:, 2].max()))
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
