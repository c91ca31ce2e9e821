"""A store to try a study on: copies with known cuts, the errors of a real night, and two persons who label them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from qc import __version__
from qc.batch.store import Store
from qc.geometry import Edge, side_of
from qc.judge.policy import Policy
from qc.judge.rejudge import judged_again
from qc.measure import MEASURES
from qc.measure.trim_offset_block import trim_offset_block
from qc.model import (
    BookCopy,
    Claim,
    Evidence,
    Inspection,
    Observation,
    PageKind,
    PageRecord,
    Provenance,
    ReferenceId,
    Refund,
    Role,
    ScanFile,
    Verdict,
    VerdictOutcome,
    Where,
)

EDGES = (Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE)
PAGES = 8
U_PAGE_MM, U_SYSTEM_MM = (0.03, 0.08), (0.018, 0.09)
"""Ranges of u of a page and of what all pages of a copy share: dark and white backings."""
CALLED_DEFECT_MM, SOFT_MM = 2.9, 0.08
"""Where half of the looks of a person end in defect, and how soft that is (scale of a logistic curve)."""
LOOSE_SHARE, LOOSE_MM, SOUND_MM = 0.45, (2.8, 0.6), 1.0
"""Share of copies from a badly set knife, mean and spread of the farthest edge there, and the spread of sound cuts."""


@dataclass(frozen=True)
class Example:
    """Copies and what is known of them; `true_mm` is the magnitude of the cut farthest off, by copy."""

    inspections: tuple[Inspection, ...]
    true_mm: dict[str, float]
    labels: tuple[tuple[str, str, VerdictOutcome], ...]
    """Copy, person, decision."""


def example(policy: Policy, titles: int = 30, copies: int = 240, seed: int = 1) -> Example:
    """Returned copies whose cuts are known to the last digit.

    Parameters
    ----------
    policy : Policy
        That they are judged by.
    titles, copies : int
        Copies of one title share a part of how they were cut.
    seed : int

    Notes
    -----
    No page is drawn. Offsets of pages are the true cut, a placement jitter and a measuring error of the u that is
    stated; `trim-offset-block` is measured on those and judged as ever. Two persons look: one at all copies, one at a
    third of them; each calls a cut of 2.9 mm a defect half of the time, and one of 3.2 mm nearly always.
    """
    rng = np.random.default_rng(seed)
    shift = rng.normal(0, 0.2, titles)
    inspections, true_mm, labels = [], {}, []
    for number in range(copies):
        title = number % titles
        cuts = dict(zip(EDGES, rng.normal(0, SOUND_MM / 2, len(EDGES)), strict=True))
        if rng.uniform() < LOOSE_SHARE:
            size = abs(rng.normal(LOOSE_MM[0] + shift[title], LOOSE_MM[1]))
            cuts[EDGES[rng.integers(len(EDGES))]] = float(size * rng.choice((-1, 1)))
        copy = f"RMA-{20000 + number}"
        inspections.append(_inspection(copy, title, number, cuts, policy, rng))
        true_mm[copy] = max(abs(v) for v in cuts.values())
        for person, share in (("A. Mueller", 1.0), ("B. Okafor", 0.35)):
            if rng.uniform() < share:
                labels.append((copy, person, _look(true_mm[copy], rng)))
    return Example(tuple(inspections), true_mm, tuple(labels))


def write_example(path: Path, policy: Policy, titles: int = 30, copies: int = 240, seed: int = 1) -> Example:
    """The same in a store at `path`, with the persons' decisions."""
    drawn = example(policy, titles, copies, seed)
    with Store(path, create=True) as store:
        run = store.begin_run("example", [f"seed={seed}"])
        numbers = {i.copy.id: store.add(i, policy, run) for i in drawn.inspections}
        for copy, person, decision in drawn.labels:
            store.add_decision(numbers[copy], decision, None, person, "Measured with a steel rule.")
    return drawn


def _look(true_mm: float, rng: np.random.Generator) -> VerdictOutcome:
    chance = 1 / (1 + np.exp(-(true_mm - CALLED_DEFECT_MM) / SOFT_MM))
    return VerdictOutcome.DEFECT if rng.uniform() < chance else VerdictOutcome.NO_DEFECT


def _inspection(
    copy: str, title: int, number: int, cuts: dict[Edge, float], policy: Policy, rng: np.random.Generator
) -> Inspection:
    scans = tuple(ScanFile(Path(f"/inbox/{copy}/p-{n:04}.jpg"), f"p-{n:04}.jpg") for n in range(1, PAGES + 1))
    pages = tuple(
        PageRecord(s.name, 0, Role.PAGE, n, side_of(n), PageKind.CONTENT, "example", (300.0, 300.0), 0.0, False)
        for n, s in enumerate(scans, 1)
    )
    observations = _offsets(cuts, scans, rng)
    observations += trim_offset_block(observations)
    day = date(2026, 1, 1) + timedelta(days=number)
    bare = Inspection(
        copy=BookCopy(
            id=copy,
            path=Path(f"/inbox/{copy}"),
            scans=scans,
            isbn=f"97800000{title:05}",
            title=f"Title {title + 1}",
            pages_expected=PAGES,
            claim=Claim(reason="defective", received_on=day, claimed_on=day),
        ),
        reference=ReferenceId("pdf", f"97800000{title:05}", "0" * 64),
        policy=policy.identity,
        verdict=Verdict(VerdictOutcome.NO_DEFECT, ""),
        refund=Refund("review", "review", ()),
        findings=(),
        observations=(),
        pages=pages,
        provenance=Provenance(__version__, {}, {"profile": None}, {}, day.isoformat()),
    )
    judged = judged_again(bare, observations, bare.reference, policy)
    return replace(judged, policy=policy.identity)


def _offsets(cuts: dict[Edge, float], scans: tuple[ScanFile, ...], rng: np.random.Generator) -> list[Observation]:
    """`trim-offset` of every page and judged edge; the error that all pages share is drawn once for each edge."""
    measure = MEASURES["trim-offset"]
    u_page, u_system = (float(np.exp(rng.uniform(*np.log(r)))) for r in (U_PAGE_MM, U_SYSTEM_MM))
    observations = []
    for edge, cut in cuts.items():
        shared = rng.normal(0, u_system)
        jitter = rng.normal(0, 0.12, PAGES)
        values = cut + shared + jitter - jitter.mean() + rng.normal(0, u_page, PAGES)
        for page, (scan, value) in enumerate(zip(scans, values, strict=True), 1):
            evidence = (Evidence(scan.name, 0),)
            detail = {"u_system": round(u_system, 4)}
            u = float(np.hypot(u_page, u_system))
            observations.append(measure.observe(float(value), u, Where(page=page, edge=edge), (), detail, evidence))
    return observations
