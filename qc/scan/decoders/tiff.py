"""TIFF: tifffile reads directories and plain pixels, Pillow what is compressed, OpenCV compressed 16-bit color."""

from __future__ import annotations

import logging
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from PIL import Image

from qc.scan.decoders import jpeg, libtiff
from qc.scan.decoders.raster import (
    EXIF_TURNS,
    UPRIGHT,
    Info,
    Pixels,
    Unusable,
    from_pillow,
    on_white,
    refuse_giant,
    refuse_hollow,
    refuse_other_size,
    shrink,
)

# tifffile logs each oddity of a file to stderr when nobody listens
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)

_REDUCED_OR_MASK = 1 | 4
_NONE, _DEFLATE, _JPEG, _FAX = (1,), (8, 32946), 7, (2, 3, 4)
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_PREMULTIPLIED, _STRAIGHT = 1, 2
_SEPARATE = 2
_MOST_BYTES_PER_BYTE = 1032
_PADDING = 16
# one more than the pages that are counted
_MOST_DIRECTORIES, _FILES_KNOWN = 10_001, 64
_known: dict[tuple[Path, int, int], tuple[int, ...]] = {}


def count(path: Path) -> int:
    with tifffile.TiffFile(path) as tiff:
        return len(_kept(path, tiff))


def info(path: Path, frame: int) -> Info:
    with tifffile.TiffFile(path) as tiff:
        return _info(_page(path, tiff, frame))


def pixels(path: Path, frame: int, reduce: int) -> Pixels:
    with tifffile.TiffFile(path) as tiff:
        page = _page(path, tiff, frame)
        head = _info(page)
        _check_segments(page, head, path.stat().st_size)
        if _is_plain(page):
            return shrink(refuse_other_size(head.turn.apply(_plain(page)), head), reduce)
        if int(page.compression) == _JPEG:
            _check_jpeg(path, page)
        elif int(page.compression) in _FAX:
            _check_fax(path, page)
        array = _with_pillow(path, page, head)
        if head.bits == 16 and not head.gray:
            array = _sixteen_bits(path.read_bytes(), page)
    return shrink(refuse_other_size(array, head), reduce)


def _kept(path: Path, tiff: Any) -> tuple[int, ...]:
    """Numbers of the directories that are pages, no thumbnails or masks; kept, as finding them reads all directories."""
    about = path.stat()
    key = (path, about.st_size, about.st_mtime_ns)
    if key not in _known:
        pages = list(islice(tiff.pages, _MOST_DIRECTORIES))
        if not pages:
            raise Unusable("is a TIFF without any image: export the scan again")
        kept = tuple(n for n, p in enumerate(pages) if not int(p.subfiletype) & _REDUCED_OR_MASK)
        while len(_known) >= _FILES_KNOWN:
            _known.pop(next(iter(_known)), None)
        _known[key] = kept or tuple(range(len(pages)))
    return _known[key]


def _page(path: Path, tiff: Any, frame: int) -> Any:
    kept = _kept(path, tiff)
    if not 0 <= frame < len(kept):
        raise Unusable(f"does not exist: the file has {len(kept)} page(s). Check whether the file was replaced")
    return tiff.pages[kept[frame]]


def _info(page: Any) -> Info:
    width, height = int(page.imagewidth), int(page.imagelength)
    refuse_giant(width, height)
    bits, photometric, samples = page.bitspersample, page.photometric, int(page.samplesperpixel)
    if bits not in (1, 2, 4, 8, 16) or page.sampleformat not in (None, 1) or page.imagedepth != 1:
        kind = f"{bits} bits a channel, sample format {page.sampleformat}, depth {page.imagedepth}"
        raise Unusable(f"is a kind of TIFF that is not supported ({kind}): export the scan with 8 or 16 bits a channel")
    if photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR):
        raise Unusable(f"is a TIFF in a color space that is not supported ({photometric}): export the scan as RGB")
    if photometric == _CMYK and bits == 16:
        raise Unusable("is a CMYK TIFF of 16 bits, which is not supported: export the scan as RGB")
    gray = photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO)
    least = {_RGB: 3, _CMYK: 4, _YCBCR: 3}.get(photometric, 1)
    if samples < least or samples > least + 1:
        raise Unusable(f"has {samples} channels, which is not supported: export the scan as gray or RGB")
    value = page.tags.valueof
    dpi = jpeg.dpi_of_tags(_rational(value(282)), _rational(value(283)), value(296))
    turn = EXIF_TURNS.get(value(274, 1), UPRIGHT)
    return Info(width, height, gray, 16 if bits == 16 else 1 if bits == 1 and gray else 8, dpi, turn)


