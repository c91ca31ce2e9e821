"""How often a sound book seems to hold a misprinted page, and how often a misprinted page is found. Numbers only.

    python benchmarks/misprint_rates.py                  # half a minute

Pages are placed with normal or heavy-tailed jitter (Student's t of 5 degrees, scaled to the same sd) and measured with u
of 0.02 to 0.05 mm; then `trim_offset_page` and the rule of the kdp policy judge them. Jitter so large and heavy-tailed that
a page does lie beyond the tolerance counts as an alarm, too: by itself it does not make a misprinted sheet.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from qc.geometry import Edge
from qc.judge.policy import load_policy
from qc.measure import MEASURES
from qc.measure.trim_offset_page import LEAST_MM, trim_offset_page
from qc.model import FindingOutcome, Observation, Where

PAGES = (12, 24, 48, 100, 300)
U_SYSTEM_MM = 0.018
NEAR_MM = 0.2
"""A book with no page within this of a limit cannot reach it, and is not put to the measure."""
POLICY = load_policy("kdp")
RULE = POLICY.rule("trim-offset-page")


def placed(rng: np.random.Generator, tail: str, sd: float, books: int, pages: int) -> NDArray[np.float64]:
    """Placement of the print in mm; shape (books, pages, 2)."""
    shape = (books, pages, 2)
    return rng.normal(0, sd, shape) if tail == "normal" else sd * rng.standard_t(5, shape) / np.sqrt(5 / 3)


def measured(rng: np.random.Generator, book: NDArray[np.float64]) -> list[Observation]:
    """`trim-offset` of a book cut to size; `book` holds the placement of its pages, shape (pages, 2)."""
    u = float(rng.uniform(0.02, 0.05))
    u_edge, u_register = 0.4 * u, 0.6 * u
    seen = book + rng.normal(0, u_register, book.shape)
    detail = {"u_system": U_SYSTEM_MM, "u_registration": u_register, "correlation": 0.98, "repeats": False}
    result = []
    for axis, edges in enumerate(((Edge.SPINE, Edge.FORE_EDGE), (Edge.HEAD, Edge.TAIL))):
        for edge, sign in zip(edges, (1, -1), strict=True):
            values = sign * seen[:, axis] + rng.normal(0, u_edge, len(book))
            whole = float(np.sqrt(u_edge**2 + u_register**2 + U_SYSTEM_MM**2))
            result += [
                MEASURES["trim-offset"].observe(float(v), whole, Where(page=page, edge=edge), detail=detail)
                for page, v in enumerate(values, 1)
            ]
    return result


def outcome(observation: Observation) -> FindingOutcome:
    doubts = tuple(f for f in observation.flags if f in RULE.doubt)
    return RULE.outcome(observation.value, observation.u, POLICY.k, doubts=doubts)


def judged(
    rng: np.random.Generator, books: NDArray[np.float64], least_mm: float, bench_cut: bool
) -> Iterator[tuple[list[Observation], list[FindingOutcome]]]:
    """Observations and outcomes of each book that has a page at least so far out."""
    for book in books[np.abs(books).max(axis=(1, 2)) > least_mm - NEAR_MM]:
        found = trim_offset_page(measured(rng, book), bench_cut)
        yield found, [outcome(o) for o in found]


def false_alarms(rng: np.random.Generator, tail: str, sd: float, pages: int, books: int, bench_cut: bool) -> str:
    """Per 1,000 sound books: a page that leaves its block, a rule undecided, a rule outside."""
    few = books // 20
    gone = doubts = outside = 0
    for found, outcomes in judged(rng, placed(rng, tail, sd, few, pages), LEAST_MM, bench_cut):
        gone += any(o.detail["left_block"] for o in found)
        doubts += FindingOutcome.UNDECIDED in outcomes
    beyond = 0
    for start in range(0, books, few):
        sound = placed(rng, tail, sd, min(few, books - start), pages)
        beyond += int((np.abs(sound).max(axis=(1, 2)) > RULE.within.value).sum())
        outside += sum(FindingOutcome.OUTSIDE in outcomes for _, outcomes in judged(rng, sound, 3.1, bench_cut))
    rates = 1000 * gone / few, 1000 * doubts / few, 1000 * beyond / books, 1000 * outside / books
    return " ".join(f"{rate:9.2f}" for rate in rates)


def found_share(rng: np.random.Generator, tail: str, sd: float, pages: int, misprint_mm: float) -> str:
    """Percent of books with one page printed so far off along y: told as off its block, judged undecided, outside."""
    books = placed(rng, tail, sd, 40, pages)
    books[:, 3, 1] += misprint_mm * rng.choice((-1, 1), len(books))
    told = undecided = outside = 0
    for book in books:
        found = trim_offset_page(measured(rng, book), False)
        mine = [o for o in found if o.where.page == 4 and o.detail["left_block"]]
        outcomes = [outcome(o) for o in mine]
        told += bool(mine)
        undecided += FindingOutcome.UNDECIDED in outcomes
        outside += FindingOutcome.OUTSIDE in outcomes
    return " ".join(f"{100 * count / len(books):4.0f}" for count in (told, undecided, outside))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--books", type=int, default=10_000, help="sound books of each kind")
    parser.add_argument("--seed", type=int, default=5000)
    parser.add_argument("--bench-cut", action="store_true", help="along x by the fore-edge alone")
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    print(f"{given.books} sound books a row; per 1,000 of them, and percent of 40 books with one misprinted page:")
    print("found / undecided / outside, at 2.0 and at 3.6 mm")
    print("jitter  sd mm pages left block undecided truly off  outside | 2.0 mm          3.6 mm")
    for tail in ("normal", "t5"):
        for sd in (0.12, 0.3):
            for pages in PAGES:
                alarms = false_alarms(rng, tail, sd, pages, given.books, given.bench_cut)
                shares = [found_share(rng, tail, sd, pages, mm) for mm in (2.0, 3.6)]
                print(f"{tail:<7} {sd:5.2f} {pages:5d}  {alarms} | {'  '.join(shares)}", flush=True)


if __name__ == "__main__":
    main()
