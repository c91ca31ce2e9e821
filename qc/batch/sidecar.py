"""What lies beside ``inspection.json`` so that copies are compared without their scans.

The inspection without rounding, page maps, thumbnails, and the colors of its pages.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qc import __version__
from qc.batch.codec import decode, encode
from qc.batch.exhibit_file import SIDECAR
from qc.compare.color import Capture
from qc.compare.same_title import CopyColors
from qc.features.color_tiles import ColorTiles
from qc.geometry import Affine, Size
from qc.measure import MEASURES
from qc.model import Inspection
from qc.report.files import replacing


def write_sidecar(folder: Path, inspection: Inspection, colors: CopyColors) -> None:
    """Write the sidecar file of an inspection to its result folder.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    arrays: dict[str, Any] = {}
    for n, picture in enumerate(inspection.pictures.values()):
        arrays[f"picture-{n}"] = np.frombuffer(picture, np.uint8)
    for page, tiles in colors.pages.items():
        for name in ("reference", "copy", "usable"):
            arrays[f"{name}-{page}"] = getattr(tiles, name)
    facts = {
        "made_by": _made_by(),
        "inspection": encode(inspection),
        "maps": [None if p.to_scan is None else p.to_scan.matrix.tolist() for p in inspection.pages],
        "pictures": list(inspection.pictures),
        "colors": {page: _facts(tiles) for page, tiles in colors.pages.items()},
        "capture": encode(colors.capture),
        "trim_known": colors.trim_known,
    }
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode("utf-8", "surrogatepass"), np.uint8)
    with replacing(folder / SIDECAR) as file:
        np.savez_compressed(file, **arrays)


def read_sidecar(folder: Path) -> tuple[Inspection, CopyColors] | None:
    """The inspection whose results lie in a folder, as it was before other copies were held against it, and its colors.

    None where there is no sidecar, or none of this version of qc and its measures.
    """
    try:
        with np.load(io.BytesIO((folder / SIDECAR).read_bytes()), allow_pickle=False) as arrays:
            facts = json.loads(arrays["facts"].tobytes().decode("utf-8", "surrogatepass"))
            if facts["made_by"] != _made_by():
                return None
            return _inspection(facts, arrays), _colors(facts, arrays)
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError):
        return None


def _made_by() -> dict[str, Any]:
    return {"qc": __version__, "measures": {m.id: m.version for m in MEASURES.values()}}


def _inspection(facts: Any, arrays: Any) -> Inspection:
    inspection = decode(Inspection, facts["inspection"])
    pages = zip(inspection.pages, facts["maps"], strict=True)
    return replace(
        inspection,
        pages=tuple(replace(p, to_scan=None if m is None else Affine(np.array(m))) for p, m in pages),
        pictures={(f, frame): arrays[f"picture-{n}"].tobytes() for n, (f, frame) in enumerate(facts["pictures"])},
    )


def _facts(tiles: ColorTiles) -> dict[str, Any]:
    return {
        "to_mm": tiles.to_mm.matrix.tolist(),
        "trim": [tiles.trim.width_mm, tiles.trim.height_mm],
        "paper": None if tiles.paper is None else tiles.paper.tolist(),
        "rgb": [tiles.kind, tiles.meaning, tiles.u],
    }


def _colors(facts: Any, arrays: Any) -> CopyColors:
    pages = {}
    for page, own in facts["colors"].items():
        reference, copy, usable = (arrays[f"{name}-{page}"] for name in ("reference", "copy", "usable"))
        paper = None if own["paper"] is None else np.array(own["paper"])
        to_mm, trim = Affine(np.array(own["to_mm"])), Size(*own["trim"])
        pages[int(page)] = ColorTiles(reference, copy, usable, to_mm, trim, paper, *own["rgb"])
    return CopyColors(pages, decode(Capture, facts["capture"]), facts["trim_known"])
