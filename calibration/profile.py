"""Scanner profiles as files: made, renewed and added to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from calibration.geometry import Geometry
from calibration.grid import GridScan
from qc import __version__
from qc.errors import ReferenceFault, UsageError
from qc.model import Resolution
from qc.report.files import write_text
from qc.scan.profile_file import EDGES, SCHEMA, folders, read_profile
from qc.scan.scanner_profile import ScannerProfile

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\Z")

Table = dict[str, Any]


def checked_name(name: str) -> str:
    """`name`, if a profile can be called so.

    Raises
    ------
    UsageError
        It has other characters than letters, digits, dot, underscore and hyphen.
    """
    if not _NAME.match(name):
        raise UsageError(
            f"{name!r} cannot name a profile. Use letters, digits, dots, underscores and hyphens, such as flatbed-a3."
        )
    return name


def save(
    name: str,
    tables: Mapping[str, Table],
    *,
    today: date,
    days: int,
    drop: Sequence[str] = (),
    about: Mapping[str, str] | None = None,
    renew: bool = True,
) -> ScannerProfile:
    """Write a profile, keeping the tables of an older one of that name that are not replaced.

    Parameters
    ----------
    name : str
    tables : mapping
        What was measured.
    today : date
    days : int
        How long a new or renewed profile holds.
    drop : sequence of str
        Tables of the older one that no longer hold.
    about : mapping, optional
        Top-level texts, ``scanner`` and ``driver``.
    renew : bool
        Whether this renews the date of the whole profile; a new one gets it anyway.

    Raises
    ------
    UsageError
        The name cannot be used.
    OutputError
        The file cannot be written.
    """
    path = _path(name)
    older = _older(path)
    content: Table = {"schema": SCHEMA, "name": name, "made": today, "expires": today + timedelta(days=days)}
    if older and not renew:
        content |= {key: older[key] for key in ("made", "expires")}
    content |= {key: older[key] for key in ("scanner", "driver") if key in older} | dict(about or {})
    content |= {k: v for k, v in older.items() if isinstance(v, dict) and k not in drop}
    provenance = {**older.get("provenance", {}), **tables.get("provenance", {})}
    content |= {**tables, "provenance": provenance}
    write_text("\n".join(_toml(content)) + "\n", path)
    return read_profile(path)


def profile_tables(name: str) -> Table:
    """What a profile of this name holds already; nothing where there is none."""
    return _older(_path(name))


def _path(name: str) -> Path:
    return folders()[0] / f"{checked_name(name)}.toml"


def _older(path: Path) -> Table:
    if not path.is_file():
        return {}
    try:
        return dict(read_profile(path).tables)
    except ReferenceFault:
        return {}  # a damaged one is made anew


def provenance(what: str, files: Sequence[tuple[str, str]], command: str, today: date) -> Table:
    """The table that says where `what` comes from: `files` are names and SHA-256."""
    entry = {
        "made": today,
        "qc": __version__,
        "command": command,
        "files": [{"name": name, "sha256": digest} for name, digest in files],
    }
    return {"provenance": {what: entry}}


def grid_tables(geometry: Geometry, scans: Sequence[GridScan], measured: bool) -> dict[str, Table]:
    """`[scale]` and `[map]` from the printed grid."""
    stated = scans[0].stated
    dpi = stated.x_dpi * geometry.ratio[0], stated.y_dpi * geometry.ratio[1]
    frame = [f / r for f, r in zip(scans[0].frame_mm, geometry.ratio, strict=True)]
    turns = sorted({90 * s.turns for s in scans})
    scale = {
        "object": "grid",
        "stated_dpi": [stated.x_dpi, stated.y_dpi],
        "dpi": _rounded(dpi, 5),
        "shear": round(geometry.shear, 8),
        "u": _rounded(geometry.u_scale, 8),
        "u_shear": round(geometry.u_shear, 8),
        "u_local_mm": _rounded(geometry.u_local_mm, 6),
        "frame_mm": _rounded(frame, 3),
        "residual_mm": _rounded(geometry.residual_mm, 6),
        "held_out_mm": round(geometry.held_out_mm, 6),
        "covered_share": round(geometry.covered_share, 3),
        "scans": len(scans),
        "turned_deg": turns,
        "dots": geometry.dots,
        "dropped": geometry.dropped,
        "print_stretch": _rounded(geometry.print_stretch, 8),
        "print_measured": measured,
        "sheet": scans[0].sheet.paper,
    }
    m = geometry.map
    table = {
        "start_mm": _rounded(m.start_mm, 5),
        "step_mm": _rounded(m.step_mm, 7),
        "covered_mm": _rounded(geometry.covered_mm, 2),
        "rms_mm": _rounded(geometry.map_rms_mm, 5),
        "dx_mm": [_rounded(row, 5) for row in m.dx_mm],
        "dy_mm": [_rounded(row, 5) for row in m.dy_mm],
    }
    return {"scale": scale, "map": table}


def object_table(
    what: str,
    stated: Resolution,
    ratio: tuple[float, float],
    u: tuple[float, float],
    u_local_mm: float,
    u_shear: float,
) -> Table:
    """`[scale]` from a rule or a card, which see no shear and no local distortion."""
    return {
        "object": what,
        "stated_dpi": [stated.x_dpi, stated.y_dpi],
        "dpi": _rounded((stated.x_dpi * ratio[0], stated.y_dpi * ratio[1]), 5),
        "shear": 0.0,
        "u": _rounded(u, 8),
        "u_shear": u_shear,
        "u_local_mm": _rounded((u_local_mm, u_local_mm), 6),
    }


def by_edge(values: Sequence[float]) -> dict[str, float]:
    """A table of values for left, top, right and bottom."""
    return {edge: round(float(v), 5) for edge, v in zip(EDGES, values, strict=True)}


def _rounded(values: Sequence[float] | np.ndarray[Any, Any], digits: int) -> list[float]:
    return [round(float(v), digits) for v in values]


def _toml(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Lines of a TOML file: values first, then the tables in this one; small flat tables stay in a line."""
    inner = {k for k, v in table.items() if isinstance(v, dict) and (not path or _nests(v))}
    if path and len(inner) < len(table):
        yield ""
        yield f"[{'.'.join(path)}]"
    for key in table:
        if key not in inner:
            yield f"{key} = {_value(table[key])}"
    for key in table:
        if key in inner:
            yield from _toml(table[key], (*path, key))


def _nests(table: Mapping[str, Any]) -> bool:
    return any(isinstance(v, (dict, list)) for v in table.values())


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(_escaped(c) for c in value) + '"'
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        if value and isinstance(value[0], (list, dict)):
            return "[\n" + "".join(f"  {_value(v)},\n" for v in value) + "]"
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value)


def _escaped(c: str) -> str:
    if c in '"\\':
        return "\\" + c
    return c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"
