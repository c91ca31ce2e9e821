"""Shared by all decoders: upright orientation, reduction, alpha, CMYK, and refusal of impossible sizes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Pixels = NDArray[Any]

MOST_PIXELS = 250_000_000
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


class Unusable(Exception):
    """Why a scan cannot be used and what to do, as the rest of a sentence that begins with the name of the scan."""


class Turn(NamedTuple):
    """How stored pixels become upright: transpose, then flip the rows, then the columns."""

    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Upright width and height of an image stored with the given ones."""
        return (height, width) if self.transpose else (width, height)

    def keeps_grid(self, width: int, height: int, reduce: int) -> bool:
        """Whether blocks of `reduce` stored pixels, counted from left and top, are the same blocks when upright."""
        width, height = self.size(width, height)
        return not (self.flip_columns and width % reduce) and not (self.flip_rows and height % reduce)

    def apply(self, pixels: Pixels) -> Pixels:
        if self.transpose:
            pixels = pixels.swapaxes(0, 1)
        if self.flip_rows:
            pixels = pixels[::-1]
        if self.flip_columns:
            pixels = pixels[:, ::-1]
        return pixels


UPRIGHT = Turn()
EXIF_TURNS = {
    1: UPRIGHT,
    2: Turn(False, False, True),
    3: Turn(False, True, True),
    4: Turn(False, True, False),
    5: Turn(True, False, False),
    6: Turn(True, False, True),
    7: Turn(True, True, True),
    8: Turn(True, True, False),
}


@dataclass(frozen=True)
class Info:
    """What a header says. Sizes and the claimed dpi are along the stored rows and columns, before `turn`."""

    width_px: int
    height_px: int
    gray: bool
    bits: int
    dpi: tuple[float, float] | None = None
    turn: Turn = UPRIGHT


def refuse_giant(width_px: int, height_px: int) -> None:
    """Refuse a declared size that no scan of a book has, before memory is allocated."""
    if width_px < 1 or height_px < 1:
        raise Unusable(f"declares {width_px} x {height_px} pixels, which is no image: rescan the page")
    if width_px * height_px > MOST_PIXELS:
        raise Unusable(
            f"declares {width_px} x {height_px} pixels, more than the {MOST_PIXELS // 1_000_000} megapixels that are "
            "read: rescan the page at 300 or 600 dpi"
        )


def refuse_hollow(needed_bytes: float, held_bytes: int) -> None:
    """Refuse a file that holds fewer bytes than its format needs at the least for the size it declares."""
    if held_bytes < needed_bytes:
        raise Unusable(
            f"ends too early (truncated): it holds {held_bytes} bytes, and the size it declares takes at least "
            f"{needed_bytes:.0f}. Copy the file again or rescan the page"
        )


def refuse_other_size(pixels: Pixels, info: Info, reduce: int = 1) -> Pixels:
    """Refuse upright pixels that are not those the header declares."""
    width, height = info.turn.size(info.width_px, info.height_px)
    declared = (-(-height // reduce), -(-width // reduce), *(() if info.gray else (3,)))
    if pixels.shape != declared:
        raise Unusable(f"declares pixels of shape {declared} and delivers {pixels.shape}: export the scan again")
    return pixels


def shrink(pixels: Pixels, reduce: int) -> Pixels:
    """Average blocks of ``reduce x reduce`` pixels, counted from left and top; the last ones may be partial."""
    if reduce == 1:
        return pixels
    height, width = pixels.shape[:2]
    out = np.empty((-(-height // reduce), -(-width // reduce), *pixels.shape[2:]), pixels.dtype)
    # INTER_AREA averages whole blocks exactly only where the size is a multiple of `reduce`
    for rows, out_rows in _whole_and_rest(height, reduce):
        for columns, out_columns in _whole_and_rest(width, reduce):
            size = (out_columns.stop - out_columns.start, out_rows.stop - out_rows.start)
            out[out_rows, out_columns] = cv2.resize(pixels[rows, columns], size, interpolation=cv2.INTER_AREA)
    return out


def _whole_and_rest(length: int, reduce: int) -> list[tuple[slice, slice]]:
    whole = length // reduce
    parts = [(slice(0, whole * reduce), slice(0, whole)), (slice(whole * reduce, length), slice(whole, whole + 1))]
    return [(full, small) for full, small in parts if full.stop > full.start]


def on_white(pixels: Pixels, premultiplied: bool = False) -> Pixels:
    """RGB of RGBA `pixels`, shape (h, w, 4), laid on white paper; alpha is straight unless `premultiplied`."""
    white = np.iinfo(pixels.dtype).max
    alpha = pixels[..., 3:].astype(np.float32) / white
    color = pixels[..., :3] if premultiplied else pixels[..., :3] * alpha
    return np.rint(np.minimum(color + white * (1 - alpha), white)).astype(pixels.dtype)


def from_pillow(image: Image.Image) -> Pixels:
    """Gray (h, w) or RGB (h, w, 3) pixels of a loaded Pillow image."""
    mode = image.mode
    if mode == "CMYK":
        return np.asarray(_rgb_of_cmyk(image))
    if mode in ("1", "L") and "transparency" not in image.info:
        return np.asarray(image if mode == "L" else image.convert("L"))
    if mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        straight = image.convert("LA") if mode == "La" else image
        rgb = on_white(np.asarray(straight.convert("RGBA")))
        return rgb[..., 0] if mode in ("1", "L", "LA", "La") else rgb
    if mode == "RGB":  # to convert it would copy it
        return np.asarray(image)
    if mode in ("RGBX", "P", "YCbCr"):
        return np.asarray(image.convert("RGB"))
    raise Unusable(
        f"holds pixels of a kind that is not supported ({mode}): export the scan as 8-bit or 16-bit gray or RGB"
    )


def _rgb_of_cmyk(image: Image.Image) -> Image.Image:
    profile: Any = image.info.get("icc_profile")
    if profile:
        try:
            converted = ImageCms.profileToProfile(
                image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError):
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")
