"""CGATS text files: what a chart should be (reference of its maker), or what an instrument and a scanner said of it."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import xyz_to_lab
from qc.errors import ScanError
from qc.scan.strict_toml import read_bytes

_MOST_BYTES = 20_000_000
_NAMES = ("SAMPLE_ID", "SAMPLE_NAME", "SAMPLE_LOC", "SAMPLEID")
_MODE = re.compile(r"\bM([0-3])\b")
_FULL_SCALES = (1.0, 100.0, 255.0, 65535.0)


@dataclass(frozen=True, eq=False)
class ColorTable:
    """Patches of a CGATS file.

    Attributes
    ----------
    name, sha256 : str
        Of the file.
    keywords : mapping
        Upper-case keyword to text.
    ids : tuple of str
    lab : ndarray, shape (n, 3), or None
        D50, 2 degrees.
    rgb : ndarray, shape (n, 3), or None
        Encoded, 0..1.
    """

    name: str
    sha256: str
    keywords: Mapping[str, str] = field(default_factory=dict)
    ids: tuple[str, ...] = ()
    lab: NDArray[np.float64] | None = None
    rgb: NDArray[np.float64] | None = None

    @property
    def lot(self) -> str:
        """Serial or lot of the chart, as the file states it."""
        return self.keywords.get("SERIAL", "")

    @property
    def backing(self) -> str:
        return self.keywords.get("SAMPLE_BACKING", "").lower()

    @property
    def mode(self) -> str:
        """Measurement condition M0, M1, M2 or M3 (ISO 13655), where a keyword names it."""
        found = _MODE.search(" ".join(self.keywords.values()))
        return f"M{found[1]}" if found else ""


def read_cgats(path: Path) -> ColorTable:
    """The first table of a CGATS file that holds colors.

    Raises
    ------
    ScanError
        It cannot be read, is no CGATS file, or holds neither L*a*b* nor XYZ.

    Notes
    -----
    The range of RGB is not part of the format: values up to 1, 100, 255 and 65535 are told apart by the largest one.
    """
    try:
        data = read_bytes(path, _MOST_BYTES)
    except OSError as fault:
        raise ScanError(f"{path} cannot be read ({fault.strerror}). Check the path and its permissions.") from fault
    keywords, fields, rows = _parsed(data.decode("utf-8", "replace"))
    if not fields or not rows:
        raise ScanError(
            f"{path.name} is no CGATS file: it has no data between BEGIN_DATA and END_DATA. Name the reference file of the chart, "
            "as its maker or an instrument wrote it."
        )
    if any(len(row) != len(fields) for row in rows):
        number, row = next((i, r) for i, r in enumerate(rows, 1) if len(r) != len(fields))
        raise ScanError(
            f"{path.name} is damaged: row {number} has {len(row)} values, and its format has {len(fields)}. Load it again."
        )
    stated = keywords.get("NUMBER_OF_SETS", str(len(rows)))
    if stated != str(len(rows)):
        raise ScanError(f"{path.name} is damaged: it states {stated} patches and holds {len(rows)}. Load it again.")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(fields)}
    lab, xyz, rgb = (_triples(columns, names, path.name) for names in (_LAB, _XYZ, _RGB))
    if lab is None and xyz is not None:
        lab = xyz_to_lab(xyz / 100)
    if lab is None:
        raise ScanError(f"{path.name} holds neither LAB_L LAB_A LAB_B nor XYZ. Export it with L*a*b* (D50, 2 degrees).")
    named = next((n for n in _NAMES if n in columns), None)
    ids = tuple(columns[named]) if named else tuple(str(i + 1) for i in range(len(rows)))
    digest = hashlib.sha256(data).hexdigest()
    return ColorTable(path.name, digest, keywords, ids, lab, None if rgb is None else _unit(rgb))


_LAB = ("LAB_L", "LAB_A", "LAB_B")
_XYZ = ("XYZ_X", "XYZ_Y", "XYZ_Z")
_RGB = ("RGB_R", "RGB_G", "RGB_B")


def _parsed(text: str) -> tuple[dict[str, str], list[str], list[list[str]]]:
    keywords: dict[str, str] = {}
    fields: list[str] = []
    rows: list[list[str]] = []
    inside = ""
    for line in text.splitlines():
        words = _words(line)
        if not words:
            continue
        key = words[0].upper()
        if key in ("BEGIN_DATA_FORMAT", "BEGIN_DATA"):
            inside = key
        elif key == "END_DATA":
            break
        elif key == "END_DATA_FORMAT":
            inside = ""
        elif inside == "BEGIN_DATA_FORMAT":
            fields += [w.upper() for w in words]
        elif inside == "BEGIN_DATA":
            rows.append(words)
        else:
            value = " ".join(words[1:])
            keywords[key] = f"{keywords[key]} {value}" if key in keywords else value
    return keywords, fields, rows


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:  # a lone quotation mark
        return line.replace('"', " ").split()


def _triples(columns: Mapping[str, list[str]], names: tuple[str, ...], file: str) -> NDArray[np.float64] | None:
    if any(name not in columns for name in names):
        return None
    try:
        values = np.array([[float(v.replace(",", ".")) for v in columns[name]] for name in names]).T
    except ValueError as fault:
        raise ScanError(f"{file} is damaged: {fault}. Load it again.") from fault
    if not np.isfinite(values).all():
        raise ScanError(f"{file} is damaged: a color is not finite. Load it again.")
    return values


def _unit(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    full = next((full for full in _FULL_SCALES if rgb.max() <= full), float(rgb.max()))
    return rgb / full
