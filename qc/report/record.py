"""JSON records of inspections and comparisons; keys, nesting and order are stable."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from qc.judge.rejudge import Flip
from qc.model import Evidence, Finding, Inspection, Observation, PageRecord, Reason, Rescan, Where
from qc.report import shapes
from qc.report.files import replacing

if TYPE_CHECKING:
    from qc.compare.conclusions import Conclusion

_PLACES = {"fraction": 6, "density": 6}


def record(inspection: Inspection) -> shapes.Inspection:
    """The ``qc.inspection/1`` record of an inspected copy.

    Parameters
    ----------
    inspection : Inspection

    Returns
    -------
    dict
        Plain JSON values only. Millimeters have at most 4 decimals, pixels 1; a number that is not finite is null.

    Notes
    -----
    Thumbnails, page-frame boxes and page maps are left out: they can be made again from the scans. Names are kept as
    found, control characters included; whoever prints them cleans them.
    """
    i = inspection
    return {
        "schema": "qc.inspection/1",
        "copy": {"id": i.copy.id, "path": str(i.copy.path), "pages": len(i.copy.pages)},
        "reference": {"kind": i.reference.kind, "id": i.reference.id, "sha256": i.reference.sha256},
        "policy": {"id": i.policy.id, "version": i.policy.version, "sha256": i.policy.sha256},
        "verdict": {
            "outcome": str(i.verdict.outcome),
            "summary": i.verdict.summary,
            "not_checked": list(i.verdict.not_checked),
            "rescan": [_rescan(r) for r in i.verdict.rescan],
        },
        "refund": {
            "outcome": i.refund.outcome,
            "route": i.refund.route,
            "reasons": [_reason(r) for r in i.refund.reasons],
        },
        "findings": [_finding(f) for f in i.findings],
        "observations": [_observation(o) for o in i.observations],
        "pages": [_page(p) for p in i.pages],
        "provenance": {
            "qc": i.provenance.qc,
            "measures": dict(i.provenance.measures),
            "scanner": _plain(i.provenance.scanner),
            "scans": dict(i.provenance.scans),
            "started": i.provenance.started,
        },
    }


def comparison_record(
    copies: Sequence[str],
    observations: Sequence[Observation],
    findings: Sequence[Finding],
    conclusions: Sequence[Conclusion] = (),
) -> shapes.Comparison:
    """The ``qc.comparison/1`` record of copies, named by id, that were held against each other."""
    return {
        "schema": "qc.comparison/1",
        "copies": list(copies),
        "observations": [_observation(o) for o in observations],
        "findings": [_finding(f) for f in findings],
        "conclusions": [
            {"copy": c.copy, "property": c.property, "outcome": str(c.outcome), "sentence": c.sentence}
            for c in conclusions
        ],
    }


def error_record(copy_id: str, exit_code: int, message: str) -> shapes.Error:
    """The ``qc.error/1`` record that stands in for a copy that could not be inspected."""
    return {"schema": "qc.error/1", "copy": copy_id, "exit": exit_code, "message": message}


def judged_record(before: Inspection, after: Inspection, change: Flip | None, saved: bool) -> shapes.Judged:
    """The ``qc.judged/1`` record of a copy under another policy; `change` says how the two verdicts differ."""
    return {
        "schema": "qc.judged/1",
        "copy": after.copy.id,
        "before": _judgement(before),
        "after": _judgement(after),
        "changed": change is not None,
        "rule": change.rule or None if change else None,
        "why": change.why if change else "",
        "saved": saved,
    }


def _judgement(i: Inspection) -> shapes.Judgement:
    return {
        "policy": {"id": i.policy.id, "version": i.policy.version, "sha256": i.policy.sha256},
        "outcome": str(i.verdict.outcome),
        "summary": i.verdict.summary,
        "refund": i.refund.outcome,
        "route": i.refund.route,
    }


def to_json(content: Mapping[str, Any]) -> str:
    """JSON text of a record, in one line.

    File names that are no valid UTF-8 become ``\\udcXX`` escapes, so that the text can always be printed.
    """
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write a record to `path`, making folders; an older file is replaced only by a complete new one.

    Raises
    ------
    OutputError
        The folder or file cannot be written.
    """
    encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=2)
    with replacing(path) as file, TextIOWrapper(file, "utf-8", "backslashreplace", newline="\n") as text:
        # Piece by piece: the text of a thick book is 10 MB.
        text.writelines(encoder.iterencode(content))
        text.write("\n")


