"""Files of scanner profiles: where they are kept and how they are read; `qc calibrate` writes them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from qc.errors import ReferenceFault
from qc.scan.paths import user_folder
from qc.scan.scanner_color import color_of
from qc.scan.scanner_profile import CropError, DistortionMap, ScannerProfile, ScannerScale, WhiteLid
from qc.scan.strict_toml import NotToml, parse, read_bytes

SCHEMA = 1
_MOST_BYTES = 20_000_000
_Read = Callable[[str, Any], float]
EDGES = ("left", "top", "right", "bottom")


def profiles_folder() -> Path:
    """The user's folder of scanner profiles."""
    return user_folder() / "profiles"


def folders() -> list[Path]:
    """Where profiles are looked for by name; new ones go to the first."""
    return [Path(f) for f in (os.environ.get("QC_PROFILES"),) if f] + [profiles_folder()]


def find_profile(name: str) -> Path:
    """The profile file of a path or a name.

    Parameters
    ----------
    name : str
        The path of a profile, or its name in ``$QC_PROFILES``, else in the user's data folder.

    Raises
    ------
    ReferenceFault
        There is none.
    """
    places = [Path(name), *(folder / f"{name}.toml" for folder in folders())]
    path = next((p for p in places if p.is_file()), None)
    if path is None:
        searched = " or ".join(map(str, folders()))
        raise ReferenceFault(
            f"The scanner profile {name!r} is neither a file nor in {searched}. Check the name, make it with "
            "`qc calibrate scale`, or leave it out and accept a wider uncertainty."
        )
    return path


def load_profile(name: str, today: date | None = None) -> ScannerProfile:
    """The profile of a path or a name, if it still holds; without its colors where only these have expired.

    Raises
    ------
    ReferenceFault
        It is missing, unreadable, wrong or expired.
    """
    profile = read_profile(find_profile(name))
    if (today or date.today()) > profile.expires:
        raise ReferenceFault(
            f"The scanner profile {profile.name} expired on {profile.expires}. Scan the target again and renew it with "
            "`qc calibrate scale` or `color`, or leave it out and accept a wider uncertainty."
        )
    if profile.color is not None and (today or date.today()) > profile.color.expires:
        return replace(profile, color=None)
    return profile


def read_profile(path: Path) -> ScannerProfile:
    """A profile from its file, expired or not.

    Raises
    ------
    ReferenceFault
        It cannot be read, or is no profile.
    """
    try:
        data = read_bytes(path, _MOST_BYTES)
        tables = parse(data)
    except (OSError, NotToml) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else fault
        raise ReferenceFault(f"The scanner profile {path} cannot be read: {reason}. Make it again.") from fault
    if tables.get("schema") != SCHEMA:
        raise ReferenceFault(
            f"The scanner profile {path} has schema {tables.get('schema')!r}; this version reads {SCHEMA}. Make it again."
        )
    try:
        return _profile(path, hashlib.sha256(data).hexdigest(), tables)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as fault:
        what = f"it lacks {fault}" if isinstance(fault, KeyError) else str(fault)
        raise ReferenceFault(f"The scanner profile {path} cannot be used: {what}. Make it again.") from fault


def _profile(path: Path, sha256: str, tables: Mapping[str, Any]) -> ScannerProfile:
    made, expires = tables["made"], tables["expires"]
    if type(made) is not date or type(expires) is not date:
        raise ValueError("made and expires are not dates")
    return ScannerProfile(
        name=str(tables["name"]),
        path=path,
        sha256=sha256,
        made=made,
        expires=expires,
        scanner=str(tables.get("scanner", "")),
        driver=str(tables.get("driver", "")),
        scale=_scale(tables["scale"], tables.get("map")) if "scale" in tables else None,
        white=_white(tables["white"]) if "white" in tables else None,
        crop=_crop(tables["crop"]) if "crop" in tables else None,
        color=color_of(tables["color"]) if "color" in tables else None,
        tables=tables,
    )


def _scale(table: Mapping[str, Any], map_table: Mapping[str, Any] | None) -> ScannerScale:
    stated, dpi = _pair(table, "stated_dpi", _positive), _pair(table, "dpi", _positive)
    if any(not 0.9 < d / s < 1.1 for d, s in zip(dpi, stated, strict=True)):
        raise ValueError(f"true and stated resolution, {dpi} and {stated} dpi, are more than 10 % apart")
    distortion = None
    if map_table is not None:
        dx, dy = (np.array(map_table[key], float) for key in ("dx_mm", "dy_mm"))
        if dx.ndim != 2 or dx.shape != dy.shape or min(dx.shape) < 4 or not np.isfinite([dx, dy]).all():
            raise ValueError("the coefficients of its map are no two equal tables of numbers")
        distortion = DistortionMap(_pair(map_table, "start_mm"), _pair(map_table, "step_mm", _positive), dx, dy)
    return ScannerScale(
        stated_dpi=stated,
        dpi=dpi,
        shear=_finite("shear", table["shear"]),
        u_scale=_pair(table, "u", _u),
        u_shear=_u("u_shear", table["u_shear"]),
        u_local_mm=_pair(table, "u_local_mm", _u),
        frame_mm=_pair(table, "frame_mm", _positive) if "frame_mm" in table else None,
        map=distortion,
        map_rms_mm=_pair(map_table, "rms_mm", _u) if map_table is not None else (0.0, 0.0),
    )


def _white(table: Mapping[str, Any]) -> WhiteLid:
    return WhiteLid(_four(table["bias_mm"]), _four(table["u_mm"], _u))


def _crop(table: Mapping[str, Any]) -> CropError:
    return CropError(_four(table["mean_mm"]) if "mean_mm" in table else None, _four(table["spread_mm"], _u))


def _pair(table: Mapping[str, Any], key: str, read: _Read | None = None) -> tuple[float, float]:
    x, y = ((read or _finite)(key, v) for v in table[key])
    return x, y


def _four(table: Mapping[str, Any], read: _Read | None = None) -> tuple[float, float, float, float]:
    left, top, right, bottom = ((read or _finite)(edge, table[edge]) for edge in EDGES)
    return left, top, right, bottom


def _positive(key: str, value: Any) -> float:
    number = _finite(key, value)
    if number <= 0:
        raise ValueError(f"{key} is not greater than 0")
    return number


def _finite(key: str, value: Any) -> float:
    number = float(value)
    if not np.isfinite(number):
        raise ValueError(f"{key} is not finite")
    return number


def _u(key: str, value: Any) -> float:
    number = _finite(key, value)
    if number < 0:
        raise ValueError(f"{key} is an uncertainty below 0")
    return number
