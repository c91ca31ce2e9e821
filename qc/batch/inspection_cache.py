"""An inspection kept in the disk cache, so that copies of its title can be held against it when they come."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from typing import Any

import numpy as np

from qc.batch.codec import decode, encode
from qc.colorimetry import ColorTiles
from qc.geometry import Affine, Size
from qc.model import (
    BookCopy,
    Finding,
    Inspection,
    Observation,
    PageRecord,
    PolicyId,
    Provenance,
    ReferenceId,
    Refund,
    Verdict,
)
from qc.reference import cache


def keep(key: str, inspection: Inspection) -> None:
    """Keep an inspection under `key`, thumbnails and page maps included."""
    arrays: dict[str, Any] = {}
    maps = [None if p.to_scan is None else p.to_scan.matrix.tolist() for p in inspection.pages]
    pictures = []
    for n, ((file, frame), picture) in enumerate(inspection.pictures.items()):
        pictures.append([file, frame])
        arrays[f"picture-{n}"] = np.frombuffer(picture, np.uint8)
    colors = []
    for n, (page, tiles) in enumerate(inspection.colors.items()):
        colors.append([page, tiles.to_mm.matrix.tolist(), [tiles.trim.width_mm, tiles.trim.height_mm]])
        arrays[f"reference-{n}"], arrays[f"copy-{n}"] = tiles.reference, tiles.copy
    facts = {"inspection": encode(inspection), "maps": maps, "pictures": pictures, "colors": colors}
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode("utf-8", "surrogatepass"), np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    cache.store(_path(key), buffer.getvalue())


def kept(key: str) -> Inspection | None:
    """The inspection under `key`; None where there is none, or one of another version."""
    stored = cache.load(_path(key))
    if stored is None:
        return None
    arrays = np.load(io.BytesIO(stored), allow_pickle=False)
    facts = json.loads(arrays["facts"].tobytes().decode("utf-8", "surrogatepass"))
    parts = facts["inspection"]
    pages = zip(decode(tuple[PageRecord, ...], parts["pages"]), facts["maps"], strict=True)
    return Inspection(
        copy=decode(BookCopy, parts["copy"]),
        reference=decode(ReferenceId, parts["reference"]),
        policy=decode(PolicyId, parts["policy"]),
        verdict=decode(Verdict, parts["verdict"]),
        refund=decode(Refund, parts["refund"]),
        findings=decode(tuple[Finding, ...], parts["findings"]),
        observations=decode(tuple[Observation, ...], parts["observations"]),
        pages=tuple(replace(p, to_scan=None if m is None else Affine(np.array(m))) for p, m in pages),
        provenance=decode(Provenance, parts["provenance"]),
        pictures={(f, frame): arrays[f"picture-{n}"].tobytes() for n, (f, frame) in enumerate(facts["pictures"])},
        colors={
            page: ColorTiles(arrays[f"reference-{n}"], arrays[f"copy-{n}"], Affine(np.array(matrix)), Size(*trim))
            for n, (page, matrix, trim) in enumerate(facts["colors"])
        },
    )


def carried(key: str) -> bytes:
    """What is kept under `key`, taken out of the cache for that of another machine; empty where there is nothing."""
    found = cache.load(_path(key)) or b""
    cache.drop(_path(key))
    return found


def carry(key: str, data: bytes) -> None:
    """Keep what `carried` gave on another machine."""
    cache.store(_path(key), data)


def _path(key: str) -> str:
    return f"inspected/{hashlib.sha256(repr((cache.program(), key)).encode()).hexdigest()}"