def _rational(value: Any) -> float | None:
    if isinstance(value, tuple) and len(value) == 2:
        return value[0] / value[1] if value[1] else None
    return value if isinstance(value, (int, float)) else None


def _check_segments(page: Any, head: Info, file_bytes: int) -> None:
    """Refuse what is not all there; decoders fill missing strips with zeros or leave out the end."""
    offsets, counts = page.dataoffsets, page.databytecounts
    if not counts or len(offsets) != len(counts):
        raise Unusable("is a TIFF without pixels: export the scan again or rescan the page")
    # some scanners write 0 for the one strip of a page; what libtiff makes of that is checked by its own decoder
    if len(counts) > 1 and not all(counts):
        raise Unusable("is a TIFF with missing strips: copy the file again or rescan the page")
    end = max(o + c for o, c in zip(offsets, counts, strict=True))
    if end > file_bytes or max(offsets) >= file_bytes:
        raise Unusable(
            f"ends too early (truncated): it holds {file_bytes} bytes and says its pixels reach to {end}. "
            "Copy the file again or rescan the page"
        )
    if int(page.compression) in (*_NONE, *_DEFLATE) and page.photometric != _YCBCR:
        needed = head.height_px * (head.width_px * page.bitspersample * page.samplesperpixel // 8)
        refuse_hollow(needed / (1 if int(page.compression) in _NONE else _MOST_BYTES_PER_BYTE), sum(counts))


def _check_jpeg(path: Path, page: Any) -> None:
    """Refuse JPEG segments that are damaged; libtiff fills them up and says nothing."""
    tables = page.jpegtables
    with path.open("rb") as file:
        for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True):
            file.seek(offset)
            segment = file.read(length)
            jpeg.check(tables[:-2] + segment[2:] if tables else segment)


def _check_fax(path: Path, page: Any) -> None:
    """Refuse fax segments that end in zeros, as a copy that broke off leaves them; libtiff takes them for white rows."""
    with path.open("rb") as file:
        for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True):
            file.seek(offset + max(length - _PADDING, 0))
            if length > _PADDING and not any(file.read(_PADDING)):
                raise Unusable("ends in zeros (an incomplete copy): copy the file again or rescan the page")


def _is_plain(page: Any) -> bool:
    samples = 3 if page.photometric == _RGB else 1
    return (
        int(page.compression) in (*_NONE, *_DEFLATE)
        and page.predictor in (1, 2)
        and page.bitspersample in (8, 16)
        and page.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB)
        and page.samplesperpixel == samples
    )


def _plain(page: Any) -> Pixels:
    array = np.squeeze(page.asarray(maxworkers=1))
    array = array.reshape(page.shape)
    if array.ndim == 3 and page.planarconfig == _SEPARATE:
        array = np.moveaxis(array, 0, 2)
    if page.photometric == _WHITE_IS_ZERO:
        array = np.iinfo(array.dtype).max - array
    return np.asarray(array.astype(array.dtype.newbyteorder("=")))


def _with_pillow(path: Path, page: Any, head: Info) -> Pixels:
    """Upright pixels; Pillow turns a TIFF by its orientation tag when it loads it."""
    if page.planarconfig == _SEPARATE and page.samplesperpixel == 2:
        # Pillow leaves the alpha of these at 0, and all turns to white
        raise Unusable("stores gray and alpha in separate planes, which is not supported: export it without alpha")
    with Image.open(path, formats=["TIFF"]) as image:
        image.seek(page.index)
        with libtiff.refuse_damage():
            image.load()
        array = from_pillow(image)
    if head.bits == 16 and page.photometric == _WHITE_IS_ZERO:
        array = np.iinfo(np.uint16).max - array
    return array


def _sixteen_bits(data: bytes, page: Any) -> Pixels:
    """Upright 16-bit RGB; OpenCV turns a TIFF by its orientation tag, too."""
    if page.planarconfig == _SEPARATE:
        raise Unusable("stores 16-bit channels in separate planes, which is not supported: export it uncompressed")
    done, frames = cv2.imdecodemulti(
        np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED, range=(page.index, page.index + 1)
    )
    if not done or frames[0].dtype != np.uint16 or frames[0].ndim != 3:
        raise Unusable("is a 16-bit TIFF that cannot be decoded: export the scan uncompressed or with 8 bits a channel")
    pixels = frames[0]
    if pixels.shape[2] == 3 or page.extrasamples[0] not in (_PREMULTIPLIED, _STRAIGHT):
        return np.asarray(pixels[..., 2::-1])
    rgba = np.asarray(pixels[..., [2, 1, 0, 3]])
    return on_white(rgba, premultiplied=page.extrasamples[0] == _PREMULTIPLIED)
