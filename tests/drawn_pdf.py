"""Small PDFs of one page written by hand, so that every odd key of an image can be tried."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

WHOLE = b"q 80 0 0 60 0 0 cm /I Do Q"


def numbered(bodies: Sequence[bytes]) -> bytes:
    """A PDF of these objects, the first of which is the catalog."""
    text, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(text))
        text += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    table += b"".join(b"%010d 00000 n \n" % at for at in offsets)
    return text + table + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(bodies) + 1, len(text))


def stream(about: bytes, data: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (about, len(data), data)


def image(about: bytes, data: bytes, width: int = 80, height: int = 60) -> bytes:
    return stream(b"/Type/XObject/Subtype/Image/Width %d/Height %d%s" % (width, height, about), data)


def flate(about: bytes, data: bytes) -> bytes:
    return image(about + b"/Filter/FlateDecode", zlib.compress(data))


def page_of(
    shown: bytes, content: bytes = WHOLE, page: bytes = b"/MediaBox[0 0 80 60]", others: Sequence[bytes] = ()
) -> bytes:
    """A PDF whose page draws the image object `shown` as /I and the first of `others`, object 6, as /J."""
    resources = b"/Resources<</XObject<</I 5 0 R/J 6 0 R>>>>"
    return numbered(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R%s/Contents 4 0 R%s>>" % (page, resources),
            stream(b"", content),
            shown,
            *others,
        ]
    )
