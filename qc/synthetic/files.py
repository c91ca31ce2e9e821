"""Scans as files: format, compression, resolution tag, EXIF orientation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image
from PIL.JpegImagePlugin import get_sampling

from qc.synthetic.scanner import Pixels, Scanner

_SUFFIX = {"jpeg": ".jpg", "png": ".png", "tiff": ".tif"}
_SUBSAMPLING = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}
_TIFF = {None: None, "lzw": "tiff_lzw", "deflate": "tiff_adobe_deflate", "g4": "group4"}
_ORIENTATION_TAG = 0x0112
_MODES = ("L", "RGB", "I;16", "I;16B")


def suffix(scanner: Scanner) -> str:
    """Suffix of the scanner's files, with its dot."""
    return _SUFFIX[scanner.format]


def write_scan(path: Path | str, image: Pixels, scanner: Scanner) -> Path:
    """Write a drawn scan as the scanner would, in the folder that is there.

    Parameters
    ----------
    path : path
        With the suffix of `scanner.format`.
    image : ndarray
        As `draw_scan` returned it.
    scanner : Scanner
        Says format, compression, tag and orientation.
    """
    file = Path(path)
    stored = _before_orientation(image, scanner.exif_orientation)
    dpi = scanner.dpi if scanner.dpi_tag == 0 else scanner.dpi_tag
    if stored.dtype == np.uint16:
        _write_16_bit(file, stored, scanner, dpi)
        return file
    picture = Image.fromarray(stored)
    if scanner.mode == "bitonal":
        picture = picture.point(lambda v: 255 * (v > 127), mode="1")
    options: dict[str, Any] = {} if dpi is None else {"dpi": (dpi, dpi)}
    if scanner.exif_orientation != 1:
        exif = Image.Exif()
        exif[_ORIENTATION_TAG] = scanner.exif_orientation
        options["exif"] = exif
    if scanner.format == "jpeg":
        options |= {"quality": scanner.quality, "subsampling": _SUBSAMPLING[scanner.subsampling]}
    elif scanner.format == "tiff":
        options |= {"compression": _TIFF[scanner.compression]}
    else:
        options |= {"compress_level": 1}
    picture.save(file, scanner.format.upper(), **options)
    return file


def rewrite_scan(source: Path, target: Path, image: Pixels) -> Path:
    """Write other pixels as the file of a scan: its format, compression, resolution, orientation and color profile.

    Parameters
    ----------
    source : path
        A JPEG, PNG or TIFF of one picture; it is left alone.
    target : path
        Of the same suffix.
    image : ndarray
        Upright, of the size and kind of `source`.

    Raises
    ------
    ValueError
        The file is no such picture, or has 1 bit a pixel.
    """
    with Image.open(source) as old:
        old.load()
        orientation = old.getexif().get(_ORIENTATION_TAG, 1)
        stored = _before_orientation(image, orientation)
        deep = stored.dtype == np.uint16
        if old.mode not in _MODES or old.format not in ("JPEG", "PNG", "TIFF") or getattr(old, "n_frames", 1) != 1:
            raise ValueError(f"{source.name} is no gray or color JPEG, PNG or TIFF of one picture")
        options: dict[str, Any] = {k: old.info[k] for k in ("dpi", "icc_profile") if old.info.get(k)}
        if old.format == "JPEG":
            options |= {"qtables": getattr(old, "quantization", None), "subsampling": max(0, get_sampling(old))}
        elif old.format == "TIFF":
            if deep:
                return _rewrite_16_bit(source, target, stored)
            options["compression"] = old.info.get("compression", "raw")
        else:
            options["compress_level"] = 1
        if old.getexif() and old.format != "TIFF":
            options["exif"] = old.getexif()
        elif orientation != 1:
            options["tiffinfo"] = {_ORIENTATION_TAG: orientation}
        if (stored.ndim == 3 and old.mode == "L") or (stored.ndim == 2 and old.mode == "RGB"):
            raise ValueError(f"{source.name} is {old.mode}, the picture is not")
        Image.fromarray(stored).save(target, old.format, **options)
    return target


def _rewrite_16_bit(source: Path, target: Path, stored: Pixels) -> Path:
    with tifffile.TiffFile(source) as old:
        page = old.pages.first
        tags = {t: page.tags[t].value for t in ("XResolution", "YResolution", "ResolutionUnit") if t in page.tags}
        orientation = page.tags["Orientation"].value if "Orientation" in page.tags else 1
        resolution = (
            [n / d for n, d in (tags[t] for t in ("XResolution", "YResolution"))] if "XResolution" in tags else None
        )
        tifffile.imwrite(
            target,
            stored,
            photometric=page.photometric,
            resolution=resolution,
            resolutionunit=tags.get("ResolutionUnit"),
            compression=page.compression,
            extratags=[(_ORIENTATION_TAG, 3, 1, int(orientation), True)] if orientation != 1 else (),
        )
    return target


def _write_16_bit(file: Path, stored: Pixels, scanner: Scanner, dpi: float | None) -> None:
    if scanner.format != "tiff":
        raise ValueError(f"16 bits a channel are written as TIFF only, not as {scanner.format}; set format='tiff'")
    tifffile.imwrite(
        file,
        stored,
        photometric="rgb" if stored.ndim == 3 else "minisblack",
        resolution=None if dpi is None else (dpi, dpi),
        resolutionunit=None if dpi is None else "INCH",
        compression=None if scanner.compression is None else "zlib",
        extratags=[(_ORIENTATION_TAG, 3, 1, scanner.exif_orientation, True)] if scanner.exif_orientation != 1 else (),
    )


def _before_orientation(image: Pixels, orientation: int) -> Pixels:
    """The stored picture which the orientation tag turns into `image`."""
    match orientation:
        case 1:
            return image
        case 2:
            return np.ascontiguousarray(image[:, ::-1])
        case 3:
            return np.ascontiguousarray(image[::-1, ::-1])
        case 4:
            return np.ascontiguousarray(image[::-1])
        case 5:
            return np.ascontiguousarray(image.swapaxes(0, 1))
        case 6:
            return np.ascontiguousarray(np.rot90(image, 1))
        case 7:
            return np.ascontiguousarray(image.swapaxes(0, 1)[::-1, ::-1])
        case 8:
            return np.ascontiguousarray(np.rot90(image, -1))
        case _:
            raise ValueError(f"EXIF orientation {orientation} does not exist; use 1 to 8")
