"""Reads the color management of a PDF, by pypdf: once a title, as what it finds is kept."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from typing import IO, Any

import pypdf
from PIL import ImageCms
from pypdf.generic import ArrayObject, DictionaryObject, StreamObject

from qc.reference.pdf_colors import PdfColors

_PAGES = 24
_OBJECTS = 400
_DEPTH = 4
_LARGEST_PROFILE = 16_000_000
_LONGEST_NAME = 80
_INK_OPERATOR = re.compile(rb"(?:[\d.]+\s+){4}[kK]\s")

logging.getLogger("pypdf").addHandler(logging.NullHandler())
logging.getLogger("pypdf").propagate = False


def pdf_colors(pdf: IO[bytes]) -> PdfColors:
    """Read output intents, ICC profiles and the use of CMYK.

    Parameters
    ----------
    pdf : binary file
        As PDFium saves it: of a damaged or hostile file that has been put in order already.

    Notes
    -----
    Looks at up to 24 pages, evenly spread, and 400 of their resources; patterns and shadings are not looked into. Fooled
    by a PDF that uses CMYK on the other pages only.
    """
    try:
        return _read(pypdf.PdfReader(pdf, strict=False))
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
