"""Picture of a wrap: its folds and cuts, and what a shift that is called normal may reach."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from qc.geometry import Box, Direction
from qc.plan.cover_check import CoverCheck
from qc.reference.cover_page import draw_cover
from qc.reference.wrap import Panel, Wrap
from qc.report.files import write_bytes
from qc.units import MM_PER_INCH

_WIDTH_PX = 1400
_BESIDE_SPINE_MM = 8.0
_MARGIN_PX, _CAPTION_PX, _LETTER_PX = 20, 34, 18
_LINE, _BAND, _INK = (0, 110, 220), (255, 140, 0, 90), (30, 30, 30)


def write_picture(check: CoverCheck, path: Path) -> Path:
    """Write the wrap, and below it the spine lying on its side, as PNG; returns `path`.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    wrap = check.wrap
    assert isinstance(wrap, Wrap)
    normal = check.shifts[-1].normal
    whole = _shown(check.path, wrap, (0.0, 0.0, wrap.page.width_mm, wrap.page.height_mm), normal.value)
    x0, y0, x1, y1 = wrap.spine
    strip = (x0 - _BESIDE_SPINE_MM, y0, x1 + _BESIDE_SPINE_MM, y1)
    spine = _shown(check.path, wrap, strip, normal.value, turned=True)
    order = [Panel.BACK, Panel.FRONT] if wrap.direction is Direction.LTR else [Panel.FRONT, Panel.BACK]
    captions = (
        f"{order[0]}, spine, {order[1]}. Lines: folds and cuts. Orange: what a shift of {normal.value:.1f} mm may reach, which "
        f"{normal.printer} calls normal.",
        f"The spine, its head at the left: {order[1]} above, {order[0]} below.",
    )
    picture = _stacked([(captions[0], whole), (captions[1], spine)])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    write_bytes(buffer.getvalue(), path)
    return path


def _shown(path: Path, wrap: Wrap, box: Box, shift_mm: float, turned: bool = False) -> Image.Image:
    """A box of the cover with its lines; `turned` by a quarter counterclockwise, so that its head is at the left."""
    per_mm = _WIDTH_PX / (box[3] - box[1] if turned else box[2] - box[0])
    picture = Image.fromarray(draw_cover(path, per_mm * MM_PER_INCH, box)).convert("RGBA")
    over = Image.new("RGBA", picture.size)
    pen = ImageDraw.Draw(over)
    x0, y0, x1, y1 = wrap.trim
    folds = wrap.spine[0], wrap.spine[2]
    across, along = (box[0], box[2]), (box[1], box[3])
    for fold in folds:
        _fill(pen, box, per_mm, (fold - shift_mm, y0, fold + shift_mm, y1))
    for edge in (
        ()
        if turned
        else (
            (x0, y0, x0 + shift_mm, y1),
            (x1 - shift_mm, y0, x1, y1),
            (x0, y0, x1, y0 + shift_mm),
            (x0, y1 - shift_mm, x1, y1),
        )
    ):
        _fill(pen, box, per_mm, edge)
    for x in folds if turned else (*folds, x0, x1):
        _line(pen, box, per_mm, (x, along[0], x, along[1]))
    for y in () if turned else (y0, y1):
        _line(pen, box, per_mm, (across[0], y, across[1], y))
    shown = Image.alpha_composite(picture, over).convert("RGB")
    return shown.transpose(Image.Transpose.ROTATE_90) if turned else shown


def _px(box: Box, per_mm: float, at: Box) -> Box:
    return (at[0] - box[0]) * per_mm, (at[1] - box[1]) * per_mm, (at[2] - box[0]) * per_mm, (at[3] - box[1]) * per_mm


def _fill(pen: ImageDraw.ImageDraw, box: Box, per_mm: float, at: Box) -> None:
    pen.rectangle(_px(box, per_mm, at), fill=_BAND)


def _line(pen: ImageDraw.ImageDraw, box: Box, per_mm: float, at: Box) -> None:
    """A line that shows on any art: blue between white."""
    pen.line(_px(box, per_mm, at), fill=(255, 255, 255, 255), width=3)
    pen.line(_px(box, per_mm, at), fill=_LINE, width=1)


def _stacked(parts: list[tuple[str, Image.Image]]) -> Image.Image:
    height = sum(_CAPTION_PX + image.height + _MARGIN_PX for _, image in parts) + _MARGIN_PX
    page = Image.new("RGB", (max(image.width for _, image in parts) + 2 * _MARGIN_PX, height), "white")
    pen = ImageDraw.Draw(page)
    y = _MARGIN_PX
    for caption, image in parts:
        pen.text((_MARGIN_PX, y), caption, fill=_INK, font=ImageFont.load_default(_LETTER_PX))
        page.paste(image, (_MARGIN_PX, y + _CAPTION_PX))
        y += _CAPTION_PX + image.height + _MARGIN_PX
    return page
