"""`qc calibrate repeatability`: from scans, or folders of scans by operator, to tables of a profile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from natsort import natsorted

from calibration.profile import Table, by_edge, checked_name, provenance, save
from calibration.repeatability import Repeatability, repeatability
from qc.errors import ScanError, UsageError
from qc.model import ScanSettings
from qc.scan.image_file import IMAGE_SUFFIXES
from qc.scan.scanner_profile import ScannerProfile


def make_gauge(
    name: str, paths: Sequence[Path], *, dpi: float | None, days: int, command: str, today: date
) -> ScannerProfile:
    """Measure repeats and add the figures to a profile, which is made where there is none.

    Raises
    ------
    UsageError
        Scans and folders are mixed, or a folder is empty.
    ScanError
        A scan cannot be used.
    """
    checked_name(name)
    found = repeatability(groups_of(paths), ScanSettings(dpi=dpi))
    if found.gauge is None and found.crop is None:
        raise ScanError(
            "Neither cuts nor frames could be measured on these scans. Scan a loose page on black or gray with some backing "
            "visible on all sides, or with auto-crop on."
        )
    files = [(r.name, r.sha256) for r in found.scans]
    return save(
        name,
        tables_of(found) | provenance("repeatability", files, command, today),
        today=today,
        days=days,
        drop=("gauge", "crop", "noise"),
        renew=False,
    )


def groups_of(paths: Sequence[Path]) -> list[tuple[str, list[Path]]]:
    """Scans by operator: each folder is one; scans alone are of nobody."""
    folders = [p for p in paths if p.is_dir()]
    if not folders:
        return [("", list(paths))]
    if len(folders) < len(paths):
        raise UsageError("Name either scans, or folders of scans with one operator each, not both.")
    groups = []
    for folder in folders:
        scans = natsorted(
            (p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".")), key=str
        )
        if not scans:
            raise UsageError(f"The folder {folder} holds no scans. Check the path.")
        groups.append((folder.name, scans))
    return groups


def tables_of(found: Repeatability) -> dict[str, Table]:
    """`[gauge]`, `[crop]` and `[noise]`."""
    tables: dict[str, Table] = {"noise": {"pixel": round(found.noise, 6), "level": round(found.level_sd, 6)}}
    if found.color_de00 is not None:
        tables["noise"]["color_dE00"] = round(found.color_de00, 4)
    if found.gauge is not None:
        gauge = found.gauge
        tables["gauge"] = {
            "scans": len(found.scans) + 1,
            "operators": len({r.group for r in found.scans}),
            "values": gauge.values,
            "repeatability_mm": round(gauge.repeatability_mm, 6),
            "sigma_mm": round(gauge.sigma_mm, 6),
            "share": round(gauge.share, 6),
        }
        if gauge.reproducibility_mm is not None:
            tables["gauge"]["reproducibility_mm"] = round(gauge.reproducibility_mm, 6)
    if found.crop is not None:
        tables["crop"] = {"spread_mm": by_edge(found.crop.spread_mm), "scans": found.crop.scans}
        if found.crop.mean_mm is not None:
            tables["crop"]["mean_mm"] = by_edge(found.crop.mean_mm)
    return tables
