"""Barcodes: the printer's own on the imprint page, and the ISBN on a cover."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from qc.geometry import Affine, Box
from qc.isbn import normalized, same_book

Gray = NDArray[np.uint8]

_IMPRINT = zxingcpp.BarcodeFormats(
    [
        zxingcpp.BarcodeFormat.Code128,
        zxingcpp.BarcodeFormat.ITF,
        zxingcpp.BarcodeFormat.DataMatrix,
        zxingcpp.BarcodeFormat.QRCode,
    ]
)
_CODE_128 = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.Code128])
_MATRIX = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.DataMatrix, zxingcpp.BarcodeFormat.QRCode])
_EAN = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.EAN13])
_NAMES = {"Code128": "Code 128", "ITF": "ITF", "DataMatrix": "Data Matrix", "QRCode": "QR"}
LEAST_ITF = 8
"""Digits of an ITF that is believed: it has no checksum, and a part of a longer one reads as a shorter one."""


@dataclass(frozen=True)
class Code:
    """A barcode that was read: `kind` as printed in reports, `text`, and its box x0, y0, x1, y1 in pixels."""

    kind: str
    text: str
    box_px: Box


@dataclass(frozen=True)
class IsbnCode:
    """The ISBN of an EAN-13: 13 digits, the digits of its add-on (or ""), whether two readers or the expected number
    bear it out, and its box in pixels."""

    isbn: str
    addon: str
    sure: bool
    box_px: Box


def read_codes(gray: Gray, skew_deg: float | None = None) -> list[Code]:
    """Code 128, ITF, Data Matrix and QR codes of a page.

    Parameters
    ----------
    gray : ndarray, shape (h, w), uint8
    skew_deg : float, optional
        Turn of the print, clockwise positive, where it is known: faint, blurred codes may then be averaged along their
        bars.

    Returns
    -------
    list of Code
        From the top down.

    Notes
    -----
    A page without any is looked at again at twice its size: modules of 0.2 mm at 200 dpi are 1.6 px wide. Only
    formats with a checksum may be read so; an ITF needs an even number of at least 8 digits. What is still not read is
    averaged along the bars (Code 128) or freed of noise (Data Matrix, QR), and sharpened; never an ITF, which has no
    checksum.
    """
    found = _imprint_codes(gray, 1.0)
    if not found:
        double = cv2.resize(gray, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        found = _imprint_codes(np.asarray(double, np.uint8), 2.0)
    if not found and skew_deg is not None:
        found = _faint_codes(gray, skew_deg)
    return sorted(found, key=lambda c: c.box_px[1])


def read_isbns(gray: Gray, expected: Iterable[str] = ()) -> list[IsbnCode]:
    """ISBNs in the EAN-13 barcodes of a cover.

    Parameters
    ----------
    gray : ndarray, shape (h, w), uint8
        At 300 dpi or less; never enlarged.
    expected : iterable of str
        ISBNs it may well be: a read that equals one of them is sure.

    Returns
    -------
    list of IsbnCode
        One for each number, sure ones first.

    Notes
    -----
    A valid check digit is no proof: one misread in ten passes it. A number is sure when two independent readers
    (zxing-cpp, OpenCV) agree and neither reads another one, or when it was expected. Numbers that do not begin with 978
    or 979 are passed over: goods carry EAN-13, too.
    """
    by_zxing: dict[str, tuple[str, Box]] = {}
    for b in zxingcpp.read_barcodes(gray, formats=_EAN, ean_add_on_symbol=zxingcpp.EanAddOnSymbol.Read):
        digits = b.text.replace(" ", "")
        if isbn := normalized(digits[:13]):
            by_zxing.setdefault(isbn, (digits[13:], _box(b.position)))
    by_opencv = _opencv_isbns(gray)
    codes = []
    for isbn in dict.fromkeys([*by_zxing, *by_opencv]):
        addon, box = by_zxing.get(isbn, ("", by_opencv.get(isbn, (0.0, 0.0, 0.0, 0.0))))
        both = isbn in by_zxing and isbn in by_opencv
        codes.append(IsbnCode(isbn, addon, both or any(same_book(isbn, e) for e in expected), box))
    return sorted(codes, key=lambda c: not c.sure)


def _faint_codes(gray: Gray, skew_deg: float) -> list[Code]:
    height, width = gray.shape
    center = Affine.shift(width / 2, height / 2)
    level = center.after(Affine.rotation(skew_deg)).after(center.inverse())
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    page = cv2.warpAffine(gray, level.matrix, gray.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    low, high = np.quantile(page, (0.001, 0.6))
    page = np.clip((page - low) * (255.0 / max(high - low, 1.0)), 0, 255).astype(np.uint8)
    along = _sharpened(cv2.blur(page, (1, 9)), 2.0, 1.5)
    found = _imprint_codes(along, 2.0, _CODE_128)
    if not found:
        quiet = np.asarray(cv2.fastNlMeansDenoising(page, None, 12, 5, 15), np.uint8)
        found = _imprint_codes(_sharpened(quiet, 1.5, 1.0), 2.0, _MATRIX)
    codes = []
    for code in found:
        x0, y0, x1, y1 = code.box_px
        corners = level([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        codes.append(Code(code.kind, code.text, (float(left), float(top), float(right), float(bottom))))
    return codes


def _sharpened(gray: NDArray[Any], sigma_px: float, amount: float) -> Gray:
    sharp = cv2.addWeighted(gray, 1 + amount, cv2.GaussianBlur(gray, (0, 0), sigma_px), -amount, 0)
    return np.asarray(cv2.resize(sharp, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)


def _imprint_codes(gray: Gray, enlarged: float, formats: zxingcpp.BarcodeFormats = _IMPRINT) -> list[Code]:
    found: dict[tuple[str, str], Code] = {}
    for b in zxingcpp.read_barcodes(np.ascontiguousarray(gray), formats=formats):
        kind = _NAMES.get(str(b.format).rpartition(".")[2].replace(" ", ""), str(b.format))
        if kind == "ITF" and (len(b.text) < LEAST_ITF or len(b.text) % 2):
            continue
        x0, y0, x1, y1 = (v / enlarged for v in _box(b.position))
        found.setdefault((kind, b.text), Code(kind, b.text, (x0, y0, x1, y1)))
    return _apart(list(found.values()))


def _apart(codes: list[Code]) -> list[Code]:
    """Of codes that lie over each other the largest: a few rows of bars may read as something else."""
    kept: list[Code] = []
    for code in sorted(codes, key=lambda c: -(c.box_px[2] - c.box_px[0]) * (c.box_px[3] - c.box_px[1])):
        x0, y0, x1, y1 = code.box_px
        if not any(x0 < k.box_px[2] and k.box_px[0] < x1 and y0 < k.box_px[3] and k.box_px[1] < y1 for k in kept):
            kept.append(code)
    return kept


def _opencv_isbns(gray: Gray) -> dict[str, Box]:
    """What OpenCV reads, with the page as it lies and turned by a quarter: it finds bars that stand up best."""
    found: dict[str, Box] = {}
    width = gray.shape[1]
    for turned in (False, True):
        picture = np.ascontiguousarray(np.rot90(gray)) if turned else gray
        _, texts, _, corners = cv2.barcode.BarcodeDetector().detectAndDecodeWithType(picture)
        for text, quad in zip(texts, np.asarray(corners if texts else ()).reshape(-1, 4, 2), strict=True):
            isbn = normalized(text)
            if isbn is None or len(text) != len(isbn):
                continue
            (x0, y0), (x1, y1) = quad.min(axis=0), quad.max(axis=0)
            box = (width - 1 - y1, x0, width - 1 - y0, x1) if turned else (x0, y0, x1, y1)
            found.setdefault(isbn, (float(box[0]), float(box[1]), float(box[2]), float(box[3])))
    return found


def _box(position: Any) -> Box:
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    xs, ys = [float(p.x) for p in corners], [float(p.y) for p in corners]
    return min(xs), min(ys), max(xs), max(ys)
