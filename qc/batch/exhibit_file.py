"""What lies beside a report of its pictures, so that other pages show and mark them as the report does."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from qc.batch.codec import decode, encode
from qc.report.evidence import Exhibit
from qc.report.files import write_text
from qc.report.large_pictures import FOLDER

NAME = "findings.json"
SIDECAR = "inspection.npz"
"""See `qc.batch.sidecar`, which writes it."""


def write_exhibits(exhibits: Sequence[Exhibit], folder: Path) -> None:
    """Write what is known of the pictures beside the report in the result folder of a copy; where there are none, no file.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    path = folder / FOLDER / NAME
    if exhibits:
        write_text(json.dumps(encode(exhibits)), path)
    else:
        # A copy that was lost has no pictures, and a file left by an earlier inspection would be of others.
        with suppress(OSError):
            path.unlink()


def read_exhibits(folder: Path) -> tuple[Exhibit, ...]:
    """The exhibits of the report in the result folder of a copy, without pictures; none where they cannot be read."""
    try:
        return decode(tuple[Exhibit, ...], json.loads((folder / FOLDER / NAME).read_bytes()))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return ()


def read_thumbnails(folder: Path) -> dict[tuple[str, int], bytes]:
    """Small pictures (WebP) of the scans by name and frame, whatever version of qc wrote them; none where there is no sidecar."""
    try:
        with np.load(folder / SIDECAR, allow_pickle=False) as arrays:
            named = json.loads(arrays["facts"].tobytes().decode("utf-8", "surrogatepass"))["pictures"]
            return {(name, frame): arrays[f"picture-{n}"].tobytes() for n, (name, frame) in enumerate(named)}
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError):
        return {}
