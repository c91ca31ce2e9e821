"""A copy as a stack of leaves: each is cut, printed on two sides and then captured; drawn small and fast.

The block cut is shared by all leaves, with a small jitter of each; the spine edge is cut by the bench. Every side has its own
placement of print, every pass through a scanner its own placement, turn, stretch and noise. A leaf captured twice is one
`Leaf` in two shots; a leaf bound twice is two of them. Page contents and PDFs are those of `press_model`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from press_model import contents, geometry, pdf
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject

U8 = NDArray[Any]  # uint8
SIZES_IN = ((3.0, 4.5), (3.5, 5.0), (4.0, 6.0))
KINDS = {"text": 0.46, "chapter": 0.1, "picture": 0.14, "drawing": 0.1, "poem": 0.1, "table": 0.06}
BLEED_KINDS = KINDS | {"full-bleed": 0.12, "page-color": 0.06}
EDGES = geometry.EDGES


@dataclass
class Title:
    """The ordered book (or another one) as a PDF; pages are counted from 1 as the PDF has them."""

    layout: pdf.Layout
    direction: str
    color: bool
    extras: int
    pages: int
    data: bytes
    raster: pdf.Rasterizer

    def boxed_as(self, page: int) -> int:
        """Number whose parity tells the layout on which side the page's spine was designed."""
        return page - self.extras + (self.direction == "rtl")


@dataclass(frozen=True)
class Content:
    """What a side shows: a page of the ordered title, of the other title (``other``), or nothing (page 0)."""

    page: int = 0
    other: bool = False


BLANK = Content()


@dataclass(eq=False)
class Leaf:
    """A leaf of paper: contents of front and back; cut and prints are filled in by `Press.make`."""

    front: Content
    back: Content
    cut: geometry.Cut | None = None
    prints: tuple[geometry.Print, ...] = ()

    def shows(self, side: int) -> Content:
        """What side 0 (recto) or 1 (verso) shows."""
        return self.back if side else self.front


@dataclass(eq=False)
class Shot:
    """One file (or frame): a side of a leaf in a pass; ``like`` delivers the image of another shot once more."""

    leaf: Leaf
    side: int
    like: Shot | None = None
    suffix: str = ""
    gray: bool = False
    half: bool = False
    name: str = ""
    role: str = "page"
    offsets: dict[str, float] = field(default_factory=dict)

    @property
    def content(self) -> Content:
        """What the captured side shows."""
        return self.leaf.shows(self.side)


