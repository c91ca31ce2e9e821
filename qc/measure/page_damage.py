"""Damage of the paper that its outline shows: corners missing or folded over, notches, tears from an edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qc.flags import Flag, most_common
from qc.geometry import Affine, Edge
from qc.measure.details import DamageDetail
from qc.measure.registry import measure
from qc.measure.words import Said, capital
from qc.model import Evidence, Observation, Where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qc.edges.outline import Damage, Outline
    from qc.measure.context.copy_context import PageContext

_SAID = {
    "missing-corner": ("lacks a corner of {}", "lacks no corner"),
    "notch": ("has a notch of {}", "has no notch"),
    "tear": ("is torn by {}", "is not torn"),
    "dog-ear": ("has a dog-ear of {}", "has no dog-ear"),
    "crease": ("has a crease of {}", "has no crease"),
    "water": ("has a water stain of {}", "has no water stain"),
    "hole": ("has a hole of {}", "has no hole"),
}


@measure(
    "page-damage",
    "mm",
    "page",
    2,
    name="damage of the paper",
    codes={
        "missing-corner": "missing corner",
        "notch": "notch in an edge",
        "tear": "tear from an edge",
        "dog-ear": "dog-ear",
        "crease": "crease",
        "water": "water stain",
        "hole": "hole in the paper",
    },
    signed=False,
)
def page_damage(
    outline: Outline | None,
    names: tuple[Edge, Edge, Edge, Edge],
    where: Where,
    scan: tuple[str, int],
    to_scan: Affine | None,
    unseen: str | None,
    *,
    registered: bool = True,
    bench_cut: bool = False,
) -> Iterator[Observation]:
    """Largest extent of damage of each kind along the rim of a page, in mm.

    Parameters
    ----------
    outline : Outline or None
        Of the paper; None where it was not looked at.
    names : tuple of Edge
        What left, top, right and bottom are.
    where : Where
        The page.
    scan : tuple of (str, int)
        File name and frame.
    to_scan : Affine or None
        Working pixels -> pixels of the scan.
    unseen : str or None
        Why the outline was not seen, or not along all edges.
    registered : bool
        Places in page-frame mm are those of the ordered page.
    bench_cut : bool
        The spine edge was cut by the bench, whose knife is none of the parcel's.

    Yields
    ------
    Observation
        One of each kind that was found, with its area in the detail. Where nothing was found along the edges that were seen, 0
        with the code "missing-corner"; a flag says why an edge was not. None where fewer than three edges were seen, or the
        backing is no darker than paper.

    Notes
    -----
    A corner counts from 30 mm2 on, a notch from 2 mm deep, a tear from 3.5 mm: books of 1509 to 1827 lack up to 22.5 mm2 and
    1.7 mm. Corners that all lack as much were designed round. What lies in a dark picture at the cut is not told from it, and a
    leaf below hides what is missing above it. A scan shows neither when nor by whom a page was damaged: a person looks, whatever
    the size. The extent holds the error of the scan's resolution, up to 1 % without a scanner profile, and u does not.
    """
    flags = (unseen,) if unseen else ()
    edges = [str(names[side]) for side in outline.sides] if outline is not None else []
    if outline is None or not edges or to_scan is None:
        detail = DamageDetail(code="missing-corner")
        yield page_damage.observe(None, None, where, flags or (Flag.EDGE_NOT_FOUND,), detail)
        return
    of_bench = names.index(Edge.SPINE) if bench_cut else None
    damage = sorted((d for d in outline.damage if d.sides != (of_bench,)), key=lambda d: -d.extent_mm)
    if not damage:
        yield page_damage.observe(0.0, None, where, flags, DamageDetail(code="missing-corner", seen=edges))
    for code in dict.fromkeys(d.code for d in damage):
        found = [d for d in damage if d.code == code]
        detail = DamageDetail(
            code=code,
            area_mm2=round(found[0].area_mm2, 1),
            u_area_mm2=round(found[0].u_area_mm2, 2),
            extents_mm=[round(d.extent_mm, 2) for d in found],
            boxes_mm=[[round(v, 2) for v in d.box_mm] for d in found],
            at=[" ".join(str(names[side]) for side in d.sides) for d in found],
            seen=edges,
        )
        evidence = tuple(_evidence(d, scan, to_scan, registered) for d in found)
        yield page_damage.observe(found[0].extent_mm, found[0].u_mm, where, flags, detail, evidence)


@page_damage.on_page
def _of_page(page: PageContext) -> Iterator[Observation]:
    seen, bench_cut = page.page, page.copy.bench_cut
    unseen = most_common([line.flag for line in seen.lines if line.ends is None and line.flag])
    if seen.error or (seen.outline is None and page.not_measured):
        unseen = Flag.UNREADABLE if seen.error else page.not_measured
    elif seen.outline is None and page.copy.copy.scan.bound:
        unseen = Flag.BOUND
    elif seen.outline is None and not unseen:
        unseen = Flag.BITONAL
    return page_damage(
        seen.outline,
        page.edges,
        Where(page=page.position),
        page.scan,
        seen.to_scan,
        unseen,
        registered=page.to_scan is not None,
        bench_cut=bench_cut,
    )


def _evidence(damage: Damage, scan: tuple[str, int], to_scan: Affine, registered: bool) -> Evidence:
    x0, y0, x1, y1 = damage.box_px
    corners = to_scan([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    box = (float(left), float(top), float(right), float(bottom))
    return Evidence(*scan, box, damage.box_mm if registered else None)


@page_damage.full_sentence
def _said(observation: Observation, said: Said) -> str:
    found, none = _SAID.get(DamageDetail.of(observation).code or "", ("shows damage of {}", "shows no damage"))
    subject = f"The {observation.where.side} cover" if observation.where.side else capital(said.page)
    return f"{subject} {found.format(said.size) if observation.value else none}"
