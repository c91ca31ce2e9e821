"""Damage of the paper that its outline shows: corners missing or folded over, notches, tears from an edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qc.geometry import Affine, Edge
from qc.measure.details import DamageDetail
from qc.measure.registry import measure
from qc.measure.words import Said, capital
from qc.model import Observation, Where, evidence_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qc.edges.outline import Outline
    from qc.flags import Flag
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
    1,
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
    outline: Outline,
    names: tuple[Edge, Edge, Edge, Edge],
    where: Where,
    scan: tuple[str, int],
    page_to_scan: Affine,
    why: Flag,
) -> Iterator[Observation]:
    """Largest extent of damage of each kind, in mm.

    Parameters
    ----------
    outline : Outline
        Of a registered page, or of one side of a closed cover.
    names : tuple of Edge
        What left, top, right and bottom are.
    where : Where
        The page, or the side of the cover.
    scan : tuple of (str, int)
        File name and frame.
    page_to_scan : Affine
        Page-frame mm -> scan pixels.
    why : Flag
        Why no outline was seen, where none was.

    Yields
    ------
    Observation
        One of each kind that was found, with its area in the detail; 0 with the code "missing-corner" where nothing was found
        along the edges that were seen, None where none was.

    Notes
    -----
    A scan shows neither when nor by whom a page was damaged: a person looks, whatever the size.
    """
    edges = [str(names[side]) for side in outline.sides]
    if not outline.damage:
        value, flags = (0.0, ()) if edges else (None, (why,))
        yield page_damage.observe(
            value, None, where, flags, DamageDetail(code="missing-corner", seen=edges if edges else None)
        )
    for code in _SAID:
        found = sorted((d for d in outline.damage if d.code == code), key=lambda d: -d.extent_mm)
        if not found:
            continue
        largest = found[0]
        detail = DamageDetail(
            code=code,
            area_mm2=round(largest.area_mm2, 1),
            u_area_mm2=round(largest.u_area_mm2, 2),
            extents_mm=[round(d.extent_mm, 2) for d in found],
            boxes_mm=[[round(v, 2) for v in d.box_mm] for d in found],
            at=[" ".join(str(names[side]) for side in d.sides) for d in found],
            seen=edges,
        )
        evidence = tuple(evidence_at(scan, d.box_mm, page_to_scan) for d in found)
        yield page_damage.observe(largest.extent_mm, largest.u_mm, where, (), detail, evidence)


@page_damage.on_page
def _of_page(page: PageContext) -> Iterator[Observation]:
    return iter(())


@page_damage.full_sentence
def _said(observation: Observation, said: Said) -> str:
    found, none = _SAID.get(DamageDetail.of(observation).code or "", ("shows damage of {}", "shows no damage"))
    subject = f"The {observation.where.side} cover" if observation.where.side else capital(said.page)
    return f"{subject} {found.format(said.size) if observation.value else none}"
