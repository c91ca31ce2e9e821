"""What a PDF says of its colors, and so what its rendering into sRGB takes for granted."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdf
from PIL import ImageCms
from pypdf.generic import ArrayObject, DictionaryObject, StreamObject

U_CMYK = 4.0
"""dE00, ours: what the CMYK of one press condition means on another. PDFium draws by a fixed table, which lies 0.9 dE00 in
the mean and 5.5 at p95 from the SWOP profile of Ghostscript; between coated and uncoated paper it is several units."""
_PAGES = 24
_OBJECTS = 400
_DEPTH = 4
_LARGEST_PROFILE = 16_000_000
_LONGEST_NAME = 80
_INK_OPERATOR = re.compile(rb"(?:[\d.]+\s+){4}[kK]\s")

logging.getLogger("pypdf").addHandler(logging.NullHandler())
logging.getLogger("pypdf").propagate = False


@dataclass(frozen=True)
class PdfColors:
    """Color management of a PDF as far as it was read.

    Attributes
    ----------
    intent : str or None
        The output intent: the name of its condition, of its profile, or of both.
    profiles : tuple of str
        Names of the ICC profiles that the colors on its pages are tagged with.
    cmyk : bool
        Whether it holds CMYK that is not tagged with a profile.
    known : bool
        False where the PDF could not be read for its colors; the rest then says nothing.
    """

    intent: str | None = None
    profiles: tuple[str, ...] = ()
    cmyk: bool = False
    known: bool = True

    @property
    def u(self) -> float:
        """Standard uncertainty (k = 1) that the rendering adds to a color, dE00; systematic."""
        return U_CMYK if self.cmyk or not self.known else 0.0

    @property
    def words(self) -> str:
        """What was found, how it was drawn and what that assumes: one phrase without a full stop."""
        drawn = "drawn by PDFium into sRGB"
        if not self.known:
            return f"{drawn}; which color profiles the PDF holds could not be read, so u is wider by {U_CMYK:g} ΔE00"
        said = [f"profiles of the PDF used: {', '.join(self.profiles)}"] if self.profiles else []
        if self.cmyk:
            unused = f"its output intent {self.intent} is not used" if self.intent else "it has no output intent"
            said.append(f"CMYK without a profile by a fixed table ({unused}), so u is wider by {U_CMYK:g} ΔE00")
        elif self.intent:
            said.append(f"its output intent {self.intent} is not used; RGB and gray without a profile taken as sRGB")
        else:
            said.append("no output intent; RGB and gray without a profile taken as sRGB")
        return "; ".join([drawn, *said])


def pdf_colors(content: bytes) -> PdfColors:
    """Read output intents, ICC profiles and the use of CMYK.

    Parameters
    ----------
    content : bytes
        A PDF as PDFium saves it: of a damaged or hostile file that has been put in order already.

    Notes
    -----
    Looks at up to 24 pages, evenly spread, and 400 of their resources; patterns and shadings are not looked into. Fooled
    by a PDF that uses CMYK on the other pages only.
    """
    try:
        return _read(pypdf.PdfReader(io.BytesIO(content), strict=False))
    except Exception:  # whatever a strange PDF does to the reader, nothing but these words and u depends on it
        return PdfColors(known=False)


def _read(reader: pypdf.PdfReader) -> PdfColors:
    count = len(reader.pages)
    if count == 0:
        return PdfColors(known=False)
    sample = sorted({round(i * (count - 1) / max(_PAGES - 1, 1)) for i in range(_PAGES)})
    profiles: dict[str, None] = {}
    cmyk = False
    for index in sample:
        page = reader.pages[index]
        drawn = page.get_contents()
        cmyk |= drawn is not None and _INK_OPERATOR.search(drawn.get_data()) is not None
        for space in _spaces(page.get("/Resources"), [_OBJECTS]):
            if space == "/DeviceCMYK":
                cmyk = True
            elif isinstance(space, StreamObject):
                profiles[_profile_name(space)] = None
    return PdfColors(_intent(reader.root_object), tuple(profiles), cmyk)


def _spaces(resources: Any, left: list[int], depth: int = 0) -> Iterator[Any]:
    """Names of device spaces and ICC streams of a resource dictionary and of the forms in it."""
    resources = _plain(resources)
    if not isinstance(resources, DictionaryObject) or depth > _DEPTH:
        return
    for space in _values(resources.get("/ColorSpace")):
        yield from _of_space(space, left)
    for drawn in _values(resources.get("/XObject")):
        left[0] -= 1
        if left[0] < 0:
            return
        if not isinstance(drawn, StreamObject):
            continue
        yield from _of_space(drawn.get("/ColorSpace"), left)
        if drawn.get("/Subtype") == "/Form":
            if _INK_OPERATOR.search(drawn.get_data()):
                yield "/DeviceCMYK"
            yield from _spaces(drawn.get("/Resources"), left, depth + 1)


def _of_space(space: Any, left: list[int], depth: int = 0) -> Iterator[Any]:
    space = _plain(space)
    left[0] -= 1
    if left[0] < 0 or depth > _DEPTH:
        return
    if isinstance(space, ArrayObject) and len(space) > 1:
        if space[0] == "/ICCBased":
            yield _plain(space[1])
        elif space[0] in ("/Indexed", "/Pattern"):
            yield from _of_space(space[1], left, depth + 1)
        elif space[0] in ("/Separation", "/DeviceN") and len(space) > 2:
            yield from _of_space(space[2], left, depth + 1)
    elif isinstance(space, str):
        yield str(space)


def _values(table: Any) -> list[Any]:
    table = _plain(table)
    return [_plain(v) for v in table.values()] if isinstance(table, DictionaryObject) else []


def _plain(value: Any) -> Any:
    return value.get_object() if hasattr(value, "get_object") else value


def _intent(root: DictionaryObject) -> str | None:
    intents = _plain(root.get("/OutputIntents"))
    if not isinstance(intents, ArrayObject) or not intents:
        return None
    intent = _plain(intents[0])
    if not isinstance(intent, DictionaryObject):
        return None
    condition = _plain(intent.get("/OutputConditionIdentifier")) or _plain(intent.get("/OutputCondition"))
    profile = _plain(intent.get("/DestOutputProfile"))
    names = [_clean(str(condition))] if condition else []
    if isinstance(profile, StreamObject):
        names.append(f"profile {_profile_name(profile)}")
    return ", ".join(names) or "without a name"


def _profile_name(stream: StreamObject) -> str:
    """Description and color space of an ICC profile in a PDF."""
    data = stream.get_data()
    if len(data) > _LARGEST_PROFILE:
        return "that is too large"
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        return f"{_clean(ImageCms.getProfileDescription(profile))} ({profile.profile.xcolor_space.strip()})"
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return "that is damaged"


def _clean(name: str) -> str:
    shown = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return f"'{shown[:_LONGEST_NAME]}'"
