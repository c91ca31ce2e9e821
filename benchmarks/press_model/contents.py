"""Contents of a title: kinds of page as lists of things to draw, in millimeters from the trim corner, y down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from reportlab.pdfbase.pdfmetrics import stringWidth

from . import pictures, words

MM_PER_PT = 25.4 / 72
BLEED_MM = 3.175  # 0.125 in, KDP's bleed
Color = tuple[float, float, float]
BLACK: Color = (0.0, 0.0, 0.0)
WHITE: Color = (1.0, 1.0, 1.0)


@dataclass
class Item:
    """One thing to draw: ``op`` names it, ``args`` are its values (mm, points of type, colors 0 to 1)."""

    op: str
    args: dict[str, Any]


@dataclass
class Style:
    """Looks common to all pages of one title."""

    body: str
    italic: str
    bold: str
    size: float
    leading: float
    inner: float
    outer: float
    top: float
    bottom: float
    head: str
    folio: str
    title: str
    author: str
    accent: list[Color]
    tint: Color
    tint_all: bool
    dpi: float


@dataclass
class Page:
    """One page: its kind, its items, and the boxes (mm) of its lines of text that may be lost."""

    number: int
    kind: str
    width: float
    height: float
    style: Style
    color: bool
    items: list[Item] = field(default_factory=list)
    lines: dict[int, tuple[float, float, float, float]] = field(default_factory=dict)
    images: bool = False

    @property
    def recto(self) -> bool:
        """Odd pages are rectos."""
        return self.number % 2 == 1

    @property
    def left(self) -> float:
        """Left margin in mm."""
        return self.style.inner if self.recto else self.style.outer

    @property
    def measure(self) -> float:
        """Width of the text in mm."""
        return self.width - self.style.inner - self.style.outer

    def add(self, op: str, **args: Any) -> None:
        """Add an item."""
        self.items.append(Item(op, args))

    def rect(self, x: float, y: float, w: float, h: float, fill: Color) -> None:
        """Add a filled rectangle."""
        self.add("rect", x=x, y=y, w=w, h=h, fill=fill)

    def ground(self, fill: Color) -> None:
        """Paint the whole page to the bleed."""
        b = BLEED_MM
        self.rect(-b, -b, self.width + 2 * b, self.height + 2 * b, fill)

    def stroke(self, points: list[tuple[float, float]], width_pt: float, color: Color = BLACK) -> None:
        """Add an open polyline."""
        self.add("line", points=points, width=width_pt, color=color)

    def text(
        self,
        x: float,
        y: float,
        string: str,
        font: str,
        size: float,
        color: Color = BLACK,
        align: str = "left",
        measure: float | None = None,
        lose: bool = True,
    ) -> float:
        """Add a line of text with baseline y; with ``measure`` it is justified. Return its width in mm."""
        width = stringWidth(string, font, size) * MM_PER_PT
        space = 0.0
        gaps = string.count(" ")
        if measure is not None and gaps:
            space = (measure - width) / gaps / MM_PER_PT
            width = measure
        if align == "center":
            x -= width / 2
        elif align == "right":
            x -= width
        if lose and width > 18 and len(string) > 9:
            em = size * MM_PER_PT
            self.lines[len(self.items)] = (x, y - 0.75 * em, x + width, y + 0.25 * em)
        self.add("text", x=x, y=y, string=string, font=font, size=size, color=color, space=space)
        return float(width)

    def image(self, rng: np.random.Generator, x: float, y: float, w: float, h: float, color: bool) -> str:
        """Add a picture and return the name of its scene."""
        k = self.style.dpi / 25.4
        name, data = pictures.picture(rng, max(16, round(w * k)), max(16, round(h * k)), color)
        self.add("image", x=x, y=y, w=w, h=h, data=data, lossy=bool(rng.random() < 0.5))
        self.images = True
        return name


def gray(value: float) -> Color:
    """Return the gray of this value (0 black, 1 white)."""
    return (value, value, value)


def make_style(rng: np.random.Generator, width: float, color: bool) -> Style:
    """Draw the looks of a title."""
    families = [
        ("Times-Roman", "Times-Italic", "Times-Bold"),
        ("Times-Roman", "Times-Italic", "Times-Bold"),
        ("Helvetica", "Helvetica-Oblique", "Helvetica-Bold"),
        ("Courier", "Courier-Oblique", "Courier-Bold"),
    ]
    body, italic, bold = families[int(rng.choice(4, p=[0.4, 0.3, 0.22, 0.08]))]
    size = float(rng.uniform(8.6, 11.2)) * (0.9 if body == "Courier" else 1)
    size += 0.6 if width > 120 else 0
    accent = [
        tuple(
            float(v)
            for v in np.clip(
                rng.permutation([rng.uniform(0, 0.15), rng.uniform(0.1, 0.6), rng.uniform(0.6, 1.0)]), 0, 1
            )
        )
        for _ in range(4)
    ]
    tint = [float(v) for v in rng.uniform(0.8, 0.97, 3)] if color else [float(rng.uniform(0.8, 0.95))] * 3
    return Style(
        body,
        italic,
        bold,
        size,
        size * float(rng.uniform(1.15, 1.4)),
        float(rng.uniform(11, 14.5)),
        float(rng.uniform(8, 12)),
        float(rng.uniform(13, 17)),
        float(rng.uniform(13, 17)),
        str(rng.choice(["none", "center", "outer", "rule"])),
        str(rng.choice(["center", "outer", "none"], p=[0.5, 0.4, 0.1])),
        words.title(rng),
        words.title(rng).split()[-1],
        accent,  # type: ignore[arg-type]
        (tint[0], tint[1], tint[2]),
        bool(rng.random() < 0.12),
        float(rng.choice([150, 200, 250, 300])),
    )


def _furniture(page: Page, ink: Color = BLACK, head: bool = True) -> None:
    """Add folio and running head."""
    s = page.style
    left, right = page.left, page.left + page.measure
    outer = right if page.recto else left
    align = "right" if page.recto else "left"
    name = s.title if page.recto else s.author
    small = s.size * 0.82
    if head and s.head != "none":
        y = s.top - 4.2
        if s.head == "outer":
            page.text(outer, y, name, s.italic, small, ink, align, lose=False)
        else:
            page.text((left + right) / 2, y, name.upper(), s.body, small * 0.85, ink, "center", lose=False)
        if s.head == "rule":
            page.stroke([(left, y + 1.4), (right, y + 1.4)], 0.4, ink)
    if s.folio != "none":
        y = page.height - s.bottom + 7.5
        if s.folio == "center":
            page.text((left + right) / 2, y, str(page.number), s.body, small, ink, "center", lose=False)
        else:
            page.text(outer, y, str(page.number), s.body, small, ink, align, lose=False)


def _wrap(text: str, font: str, size: float, measure: float, indent: float) -> list[tuple[str, bool]]:
    """Break a paragraph into lines; the flag marks the last one."""
    out: list[tuple[str, bool]] = []
    line = ""
    room = measure - indent
    for word in text.split(" "):
        trial = f"{line} {word}" if line else word
        if line and stringWidth(trial, font, size) * MM_PER_PT > room:
            out.append((line, False))
            line, room = word, measure
        else:
            line = trial
    out.append((line, True))
    return out


def _flow(
    page: Page,
    rng: np.random.Generator,
    top: float,
    bottom: float,
    ink: Color = BLACK,
    left: float | None = None,
    measure: float | None = None,
    size: float | None = None,
    indent_first: bool = True,
    ragged: bool = False,
) -> float:
    """Fill the space from ``top`` to ``bottom`` (mm) with paragraphs; return where the text ends."""
    s = page.style
    left = page.left if left is None else left
    measure = page.measure if measure is None else measure
    size = s.size if size is None else size
    lead = s.leading * size / s.size * MM_PER_PT
    y = top + size * MM_PER_PT * 0.75
    first = True
    while y <= bottom:
        indent = 0.0 if first and not indent_first else 4.0
        for line, last in _wrap(words.paragraph(rng), s.body, size, measure, indent):
            if y > bottom:
                break
            width = None if last or ragged else measure - indent
            page.text(left + indent, y, line, s.body, size, ink, measure=width)
            y += lead
            indent = 0.0
        first = False
    return y - lead


def _text(page: Page, rng: np.random.Generator) -> None:
    s = page.style
    end = page.height - s.bottom
    if rng.random() < 0.15:
        end -= rng.uniform(10, 70)
    ink = BLACK
    if page.color and rng.random() < 0.3:
        page.text(page.left, s.top + 3.5, words.title(rng), s.bold, s.size * 1.15, s.accent[0])
        _flow(page, rng, s.top + 7, end, ink)
    else:
        _flow(page, rng, s.top, end, ink)
    _furniture(page)


def _chapter(page: Page, rng: np.random.Generator) -> None:
    s = page.style
    mid = page.left + page.measure / 2
    y = s.top + float(rng.uniform(12, 28))
    ink = s.accent[1] if page.color else BLACK
    page.text(mid, y, f"CHAPTER {int(rng.integers(1, 30))}", s.body, s.size * 1.1, ink, "center", lose=False)
    page.text(mid, y + 9, words.title(rng), s.bold, s.size * 1.6, ink, "center")
    if rng.random() < 0.5:
        page.stroke([(mid - 9, y + 14), (mid + 9, y + 14)], 0.6, ink)
    top = y + 22
    cap = words.sentence(rng)
    if rng.random() < 0.5:
        page.text(page.left, top + 9, cap[0], s.bold, s.size * 3.2, ink, lose=False)
        wide = stringWidth(cap[0], s.bold, s.size * 3.2) * MM_PER_PT + 1.5
        low = top + 2 * s.leading * MM_PER_PT
        end = _flow(
            page, rng, top + 2.3, low + 2.3, left=page.left + wide, measure=page.measure - wide, indent_first=False
        )
        top = end + s.leading * MM_PER_PT - s.size * MM_PER_PT * 0.75
    _flow(page, rng, top, page.height - s.bottom, indent_first=False)
    _furniture(page, head=False)


def _picture(page: Page, rng: np.random.Generator) -> None:
    s = page.style
    w = page.measure
    h = float(rng.uniform(0.45, 0.75)) * (page.height - s.top - s.bottom)
    y = s.top if rng.random() < 0.6 else s.top + 3 * s.leading * MM_PER_PT
    if y > s.top:
        _flow(page, rng, s.top, y - 3)
    page.image(rng, page.left, y, w, h, page.color)
    page.text(page.left, y + h + 4.2, " ".join(words.sentence(rng).split()[:7]), s.italic, s.size * 0.85)
    if rng.random() < 0.75:
        _flow(page, rng, y + h + 8, page.height - s.bottom)
    _furniture(page)


def _bleed(page: Page, rng: np.random.Generator) -> None:
    b = BLEED_MM
    page.image(rng, -b, -b, page.width + 2 * b, page.height + 2 * b, page.color)
    if rng.random() < 0.35:
        page.text(page.left, page.height - 12, words.title(rng), page.style.bold, 13, WHITE)


def _tints(page: Page, rng: np.random.Generator) -> None:
    s = page.style
    count = int(rng.integers(4, 8))
    room = page.height - s.top - s.bottom
    step = room / count
    levels = rng.permutation(np.linspace(0.08, 0.94, count))
    for k, level in enumerate(levels):
        y = s.top + k * step
        value = float(level)
        color = gray(value)
        if page.color:
            a = s.accent[k % len(s.accent)]
            color = (1 - (1 - a[0]) * (1 - value), 1 - (1 - a[1]) * (1 - value), 1 - (1 - a[2]) * (1 - value))
        part = float(rng.uniform(0.4, 0.7)) * page.measure
        on_left = rng.random() < 0.5
        x = page.left if on_left else page.left + page.measure - part
        page.rect(x, y, part, step - 3, color)
        dark = sum(color) / 3 < 0.5
        name = _wrap(words.title(rng), s.body, s.size * 0.95, part - 5, 0)[0][0]
        page.text(x + 2.5, y + step / 2, name, s.body, s.size * 0.95, WHITE if dark else BLACK)
        side = page.left + part + 2.5 if on_left else page.left
        _flow(
            page,
            rng,
            y,
            y + step - 4,
            left=side,
            measure=page.measure - part - 2.5,
            size=s.size * 0.8,
            indent_first=False,
            ragged=True,
        )
    _furniture(page)


def _table(page: Page, rng: np.random.Generator) -> None:
    s = page.style
    y = s.top + 4
    page.text(page.left, y, "Table. " + words.title(rng), s.bold, s.size)
    y += 4
    cols = int(rng.integers(3, 5))
    row = float(rng.uniform(5.2, 7))
    count = min(int(rng.integers(8, 20)), int((page.height - s.bottom - y) / row - 2))
    edges = [0.0, 0.4] + [0.4 + 0.6 * k / (cols - 1) for k in range(1, cols)]
    xs = [page.left + e * page.measure for e in edges]
    dark = rng.random() < 0.5
    accent = s.accent[2] if page.color else gray(0.25 if dark else 0.8)
    if page.color and not dark:
        accent = (0.6 + 0.4 * accent[0], 0.6 + 0.4 * accent[1], 0.6 + 0.4 * accent[2])
    stripe = (
        (0.88 + 0.12 * accent[0], 0.88 + 0.12 * accent[1], 0.88 + 0.12 * accent[2])
        if page.color
        else gray(float(rng.uniform(0.85, 0.95)))
    )
    page.rect(page.left, y, page.measure, row, accent)
    striped, ruled = rng.random() < 0.65, rng.random() < 0.6
    ink = WHITE if sum(accent) / 3 < 0.55 else BLACK
    heads = ["Item", "Weight", "Price", "Count", "Share"]
    for k in range(cols):
        page.text(xs[k] + 1.5, y + row * 0.68, heads[k], s.bold, s.size * 0.85, ink, lose=False)
    for r in range(count):
        top = y + (r + 1) * row
        if striped and r % 2:
            page.rect(page.left, top, page.measure, row, stripe)
        page.text(xs[0] + 1.5, top + row * 0.68, words.label(rng), s.body, s.size * 0.88, lose=False)
        for k in range(1, cols):
            page.text(
                xs[k + 1] - 1.5,
                top + row * 0.68,
                f"{rng.uniform(0, 999):.{k % 3}f}",
                s.body,
                s.size * 0.88,
                align="right",
                lose=False,
            )
    low = y + (count + 1) * row
    for r in range(count + 2):
        if ruled or r in (0, 1, count + 1):
            page.stroke(
                [(page.left, y + r * row), (page.left + page.measure, y + r * row)],
                0.8 if r in (0, 1, count + 1) else 0.3,
            )
    if rng.random() < 0.4:
        for x in [*xs]:
            page.stroke([(x, y), (x, low)], 0.3)
    _flow(page, rng, low + 5, page.height - s.bottom, indent_first=False)
    _furniture(page)


def _black(page: Page, rng: np.random.Generator) -> None:
    s = page.style
    page.ground(BLACK)
    ink = WHITE
    if page.color and rng.random() < 0.5:
        ink = (1.0, 0.85, 0.3)
    mid = page.left + page.measure / 2
    y = float(rng.uniform(0.25, 0.5)) * page.height
    page.text(mid, y, words.title(rng), s.bold, s.size * 1.7, ink, "center")
    for k, line in enumerate(words.verse(rng, int(rng.integers(2, 7)))):
        page.text(mid, y + 12 + k * 6, line, s.body, s.size, ink, "center")
    if rng.random() < 0.4:
        page.add("ellipse", x=mid, y=y - 22, rx=9, ry=9, fill=ink, rotate=0)


def _page_color(page: Page, rng: np.random.Generator) -> None:
    if not page.style.tint_all:
        page.ground(page.style.tint)
    _text(page, rng)


def _drawing(page: Page, rng: np.random.Generator) -> None:
    s = page.style
    left, top, w = page.left, s.top + 2, page.measure
    tone = s.accent if page.color else [BLACK, gray(0.3), BLACK, gray(0.5)]
    form = int(rng.integers(3))
    if form == 0:
        h = w * 0.8
        page.stroke([(left, top), (left, top + h), (left + w, top + h)], 0.9)
        for k in range(1, 9):
            page.stroke([(left + k * w / 9, top + h), (left + k * w / 9, top + h + 1.4)], 0.4)
            page.stroke([(left - 1.4, top + k * h / 9), (left + w, top + k * h / 9)], 0.2, gray(0.6))
            page.text(left + k * w / 9, top + h + 4.4, str(k * 10), "Helvetica", 6.5, align="center", lose=False)
        for n in range(3):
            f, a, p = rng.uniform(0.5, 2.5), rng.uniform(0.1, 0.4), rng.uniform(0, 6)
            t = np.linspace(0, 1, 80)
            v = top + h * (0.5 + a * np.sin(2 * np.pi * f * t + p) * (1 - 0.4 * t))
            page.stroke(list(zip((left + t * w).tolist(), v.tolist(), strict=True)), 0.6 + 0.5 * n, tone[n])
        low = top + h + 9
    elif form == 1:
        y, x0 = top, left + w / 2
        low = y
        for n in range(int(rng.integers(4, 7))):
            bw = float(rng.uniform(26, 40))
            page.add(
                "box",
                x=x0 - bw / 2,
                y=y,
                w=bw,
                h=9,
                width=0.8,
                color=BLACK,
                fill=tone[n % 4] if page.color and rng.random() < 0.6 else None,
            )
            filled = page.items[-1].args["fill"]
            page.text(
                x0,
                y + 5.8,
                words.label(rng),
                "Helvetica",
                8,
                WHITE if filled and sum(filled) < 1.5 else BLACK,
                "center",
                lose=False,
            )
            page.stroke([(x0, y + 9), (x0, y + 15)], 0.7)
            page.add("poly", points=[(x0 - 1.2, y + 13), (x0 + 1.2, y + 13), (x0, y + 15.2)], fill=BLACK)
            y += 15.4
            low = y + 4
            if y > page.height - s.bottom - 22:
                break
        page.add("box", x=x0 - 12, y=y, w=24, h=8, width=1.2, color=BLACK, fill=None)
        low = y + 12
    else:
        cx, cy, r = left + w / 2, top + w * 0.42, w * 0.38
        for k in range(6):
            page.add("ring", x=cx, y=cy, r=r * (1 - 0.15 * k), width=0.3 + 0.2 * (k % 3), color=tone[k % 4])
        for k in range(24):
            a = k * np.pi / 12
            page.stroke(
                [(cx + 0.25 * r * np.cos(a), cy + 0.25 * r * np.sin(a)), (cx + r * np.cos(a), cy + r * np.sin(a))], 0.35
            )
        for k in range(18):
            page.stroke([(left + k * w / 18, cy + r + 5), (left + (k + 1) * w / 18, cy + r + 12)], 0.25)
        low = cy + r + 16
    page.text(left, low + 3, "Figure. " + words.title(rng), s.italic, s.size * 0.9)
    _flow(page, rng, low + 7, page.height - s.bottom)
    _furniture(page)


def _children(page: Page, rng: np.random.Generator, bleed: bool) -> None:
    s = page.style
    w, h = page.width, page.height

    def tone(k: int, light: float) -> Color:
        if not page.color:
            return gray(float(np.clip(light + rng.uniform(-0.08, 0.08), 0, 1)))
        a = s.accent[k % 4]
        mix = 0.5 * light
        return (mix + (1 - mix) * a[0], mix + (1 - mix) * a[1], mix + (1 - mix) * a[2])

    ground = h * float(rng.uniform(0.55, 0.7))
    meadow = tone(1, 0.6)
    ink = BLACK if sum(meadow) > 1.35 else WHITE
    if bleed:
        page.ground(tone(0, 0.85))
        page.rect(-BLEED_MM, ground, w + 2 * BLEED_MM, h, meadow)
    else:
        page.rect(page.left, s.top - 4, page.measure, ground - s.top + 4, tone(0, 0.85))
        page.rect(page.left, ground, page.measure, h - ground - s.bottom, meadow)
    sun: Color = (1.0, 0.85, 0.15) if page.color else gray(0.95)
    page.add("ellipse", x=w * rng.uniform(0.25, 0.75), y=h * 0.2, rx=9, ry=9, fill=sun, rotate=0)
    hx = float(rng.uniform(0.25, 0.5)) * w
    page.rect(hx, ground - 22, 26, 26, tone(2, 0.4))
    page.add("poly", points=[(hx - 3, ground - 22), (hx + 29, ground - 22), (hx + 13, ground - 38)], fill=tone(3, 0.15))
    page.rect(hx + 9, ground - 10, 8, 14, tone(3, 0.2))
    for k in range(int(rng.integers(1, 4))):
        x = float(rng.uniform(0.15, 0.85)) * w
        page.rect(x - 1.3, ground - 8, 2.6, 12, tone(3, 0.25))
        page.add("ellipse", x=x, y=ground - 14, rx=7, ry=9, fill=tone(k, 0.35), rotate=0)
    for _ in range(3):
        x, y = float(rng.uniform(0.15, 0.85)) * w, ground + float(rng.uniform(8, 14))
        page.add("ellipse", x=x, y=y, rx=5, ry=3, fill=WHITE, rotate=0)
        page.add("ellipse", x=x + 5, y=y - 2, rx=2, ry=2, fill=BLACK, rotate=0)
    big = float(rng.uniform(15, 21)) * (1 if w < 120 else 1.15)
    y = ground + 22
    for line, _ in _wrap(words.clause(rng).capitalize() + ".", "Helvetica-Bold", big, page.measure, 0)[:4]:
        page.text(w / 2, y, line, "Helvetica-Bold", big, ink, "center")
        y += big * 1.2 * MM_PER_PT
    if not bleed:
        _furniture(page, head=False)


def _three(page: Page, rng: np.random.Generator) -> None:
    s = page.style
    y = float(rng.uniform(0.25, 0.45)) * page.height
    mid = page.left + page.measure / 2
    for k in range(3):
        line = _wrap(words.clause(rng).capitalize(), s.italic, s.size, page.measure * 0.9, 0)[0][0]
        page.text(mid, y + k * s.leading * 1.2 * MM_PER_PT, line, s.italic, s.size, BLACK, "center")


def _poem(page: Page, rng: np.random.Generator) -> None:
    s = page.style
    page.text(
        page.left, s.top + 6, words.title(rng), s.bold, s.size * 1.3, page.style.accent[0] if page.color else BLACK
    )
    y = s.top + 16.0
    while y < page.height - s.bottom - 14:
        for line in words.verse(rng, int(rng.integers(3, 6))):
            if y > page.height - s.bottom:
                break
            shown = _wrap(line, s.body, s.size, page.measure, 0)[0][0]
            page.text(page.left + (6 if rng.random() < 0.2 else 0), y, shown, s.body, s.size)
            y += s.leading * MM_PER_PT
        y += s.leading * MM_PER_PT
    _furniture(page)


def _folio(page: Page, rng: np.random.Generator) -> None:
    y = page.height - page.style.bottom + 7.5
    page.text(
        page.left + page.measure / 2,
        y,
        str(page.number),
        page.style.body,
        page.style.size * 0.9,
        BLACK,
        "center",
        lose=False,
    )


def _blank(page: Page, rng: np.random.Generator) -> None:
    """Leave the page blank."""


KINDS: dict[str, tuple[Callable[..., None], float]] = {
    "text": (_text, 0.25),
    "chapter": (_chapter, 0.08),
    "picture": (_picture, 0.12),
    "full-bleed": (_bleed, 0.07),
    "tints": (_tints, 0.08),
    "table": (_table, 0.08),
    "black": (_black, 0.05),
    "page-color": (_page_color, 0.07),
    "drawing": (_drawing, 0.07),
    "children": (_children, 0.06),
    "three-lines": (_three, 0.03),
    "poem": (_poem, 0.06),
    "folio-only": (_folio, 0.012),
    "blank": (_blank, 0.025),
}
NEED_BLEED = {"full-bleed", "black", "page-color"}
COLORED = ["chapter", "picture", "full-bleed", "tints", "table", "page-color", "drawing", "children", "poem"]


def choose_kinds(rng: np.random.Generator, pages: int, color: bool, bleed: bool) -> list[tuple[str, bool]]:
    """Draw the kind of each page and whether it has color.

    In a color title at least 55 % of the pages have color. Only versos are left blank.
    """
    names = [k for k in KINDS if bleed or k not in NEED_BLEED]
    weights = np.array([KINDS[k][1] for k in names])
    weights /= weights.sum()
    out: list[tuple[str, bool]] = []
    colored = np.zeros(pages, bool)
    if color:
        colored[rng.permutation(pages)[: int(np.ceil(pages * rng.uniform(0.55, 1.0)))]] = True
    allowed = [k for k in COLORED if k in names]
    share = np.array([KINDS[k][1] for k in allowed])
    for number in range(1, pages + 1):
        if colored[number - 1]:
            out.append((allowed[int(rng.choice(len(allowed), p=share / share.sum()))], True))
            continue
        kind = names[int(rng.choice(len(names), p=weights))]
        if kind == "blank" and number % 2 == 1:
            kind = "text"
        out.append((kind, False))
    return out


def make_page(
    rng: np.random.Generator,
    number: int,
    kind: str,
    color: bool,
    bleed: bool,
    width: float,
    height: float,
    style: Style,
) -> Page:
    """Draw one page.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the contents.
    number : int
        Page number from 1.
    kind : str
        A key of `KINDS`.
    color : bool
        Whether the page uses color.
    bleed : bool
        Whether the title has bleed.
    width, height : float
        Trim in mm.
    style : Style
        Looks of the title.
    """
    page = Page(number, kind, width, height, style, color)
    if style.tint_all and bleed and kind not in ("full-bleed", "black", "children"):
        page.ground(style.tint)
        page.color = color or len(set(style.tint)) > 1
    maker = KINDS[kind][0]
    if kind == "children":
        maker(page, rng, bleed)
    else:
        maker(page, rng)
    if kind == "page-color" and len(set(style.tint)) > 1:
        page.color = True
    return page
