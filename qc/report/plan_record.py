"""A plan as plain JSON values, as ``plan.schema.json`` describes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from qc.model import BookCopy
from qc.plan.copy_plan import Plan, SeenScan
from qc.plan.remark import Remark
from qc.report import shapes


def plan_record(plan: Plan, found: Sequence[Remark]) -> shapes.Plan:
    """The ``qc.plan.copy_plan/1`` record of a copy.

    Parameters
    ----------
    plan : Plan
    found : sequence of Remark

    Returns
    -------
    dict
        Plain JSON values; lengths in mm with one decimal, resolutions in dots per inch with two.
    """
    copy, reference = plan.copy, plan.reference
    return {
        "schema": "qc.plan.copy_plan/1",
        "copy": {
            "id": copy.id,
            "path": str(copy.path),
            "pages": len(copy.pages),
            "isbn": copy.isbn,
            "title": copy.title,
            "pages_expected": copy.pages_expected,
        },
        "claim": _claim(copy),
        "scan": {
            "scanner": copy.scan.scanner,
            "dpi": copy.scan.dpi,
            "backing": copy.scan.backing,
            "bound": copy.scan.bound,
            "complete": copy.scan.complete,
            "first_page": copy.scan.first_page,
            "spine": copy.scan.spine,
            "cover": copy.scan.cover,
            "profile": plan.scanner.record["profile"],
            "note": plan.scanner.note or "",
        },
        "reference": {
            "kind": plan.reference_id.kind,
            "id": plan.reference_id.id,
            "sha256": plan.reference_id.sha256,
            "pages": reference.pages if reference else None,
            "trim_mm": [round(reference.trim.width_mm, 1), round(reference.trim.height_mm, 1)] if reference else None,
            "note": plan.reference_id.note,
        },
        "order": {"from": plan.order_from, "scanned": plan.order, "turns": plan.usual_turns},
        "scans": [_scan(s) for s in plan.scans],
        "not_scanned": list(plan.not_scanned),
        "passed_over": list(plan.passed_over),
        "remarks": [_remark(r) for r in found],
    }


def _claim(copy: BookCopy) -> shapes.Claim:
    claim = copy.claim
    return {
        "reason": claim.reason,
        "ordered_isbn": claim.ordered_isbn,
        "received_on": _day(claim.received_on),
        "notified_on": _day(claim.notified_on),
        "claimed_on": _day(claim.claimed_on),
        "content_updated_on": _day(claim.content_updated_on),
        "printed_on": _day(claim.printed_on),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _scan(s: SeenScan) -> shapes.PlannedScan:
    header, record = s.header, s.record
    return {
        "file": s.scan.name,
        "frame": s.scan.frame,
        "role": str(s.scan.role),
        "position": s.position,
        "format": header.format if header else None,
        "px": [header.width_px, header.height_px] if header else None,
        "bits": header.bits if header else None,
        "gray": header.gray if header else None,
        "dpi": [round(s.resolution.x_dpi, 2), round(s.resolution.y_dpi, 2)] if s.resolution else None,
        "dpi_from": s.dpi_from or None,
        "claimed_dpi": [round(float(d), 2) for d in header.claimed_dpi] if header and header.claimed_dpi else None,
        "size_mm": [round(s.size.width_mm, 1), round(s.size.height_mm, 1)] if s.size else None,
        "backing": s.page.backing if s.page and not (s.error or s.same_as) else None,
        "kind": str(record.kind) if record.kind else None,
        "looks_like": s.looks_like,
        "options": list(s.options),
        "mirrored": s.mirrored,
        "reference_page": record.reference_page,
        "turns": s.turns if s.page and not (s.error or s.same_as) else None,
        "upside_down": bool(record.upside_down),
        "same_as": s.same_as or None,
        "error": s.error or None,
    }


def _remark(r: Remark) -> shapes.Remark:
    return {
        "kind": r.kind,
        "code": r.code,
        "message": r.message,
        "files": list(r.files),
        "reference_pages": list(r.reference_pages),
    }
