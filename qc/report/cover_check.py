"""A check of a cover as text and as plain JSON values, as ``cover-check.schema.json`` describes them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from qc.geometry import Direction
from qc.plan.cover_check import CoverCheck, Paper
from qc.reference.printers import Length, Stock, lengths
from qc.reference.spine_art import FoldRoom, SpineArt
from qc.reference.wrap import NotAWrap, Panel, Wrap
from qc.report import cover_shapes as shapes
from qc.units import inches


def text(check: CoverCheck, picture: Path | None) -> Iterator[str]:
    """Lines for a person."""
    wrap = check.wrap
    if isinstance(wrap, NotAWrap):
        yield f"{check.path.name}: {wrap.reason}"
        return
    across, along = wrap.page.width_mm, wrap.page.height_mm
    order = "back, spine, front" if wrap.direction is Direction.LTR else "front, spine, back"
    yield f"{check.path.name}: wrap of a paperback, {across:.1f} x {along:.1f} mm; {order} from left to right"
    yield f"  spine      {_both(wrap.spine_mm)}, {wrap.source}"
    yield f"  bleed      {_both(wrap.bleed_mm)}"
    yield from _papers(check)
    assert check.art is not None
    yield from _art(check.art)
    for shift in check.shifts:
        yield ""
        yield f"A shift of {_both(shift.normal.value)}, which {shift.normal.printer} calls normal:"
        yield from (f"  {sentence}" for sentence in shift.sentences)
    if picture is not None:
        yield ""
        yield f"The folds and what a normal shift may reach: {picture}"


def _both(length_mm: float) -> str:
    return f"{length_mm:.2f} mm ({inches(length_mm):.4g} in)"


def _papers(check: CoverCheck) -> Iterator[str]:
    """With which papers the spine agrees; where the pages are not stated, how many would make it on each."""
    by_printer = [(name, list(papers)) for name, papers in groupby(check.papers, lambda p: p.stock.printer)]
    if check.title.pages is None:
        yield "  pages      that make this spine on papers on file (state --pages to compare):"
        for printer, papers in by_printer:
            yield f"             {printer}: {', '.join(f'{p.pages} {p.stock.name}' for p in papers)}"
        return
    agreeing = [f"{p.stock.printer} {p.stock.name}" for p in check.papers if p.agrees]
    yield f"  pages      {check.title.pages} agree with this spine on {', '.join(agreeing) or 'no paper on file'}"
    for printer, papers in by_printer:
        others = [f"{p.off_mm:+.1f} mm {p.stock.name}".replace("-", "−") for p in papers if not p.agrees]
        if others:
            yield f"             {printer}: {', '.join(others)}"


def _art(art: SpineArt) -> Iterator[str]:
    rooms = [f"{art.at(p).art_mm:.2f} mm to the fold at the {p}" for p in Panel if art.at(p).art_mm is not None]
    found = f"{', '.join(rooms)}, from lettering and art" if rooms else "no lettering or art found on the spine"
    yield f"  room       {found}{'' if art.plain else '; behind it lies a picture'}"
    clearance = art.clearance_mm
    for least in lengths("lettering"):
        if clearance is not None and clearance < least.value:
            yield f"             {least.printer} asks for {_both(least.value)}"
    for panel in Panel:
        edge = art.at(panel).color_edge_mm
        if edge is not None:
            where = "on the spine" if edge > 0 else f"on the {panel}"
            place = "at" if abs(edge) < 2 * art.u else f"{abs(edge):.2f} mm {where}, beside"
            yield f"  color      changes {place} the fold to the {panel}"


def record(check: CoverCheck, picture: Path | None) -> shapes.CoverCheck:
    """The ``qc.cover-check/1`` record; lengths in mm."""
    wrap = check.wrap
    found: shapes.CoverCheck = {
        "schema": "qc.cover-check/1",
        "file": str(check.path),
        "form": "paperback" if isinstance(wrap, Wrap) else wrap.form.value,
        "reason": "" if isinstance(wrap, Wrap) else wrap.reason,
        "pages": check.title.pages,
        "papers": [_paper(p) for p in check.papers],
        "shifts": [
            {"cited": _cited(s.normal), "shift_mm": s.normal.value, "sentences": list(s.sentences)}
            for s in check.shifts
        ],
        "picture": None if picture is None else str(picture),
    }
    if isinstance(wrap, Wrap):
        found["wrap"] = _wrap(wrap)
    if check.art is not None:
        found["spine_art"] = _spine_art(check.art)
    return found


def _paper(paper: Paper) -> shapes.PaperAgreement:
    stated = paper.off_mm is not None
    return {
        "cited": _cited(paper.stock),
        "name": paper.stock.name,
        "pages": paper.pages,
        "off_mm": round(paper.off_mm, 3) if paper.off_mm is not None else None,
        "agrees": paper.agrees if stated else None,
    }


def _cited(entry: Stock | Length) -> shapes.Cited:
    return {
        "printer": entry.printer,
        "source": entry.source,
        "read_on": entry.read_on.isoformat(),
        "standing": entry.standing,
    }


def _wrap(wrap: Wrap) -> shapes.WrapGeometry:
    return {
        "page_mm": [round(wrap.page.width_mm, 3), round(wrap.page.height_mm, 3)],
        "trim_mm": [round(v, 3) for v in wrap.trim],
        "back_fold_mm": round(wrap.x_back_fold, 3),
        "front_fold_mm": round(wrap.x_front_fold, 3),
        "spine_mm": round(wrap.spine_mm, 3),
        "u_spine_mm": round(wrap.u_spine, 3),
        "bleed_mm": round(wrap.bleed_mm, 3),
        "u_bleed_mm": round(wrap.u_bleed, 3),
        "direction": wrap.direction.value,
        "source": wrap.source,
    }


def _spine_art(art: SpineArt) -> shapes.SpineArt:
    return {
        "back": _room(art.back),
        "front": _room(art.front),
        "text": art.text,
        "plain": art.plain,
        "u_mm": round(art.u, 3),
    }


def _room(room: FoldRoom) -> shapes.FoldRoom:
    art, lettering, edge = (
        None if v is None else round(v, 3) for v in (room.art_mm, room.lettering_mm, room.color_edge_mm)
    )
    return {"art_mm": art, "lettering_mm": lettering, "color_edge_mm": edge}
