"""What is stated of a copy: copy.toml in its folder, over its row of the returns.csv beside that folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qc.errors import UsageError
from qc.model import Claim, Part, ReferenceSettings, ScanSettings
from qc.scan.copy_toml import Tables, read_copy_toml
from qc.scan.paths import real
from qc.scan.returns_csv import Row, returns_in

_NOT_IN_ID = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Statements:
    """What copy.toml and returns.csv state of a copy, with the defaults where they say nothing; `row` is that of returns.csv."""

    id: str
    isbn: str | None = None
    title: str | None = None
    pages_expected: int | None = None
    claim: Claim = field(default_factory=Claim)
    scan: ScanSettings = field(default_factory=ScanSettings)
    reference: ReferenceSettings = field(default_factory=ReferenceSettings)
    row: Row | None = None


def statements_of(path: Path, usual_scanner: str | None = None, part: Part | None = None) -> Statements:
    """What is stated of the copy at `path`; copy.toml wins over its row of returns.csv, and both over the usual scanner.

    `part` is one of several copies in the scans there.

    Raises
    ------
    UsageError
        As of `read_copy_toml` and `returns_in`.
    """
    own = read_copy_toml(path) if path.is_dir() else {}
    name = (part.id if part else own.get("copy")) or id_of_name(path)
    row = returns_in(real(path).parent).rows.get(name)
    layers: list[Tables] = [{"scan": {"scanner": usual_scanner}}, row.tables if row else {}, own]

    def table(key: str) -> Mapping[str, Any]:
        return {k: v for layer in layers for k, v in layer.get(key, {}).items()}

    top = {k: v for layer in layers for k, v in layer.items() if k in ("isbn", "title", "pages_expected")}
    return Statements(
        name,
        **top,
        claim=Claim(**table("claim")),
        scan=ScanSettings(**table("scan")),
        reference=ReferenceSettings(**table("reference")),
        row=row,
    )


def copy_id(path: Path) -> str:
    """Id of the copy at `path` as `open_copy` gives it, without opening a scan.

    Where copy.toml cannot be understood it is the name of the folder.
    """
    try:
        return str((read_copy_toml(path) if path.is_dir() else {}).get("copy") or id_of_name(path))
    except UsageError:
        return id_of_name(path)


def id_of_name(path: Path) -> str:
    """The id that the name of a folder or file gives."""
    name = real(path).name if path.is_dir() else path.stem if path.is_file() else path.name
    return _NOT_IN_ID.sub("-", unicodedata.normalize("NFC", name)).lstrip(".") or "copy"
