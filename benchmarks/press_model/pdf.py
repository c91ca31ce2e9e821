"""The interior PDF of a title, written with reportlab, and its rasters, made with PDFium."""

from __future__ import annotations

import ctypes
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw
from numpy.typing import NDArray
from PIL import Image
from reportlab import rl_config
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from . import geometry
from .contents import BLEED_MM, Color, Page

U8 = NDArray[Any]  # uint8
PT = 72 / 25.4
rl_config.useA85 = 0


@dataclass(frozen=True)
class Layout:
    """How the PDF is laid out: trim (mm), ``bleed`` and ``trimbox`` flags, ``space`` of color (gray, rgb, cmyk)."""

    width: float
    height: float
    bleed: bool
    trimbox: bool
    space: str

    def origin(self, number: int) -> tuple[float, float]:
        """Return the trim corner left and top in mm from the corner of the page's box.

        KDP's bleed is at the outside, head and tail only; with a TrimBox the bleed is on all sides.
        """
        if not self.bleed:
            return 0.0, 0.0
        return (BLEED_MM if self.trimbox or number % 2 == 0 else 0.0), BLEED_MM

    def size(self) -> tuple[float, float]:
        """Return the page's box in mm."""
        if not self.bleed:
            return self.width, self.height
        return self.width + BLEED_MM * (2 if self.trimbox else 1), self.height + 2 * BLEED_MM


def _cmyk(color: Color) -> tuple[float, float, float, float]:
    k = 1 - max(color)
    if k >= 1:
        return 0, 0, 0, 1
    c, m, y = ((1 - v - k) / (1 - k) for v in color)
    return c, m, y, k


def _image(data: U8, space: str, lossy: bool) -> ImageReader:
    if space == "cmyk":
        if data.ndim == 2:
            planes = np.zeros((*data.shape, 4), np.uint8)
            planes[..., 3] = 255 - data
        else:
            ink = 255 - data
            k = (ink.min(axis=2).astype(np.float32) * 0.75).astype(np.uint8)
            planes = np.dstack([*(cv2.subtract(np.ascontiguousarray(ink[..., i]), k) for i in range(3)), k])
        return ImageReader(Image.fromarray(planes, "CMYK"))
    if space == "rgb" and data.ndim == 2:
        data = np.dstack([data] * 3)
    image = Image.fromarray(data)
    if lossy:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=88, subsampling=0)
        return ImageReader(io.BytesIO(buffer.getvalue()))
    return ImageReader(image)


class _Pen:
    """Draws items on a reportlab canvas; millimeters from the trim corner, y down, become points, y up."""

    def __init__(self, sheet: Any, layout: Layout, number: int) -> None:
        self.c = sheet
        self.space = layout.space
        self.ox, self.oy = layout.origin(number)
        self.h = layout.size()[1]

    def xy(self, x: float, y: float) -> tuple[float, float]:
        return (x + self.ox) * PT, (self.h - y - self.oy) * PT

    def fill(self, color: Color) -> None:
        if self.space == "cmyk":
            self.c.setFillColorCMYK(*_cmyk(color))
        elif self.space == "gray" and len(set(color)) == 1:
            self.c.setFillGray(color[0])
        else:
            self.c.setFillColorRGB(*color)

    def edge(self, color: Color, width: float) -> None:
        if self.space == "cmyk":
            self.c.setStrokeColorCMYK(*_cmyk(color))
        elif self.space == "gray" and len(set(color)) == 1:
            self.c.setStrokeGray(color[0])
        else:
            self.c.setStrokeColorRGB(*color)
        self.c.setLineWidth(width)

    def draw(self, op: str, a: dict[str, Any]) -> None:
        c = self.c
        if op == "rect":
            self.fill(a["fill"])
            x, y = self.xy(a["x"], a["y"] + a["h"])
            c.rect(x, y, a["w"] * PT, a["h"] * PT, stroke=0, fill=1)
        elif op == "box":
            if a["fill"]:
                self.fill(a["fill"])
            self.edge(a["color"], a["width"])
            x, y = self.xy(a["x"], a["y"] + a["h"])
            c.rect(x, y, a["w"] * PT, a["h"] * PT, stroke=1, fill=1 if a["fill"] else 0)
        elif op == "ellipse":
            self.fill(a["fill"])
            x, y = self.xy(a["x"], a["y"])
            c.ellipse(x - a["rx"] * PT, y - a["ry"] * PT, x + a["rx"] * PT, y + a["ry"] * PT, stroke=0, fill=1)
        elif op == "ring":
            self.edge(a["color"], a["width"])
            c.circle(*self.xy(a["x"], a["y"]), a["r"] * PT, stroke=1, fill=0)
        elif op in ("line", "poly"):
            path = c.beginPath()
            path.moveTo(*self.xy(*a["points"][0]))
            for point in a["points"][1:]:
                path.lineTo(*self.xy(*point))
            if op == "poly":
                path.close()
                self.fill(a["fill"])
                c.drawPath(path, stroke=0, fill=1)
            else:
                self.edge(a["color"], a["width"])
                c.drawPath(path, stroke=1, fill=0)
        elif op == "text":
            self.fill(a["color"])
            text = c.beginText(*self.xy(a["x"], a["y"]))
            text.setFont(a["font"], a["size"])
            text.setWordSpace(a["space"])
            text.textOut(a["string"])
            c.drawText(text)
        elif op == "image":
            x, y = self.xy(a["x"], a["y"] + a["h"])
            c.drawImage(_image(a["data"], self.space, a["lossy"]), x, y, a["w"] * PT, a["h"] * PT)
        else:
            raise ValueError(op)