def _kinds(rng: np.random.Generator, pages: int, bleed: bool) -> list[str]:
    weights = BLEED_KINDS if bleed else KINDS
    share = np.array(list(weights.values()))
    kinds = [str(k) for k in rng.choice(list(weights), pages, p=share / share.sum())]
    if rng.random() < 0.3 and pages > 8:  # a verso left blank, as before a chapter
        kinds[2 * int(rng.integers(1, pages // 2 - 1)) + 1] = "blank"
    return kinds


def make_title(
    rng: np.random.Generator,
    size_in: tuple[float, float],
    pages: int,
    *,
    color: bool,
    bleed: bool,
    direction: str = "ltr",
    mark: bool = False,
    extras: int = 0,
) -> Title:
    """Draw a title; ``extras`` pages stand before page 1 in the PDF, ``mark`` writes the direction into it."""
    width, height = size_in[0] * 25.4, size_in[1] * 25.4
    style = contents.make_style(rng, width, color)
    style.size, style.leading, style.dpi, style.tint_all = style.size * 0.8, style.leading * 0.8, 120.0, False
    if rng.random() < 0.3:  # nothing in the layout tells a recto from a verso
        style.inner = style.outer = 10.5
        style.head, style.folio = "none", "center"
    layout = pdf.Layout(width, height, bleed, False, "rgb" if color else "gray")
    rtl = direction == "rtl"
    kinds = ["full-bleed" if bleed else "picture"] * extras + _kinds(rng, pages, bleed)
    drawn = [
        contents.make_page(rng, n - extras + rtl, kind, color and rng.random() < 0.7, bleed, width, height, style)
        for n, kind in enumerate(kinds, 1)
    ]
    data = pdf.write(drawn, layout)
    if mark:
        data = _marked(data)
    return Title(layout, direction, color, extras, len(drawn), data, pdf.Rasterizer(data, layout))


def _marked(data: bytes) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    wanted = DictionaryObject({NameObject("/Direction"): NameObject("/R2L")})
    writer.root_object[NameObject("/ViewerPreferences")] = wanted
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@dataclass
class Press:
    """Printing and cutting of one book: jitter of print (mm), block offsets and tapers, jitter of the leaves' cuts."""

    jitter: float
    turn: float
    block: dict[str, float]
    taper: dict[str, float]
    leaf_jitter: dict[str, float]

    def make(self, leaf: Leaf, rng: np.random.Generator) -> None:
        """Print and cut a leaf, once."""
        if leaf.cut is not None:
            return
        offset = {e: self.block[e] + float(rng.normal(0, self.leaf_jitter[e])) for e in EDGES}
        leaf.cut = geometry.Cut(offset, self.taper)
        moved = rng.normal(0, (self.jitter, self.jitter, self.turn), (2, 3))
        leaf.prints = tuple(geometry.Print(float(x), float(y), float(a), 1.0) for x, y, a in moved)


def make_press(rng: np.random.Generator, jitter: float, bench: bool, cuts: dict[str, float]) -> Press:
    """Draw how a book is printed and cut; ``cuts`` are block offsets (mm) that are given."""
    block = {e: float(np.clip(rng.normal(0, 0.5), -1.2, 1.2)) for e in EDGES}
    leaf = dict.fromkeys(EDGES, float(rng.uniform(0.01, 0.04)))
    taper = {e: float(rng.normal(0, 0.12)) for e in EDGES}
    if bench:  # a guillotine of the bench takes the glue off, a few leaves at a time
        block["spine"] = -float(rng.uniform(1.0, 4.0))
        leaf["spine"], taper["spine"] = float(rng.uniform(0.05, 0.2)), float(rng.normal(0, 0.4))
    block |= cuts
    return Press(jitter, float(rng.uniform(0.02, 0.08)), block, taper, leaf)


@dataclass
class Scanner:
    """One scanner with its habits; all lengths in mm."""

    feeder: bool
    dpi: int
    scale: tuple[float, float]
    stretch: float
    wobble: float
    backing: int
    paper: NDArray[Any]
    ink: float
    tone: float
    noise: float
    blur: float
    suffix: str
    quality: int
    color: bool

    def describe(self) -> dict[str, Any]:
        """What the truth says about it."""
        return {"capture": "feeder" if self.feeder else "flatbed", "dpi": self.dpi, "wobble_mm": round(self.wobble, 4)}


def make_scanner(rng: np.random.Generator, feeder: bool, dpi: int, color: bool) -> Scanner:
    """Draw a scanner; a feeder stretches the sheets a little, each pass a little differently."""
    spread = 0.003 if feeder else 0.001
    return Scanner(
        feeder,
        dpi,
        (1 + float(rng.normal(0, 0.0005)), 1 + float(rng.normal(0, spread))),
        float(rng.uniform(0.0002, 0.0012)) if feeder else 0.0,
        float(rng.uniform(0.005, 0.04)) if feeder else 0.0,
        int(rng.choice([18, 30, 95, 120])),
        np.asarray(rng.uniform(226, 246) + (rng.uniform(-2.5, 2.5, 3) if color else 0) + np.zeros(3)),
        float(rng.uniform(25, 50)),
        float(rng.uniform(0.9, 1.25)),
        float(rng.uniform(1.0, 2.5)),
        float(rng.uniform(0.45, 0.8)),
        str(rng.choice([".jpg", ".png", ".tif"], p=[0.7, 0.15, 0.15])),
        int(rng.integers(85, 96)),
        color,
    )


@dataclass
class Bench:
    """All that is needed to capture leaves: the title, another title, press and scanner."""

    title: Title
    other: Title | None
    press: Press
    scanner: Scanner
    rng: np.random.Generator

    def capture(self, shot: Shot) -> U8:
        """Print, cut and scan one side; the shot's true offsets are filled in. RGB or gray."""
        rng, scanner, layout = self.rng, self.scanner, self.title.layout
        self.press.make(shot.leaf, rng)
        assert shot.leaf.cut is not None
        width, height = layout.width, layout.height
        spine_left = (shot.side == 0) == (self.title.direction == "ltr")
        corners = shot.leaf.cut.corners(width, height, spine_left)
        to_leaf = shot.leaf.prints[shot.side].matrix(width, height)
        shot.offsets = {
            e: round(float(v), 4) for e, v in geometry.offsets(corners, to_leaf, width, height, spine_left).items()
        }
        place, shape = self._place(corners)
        content = shot.content
        if content.page:
            source = self.other if content.other and self.other else self.title
            number = source.boxed_as(content.page)
            image = source.raster.render(number, place @ to_leaf, shape, scanner.color, False, content.page - 1)
        else:
            image = np.full((*shape, 3) if scanner.color else shape, 255, np.uint8)
        return self._expose(image, geometry.sheet_mask(geometry.apply(place, corners), shape))

    def _place(self, corners: NDArray[Any]) -> tuple[NDArray[Any], tuple[int, int]]:
        """Leaf mm to pixels for one pass, and rows and columns of the frame."""
        rng, scanner, layout = self.rng, self.scanner, self.title.layout
        k, margin = scanner.dpi / 25.4, 5.0 if scanner.feeder else 8.0
        shape = round((layout.height + 2 * margin) * k), round((layout.width + 2 * margin) * k)
        middle = corners.mean(axis=0)
        slack = margin - 3.5
        turn = float(np.clip(rng.normal(0, 0.45 if scanner.feeder else 0.3), -0.9, 0.9))
        sx, sy = scanner.scale
        stretch = float(rng.normal(0, scanner.stretch)) if scanner.feeder else 0.0
        x, y = shape[1] / 2 / k + rng.uniform(-slack, slack), shape[0] / 2 / k + rng.uniform(-slack, slack)
        upright = geometry.turn(turn) @ geometry.shift(-middle[0], -middle[1])
        return geometry.scale(k, k) @ geometry.shift(x, y) @ geometry.scale(sx, sy * (1 + stretch)) @ upright, shape

    def _expose(self, image: U8, mask: NDArray[Any]) -> U8:
        """Light of print, paper and backing, wobble of rows and blur; then levels and noise."""
        rng, scanner = self.rng, self.scanner
        ramp = (np.arange(256) / 255) ** scanner.tone
        back = _light(scanner.backing) * (1 - 0.3 * cv2.GaussianBlur(mask, (0, 0), 3.0))
        planes = []
        for channel, plane in enumerate(cv2.split(image)):
            table = _light(scanner.ink + (scanner.paper[channel] - scanner.ink) * ramp)
            planes.append(cv2.LUT(plane, table) * mask + back * (1 - mask))
        if scanner.wobble:
            planes = _wobbled(planes, rng, scanner.wobble * scanner.dpi / 25.4)
        light = cv2.GaussianBlur(cv2.merge(planes), (0, 0), scanner.blur)
        out = LEVELS[np.clip(light * 4095 + 0.5, 0, 4095).astype(np.uint16)]
        out += rng.standard_normal(out.shape, dtype=np.float32) * np.float32(scanner.noise)
        level = np.clip(out + 0.5, 0, 255).astype(np.uint8)
        return np.ascontiguousarray(level[..., ::-1]) if level.ndim == 3 else level


def _light(level: Any) -> NDArray[Any]:
    """Linear light of levels 0 to 255; what lies within one pixel or under the blur mixes as light."""
    return np.asarray((np.asarray(level) / 255) ** 2.2, np.float32)


LEVELS = np.asarray(255 * (np.arange(4096) / 4095) ** (1 / 2.2), np.float32)


def _wobbled(planes: Sequence[NDArray[Any]], rng: np.random.Generator, amount: float) -> list[NDArray[Any]]:
    """Rows shifted smoothly along and across the feed by up to ``amount`` pixels."""
    rows, cols = planes[0].shape
    y = np.arange(rows, dtype=np.float32)
    waves = [amount * np.sin(2 * np.pi * y / rng.uniform(200, 800) + rng.uniform(0, 6)) for _ in range(2)]
    mx = (np.arange(cols)[None, :] + waves[0][:, None]).astype(np.float32)
    my = np.broadcast_to((y + waves[1])[:, None], (rows, cols)).astype(np.float32)
    return [cv2.remap(p, mx, my, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for p in planes]


def pictured(image: U8, shot: Shot) -> Image.Image:
    """The image as a shot delivers it: gray or halved where its format asks for that."""
    picture = Image.fromarray(image)
    if shot.gray and picture.mode != "L":
        picture = picture.convert("L")
    if shot.half:
        picture = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BOX)
    return picture


def save(picture: Image.Image, path: Path, dpi: float, quality: int) -> None:
    """Write a scan in the format its name asks for."""
    kinds: dict[str, dict[str, Any]] = {
        ".jpg": {"format": "JPEG", "quality": quality},
        ".png": {"format": "PNG", "compress_level": 1},
        ".tif": {"format": "TIFF", "compression": "tiff_lzw"},
    }
    picture.save(path, dpi=(dpi, dpi), **kinds[path.suffix])


def save_stack(pictures: Sequence[Image.Image], path: Path, dpi: float) -> None:
    """Write all frames into one TIFF."""
    rest = list(pictures[1:])
    pictures[0].save(path, "TIFF", save_all=True, append_images=rest, compression="tiff_lzw", dpi=(dpi, dpi))
