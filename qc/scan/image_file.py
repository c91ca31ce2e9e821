"""Loader of scans: header, pixels, frames. Every failure becomes a `ScanError` of one sentence.

A file is read by its content, not by its name. Nothing here prints: the oddities that image libraries like to mention
on stderr either make a scan unusable or do not matter.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from qc.errors import ScanError
from qc.model import Resolution, ScanFile
from qc.scan.decoders.raster import MOST_PIXELS, Info, Unusable, refuse_giant
from qc.scan.paths import leads_outside

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".pdf"})

_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
_PDF_WITHIN = 1024
MOST_FRAMES = 10_000
_REDUCTIONS = (1, 2, 3, 4, 8)
_NOT_STATED_DPI = (72, 96)
_LEAST_DPI, _MOST_DPI = 50, 4800

# not within the calls: pages are read in threads, and warnings.catch_warnings is not thread-safe
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").setLevel(logging.CRITICAL + 1)

T = TypeVar("T")


@dataclass(frozen=True)
class ScanHeader:
    """What the header of a scan says, with the turn of its EXIF tag applied.

    `resolution` is None where the header states none that can be believed; `claimed_dpi` is what it says all the same.
    `gray` means a single channel. `bits` a channel are 1, 8 or 16.
    """

    format: str
    width_px: int
    height_px: int
    resolution: Resolution | None
    claimed_dpi: tuple[float, float] | None
    gray: bool
    bits: int


def count_frames(path: Path) -> int:
    """Number of pages in a file: 1 for JPEG and PNG; the directories of a TIFF that are no thumbnails or masks.

    Raises
    ------
    ScanError
        The file is missing, empty, no supported image, or too damaged to count.
    """
    return _guarded(path, path.name, lambda decoder: _bounded(int(decoder.count(path))))


def _bounded(frames: int) -> int:
    if frames > MOST_FRAMES:
        raise Unusable(f"says that it has {frames} pages, more than the {MOST_FRAMES} that are read: export it again")
    return frames


def read_header(scan: ScanFile) -> ScanHeader:
    """Size, resolution and kind of a scan, without its pixels.

    Returns
    -------
    header : ScanHeader
        Sizes in pixels at full resolution, upright.

    Raises
    ------
    ScanError
        The header cannot be read, or declares what is not supported or larger than 250 megapixels.

    Notes
    -----
    A header only claims: 72 and 96 dpi are what software writes that knows no resolution, so they count as not stated,
    like anything below 50 or above 4800. The resolution inside a PDF follows from the placed size of the image. A page
    that is more than one image is drawn at 300 dpi, whatever its images were scanned at.
    """
    return _guarded(scan.path, _label(scan), lambda decoder: _header(decoder, scan))


def read_pixels(scan: ScanFile, reduce: int = 1, deep: bool = False) -> NDArray[Any]:
    """Upright pixels of a scan.

    Parameters
    ----------
    scan : ScanFile
    reduce : {1, 2, 3, 4, 8}
        Pixel k of the result averages the full-resolution pixels ``reduce * k`` to ``reduce * k + reduce - 1``, along
        rows and columns; the last one may be partial.
    deep : bool
        16-bit scans stay uint16.

    Returns
    -------
    pixels : ndarray, shape (h, w) or (h, w, 3), uint8
        Gray or RGB, C-contiguous; the values of 16-bit scans are rounded. One-bit scans are 0 (black) and 255 (white). Transparent
        parts are white. CMYK is converted with the profile in the file, where there is one; other profiles are ignored.

    Raises
    ------
    ScanError
        The file is damaged, ends too early, does not deliver what its header declares, or is not supported.

    Notes
    -----
    A JPEG is averaged by its decoder, which rounds once more: single values may differ by a few levels from an average
    of the decoded pixels. Damage that leaves a valid stream is seen by PNG only, which carries checksums.
    """
    if reduce not in _REDUCTIONS:
        raise ValueError(f"reduce is {reduce}; allowed are {', '.join(map(str, _REDUCTIONS))}")

    pixels = _guarded(scan.path, _label(scan), lambda decoder: decoder.pixels(scan.path, scan.frame, reduce))
    if pixels.dtype == np.uint16 and not deep:
        pixels = cv2.convertScaleAbs(pixels, alpha=1 / 257)
    return np.ascontiguousarray(pixels)


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    try:
        _refuse_other_than_file(path)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except Unusable as fault:
        raise ScanError(f"{path.name} {fault}.") from fault
    except OSError as fault:
        raise ScanError(
            f"{path.name} cannot be read ({fault.strerror}). Check the file and its permissions."
        ) from fault


def _label(scan: ScanFile) -> str:
    return f"{scan.name}, page {scan.frame + 1}," if scan.frame else scan.name


def _guarded(path: Path, label: str, read: Callable[[ModuleType], T]) -> T:
    kind, limit = "image", MOST_PIXELS // 1_000_000
    try:
        kind = _format(path)
        return read(_decoder(kind))
    except Unusable as fault:
        raise ScanError(f"{label} {fault}.") from fault
    except Image.DecompressionBombError as fault:
        raise ScanError(f"{label} declares more than {limit} megapixels. Rescan the page at 300 or 600 dpi.") from fault
    except MemoryError as fault:
        raise ScanError(f"{label} does not fit into memory. Rescan the page at 300 or 600 dpi.") from fault
    except UnidentifiedImageError as fault:
        raise ScanError(
            f"{label} is a damaged {kind} or one of a rare kind. Export it again or rescan the page."
        ) from fault
    except OSError as fault:
        if "truncated" in str(fault).lower():
            raise ScanError(f"{label} ends too early (truncated): copy the file again or rescan the page.") from fault
        raise ScanError(f"{label} cannot be read as {kind} ({fault}). Export it again or rescan the page.") from fault
    except Exception as fault:  # image libraries raise anything on a damaged file, and one page must not stop a copy
        reason = f"{type(fault).__name__}: {fault}"
        raise ScanError(f"{label} cannot be read as {kind} ({reason}). Export it again or rescan the page.") from fault


def _decoder(kind: str) -> ModuleType:
    """Imported when the first file of its kind is met: each needs a library of its own."""
    return import_module(f"qc.scan.decoders.{kind.lower()}")


def _format(path: Path) -> str:
    _refuse_other_than_file(path)
    with path.open("rb") as file:
        start = file.read(_PDF_WITHIN)
    if not start:
        raise Unusable("is empty (0 bytes): copy the file again or rescan the page")
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            return kind
    if b"%PDF-" in start:
        return "PDF"
    raise Unusable("is not in a supported format: export it as TIFF, JPEG, PNG or PDF, or rescan the page")


def _refuse_other_than_file(path: Path) -> None:
    if path.is_symlink() and leads_outside(path, path.parent):
        raise Unusable("is a link to a place outside its folder, which is not read: copy the file itself there")
    if not path.is_file():
        raise Unusable("is not there or is no file: check the path")


def _header(decoder: ModuleType, scan: ScanFile) -> ScanHeader:
    info: Info = decoder.info(scan.path, scan.frame)
    refuse_giant(info.width_px, info.height_px)
    width, height = info.turn.size(info.width_px, info.height_px)
    dpi = info.turn.size(*info.dpi) if info.dpi else None  # type: ignore[arg-type]
    kind = decoder.__name__.rpartition(".")[2].upper()
    return ScanHeader(kind, width, height, _credible(dpi), dpi, info.gray, info.bits)


def _credible(dpi: tuple[float, float] | None) -> Resolution | None:
    if dpi is None:
        return None
    x, y = map(_rounded, dpi)
    if any(not _LEAST_DPI <= v <= _MOST_DPI or v in _NOT_STATED_DPI for v in (x, y)):
        return None
    return Resolution(x, y)


def _rounded(dpi: float) -> float:
    """Undo the rounding of formats that count pixels per meter or centimeter."""
    for whole, tolerance in ((50 * round(dpi / 50), 1e-3), (round(dpi), 2e-4)):
        if abs(dpi - whole) <= tolerance * dpi:
            return float(whole)
    return dpi