def write(pages: Sequence[Page], layout: Layout, without: int | None = None) -> bytes:
    """Return the PDF of ``pages``; item ``without`` of every page is left out (for a lost line)."""
    buffer = io.BytesIO()
    w, h = layout.size()
    sheet = canvas.Canvas(buffer, pagesize=(w * PT, h * PT), pageCompression=1, invariant=1)
    for page in pages:
        if layout.trimbox:
            x, y = layout.origin(page.number)
            box = (x * PT, y * PT, (x + layout.width) * PT, (y + layout.height) * PT)
            sheet.setTrimBox(box)
            sheet.setBleedBox((0, 0, w * PT, h * PT))
        pen = _Pen(sheet, layout, page.number)
        for index, item in enumerate(page.items):
            if index != without:
                pen.draw(item.op, item.args)
        sheet.showPage()
    sheet.save()
    return buffer.getvalue()


class Rasterizer:
    """Rasters of a PDF by PDFium, gray or BGR, in any affine frame."""

    def __init__(self, data: bytes, layout: Layout) -> None:
        self.data = data
        self.doc = pdfium.PdfDocument(data)
        self.layout = layout

    def _bitmap(self, index: int, matrix: geometry.F64, shape: tuple[int, int], color: bool) -> U8:
        """Return the raster of page ``index`` with ``matrix`` (points from the box's top left corner -> pixels)."""
        rows, cols = shape
        kind = raw.FPDFBitmap_BGR if color else raw.FPDFBitmap_Gray
        bitmap = raw.FPDFBitmap_CreateEx(cols, rows, kind, None, 0)
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, cols, rows, 0xFFFFFFFF)
        m = raw.FS_MATRIX(matrix[0, 0], matrix[1, 0], matrix[0, 1], matrix[1, 1], matrix[0, 2], matrix[1, 2])
        page = self.doc[index]
        raw.FPDF_RenderPageBitmapWithMatrix(bitmap, page, m, raw.FS_RECTF(0, 0, cols, rows), 0)
        stride = raw.FPDFBitmap_GetStride(bitmap)
        pointer = ctypes.cast(raw.FPDFBitmap_GetBuffer(bitmap), ctypes.POINTER(ctypes.c_uint8))
        view = np.ctypeslib.as_array(pointer, (rows, stride))
        out = view[:, : cols * 3].reshape(rows, cols, 3).copy() if color else view[:, :cols].copy()
        raw.FPDFBitmap_Destroy(bitmap)
        page.close()
        return out

    def render(
        self,
        number: int,
        matrix: geometry.F64,
        shape: tuple[int, int],
        color: bool,
        upright: bool,
        index: int | None = None,
    ) -> U8:
        """Rasterize a page in a frame of its own.

        Parameters
        ----------
        number : int
            Page number from 1 (its side decides where the bleed is).
        matrix : ndarray
            Reference mm -> pixels of the frame, continuous.
        shape : tuple of int
            Rows and columns of the frame.
        color : bool
            BGR, else gray.
        upright : bool
            Rasterize upright at 600 dpi and warp (faster for pages with pictures); else rasterize in the frame.
        index : int, optional
            Index of the page in the PDF where it is not ``number - 1``.
        """
        index = number - 1 if index is None else index
        ox, oy = self.layout.origin(number)
        to_ref = geometry.shift(-ox, -oy) @ geometry.scale(1 / PT, 1 / PT)
        if not upright:
            return self._bitmap(index, matrix @ to_ref, shape, color)
        k = 600 / 25.4
        w, h = self.layout.size()
        flat = self._bitmap(index, geometry.scale(600 / 72, 600 / 72), (round(h * k), round(w * k)), color)
        full = matrix @ geometry.shift(-ox, -oy) @ geometry.scale(1 / k, 1 / k)
        full = geometry.shift(-0.5, -0.5) @ full @ geometry.shift(0.5, 0.5)
        return cv2.warpAffine(
            flat,
            full[:2],
            (shape[1], shape[0]),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(255, 255, 255),
        )

    def overview(self, number: int, dpi: float = 100) -> U8:
        """Return the page's trim area upright in gray at ``dpi``."""
        k = dpi / 25.4
        shape = (round(self.layout.height * k), round(self.layout.width * k))
        return self.render(number, geometry.scale(k, k), shape, False, False)