def _reason(r: Reason) -> shapes.Reason:
    return {"code": r.code, "clause": r.clause, "source": r.source, "verbatim": r.verbatim, "detail": r.detail}


def _finding(f: Finding) -> shapes.Finding:
    return {
        "rule": f.rule,
        "outcome": str(f.outcome),
        "severity": f.severity,
        "measure": f.measure,
        "value": _number(f.value, f.unit),
        "unit": f.unit,
        "u": _number(f.u, f.unit),
        "within": f.within,
        "outside": f.outside,
        "magnitude": f.magnitude,
        "where": _where(f.where),
        "margin": _number(f.margin, f.unit),
        "code": f.code,
        "message": f.message,
        "clause": f.clause,
        "source": f.source,
        "evidence": [_evidence(e) for e in f.evidence],
        "flags": [str(flag) for flag in f.flags],
        "doubt": [str(flag) for flag in f.doubt],
        "verbatim": f.verbatim,
        "salience": round(f.salience, 2),
    }


def _observation(o: Observation) -> shapes.Observation:
    return {
        "measure": o.measure,
        "version": o.version,
        "where": _where(o.where),
        "value": _number(o.value, o.unit),
        "unit": o.unit,
        "u": _number(o.u, o.unit),
        "flags": [str(f) for f in o.flags],
        "detail": _plain(o.detail),
    }


def _page(p: PageRecord) -> shapes.Page:
    return {
        "file": p.file,
        "frame": p.frame,
        "role": str(p.role),
        "reference_page": p.reference_page,
        "side": p.side and str(p.side),
        "kind": p.kind and str(p.kind),
        "reason": p.reason,
        "dpi": [_rounded(d, 2) for d in p.dpi] if p.dpi else None,
        "skew_deg": None if p.skew_deg is None else _rounded(p.skew_deg, 3),
        "upside_down": bool(p.upside_down),
        "same_as": p.same_as.name if p.same_as else None,
        "same_as_frame": p.same_as.frame if p.same_as else None,
    }


def _where(w: Where) -> shapes.Where:
    where: shapes.Where = {"page": w.page, "edge": w.edge and str(w.edge)}
    if w.axis is not None:
        where["axis"] = w.axis
    if w.copy is not None:
        where["copy"] = w.copy
    if w.copies is not None:
        where["copies"] = list(w.copies)
    if w.side is not None:
        where["side"] = w.side
    return where


def _evidence(e: Evidence) -> shapes.Evidence:
    return {"file": e.file, "frame": e.frame, "box_px": [_rounded(v, 1) for v in e.box_px]}


def _rescan(r: Rescan) -> shapes.Rescan:
    return {
        "file": r.file,
        "reference_page": r.reference_page,
        "role": r.role and str(r.role),
        "how": r.how,
        "why": r.why,
        "group": r.group,
        "need": r.need,
    }


def _number(value: float | None, unit: str) -> float | int | None:
    if value is None:
        return None
    if unit == "count" and float(value).is_integer():
        return int(value)
    return _rounded(value, _PLACES.get(unit, 4))


def _rounded(value: float, places: int) -> float:
    """`value` rounded; null where it is not finite, which the shapes of boxes and resolutions do not provide for."""
    # Adding zero turns -0.0 into 0.0.
    return round(float(value), places) + 0.0 if math.isfinite(value) else cast(float, None)


def _plain(value: Any) -> Any:
    """`value` without NumPy types, tuples, enums and numbers JSON has no word for; floats to 6 significant digits."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") + 0.0 if math.isfinite(value) else None
    if isinstance(value, str):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value
