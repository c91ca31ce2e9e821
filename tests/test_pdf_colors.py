"""What a PDF says of its colors: intents and profiles by name, CMYK that nobody tagged, and files made to confuse."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from inspection_example import example
from reportlab.lib.colors import CMYKColor
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from qc.features.tiles import PageTiles
from qc.geometry import Affine
from qc.measure.color_difference import color_difference
from qc.reference.find import open_reference
from qc.reference.pdf_color_reader import pdf_colors
from qc.reference.pdf_colors import U_CMYK, PdfColors
from qc.report import html
from qc.scan.pdfium import save


def read(content: bytes) -> PdfColors:
    return pdf_colors(io.BytesIO(content))


def icc(space: bytes, name: str) -> bytes:
    """Header and description of an ICC profile, with nothing that could convert a color."""
    text = name.encode("ascii") + b"\0"
    description = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)
    tags = struct.pack(">I4sII", 1, b"desc", 144, len(description))
    head = bytearray(128)
    head[8:12], head[12:16], head[16:20], head[20:24] = b"\x02\x10\0\0", b"prtr", space, b"Lab "
    head[36:40] = b"acsp"
    profile = bytes(head) + tags + description
    return struct.pack(">I", len(profile)) + profile[4:]


def pdf(content: bytes, resources: bytes = b"", root: bytes = b"", more: tuple[bytes, ...] = ()) -> bytes:
    """One page; `more` are objects 5 and on."""
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R" + root + b">>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 432 648]/Resources<<" + resources + b">>/Contents 4 0 R>>",
        stream(content),
        *more,
    ]
    written, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % at for at in offsets)
    end = b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1) + table
    end += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(bodies) + 1, len(written))
    return written + end


def stream(data: bytes, keys: bytes = b"") -> bytes:
    return b"<<" + keys + b"/Length %d>>stream\n" % len(data) + data + b"\nendstream"


def intent(condition: bytes) -> bytes:
    return b"/OutputIntents[<</S/GTS_PDFX/OutputConditionIdentifier(" + condition + b")/DestOutputProfile 5 0 R>>]"


FOGRA = stream(icc(b"CMYK", "Coated FOGRA39"), b"/N 4")


def test_cmyk_is_said_to_ignore_the_output_intent() -> None:
    found = read(pdf(b"0.5 0.25 0.75 0 k 0 0 99 99 re f", root=intent(b"FOGRA39"), more=(FOGRA,)))
    assert found.cmyk and found.u == U_CMYK
    assert found.intent == "'FOGRA39', profile 'Coated FOGRA39' (CMYK)"
    assert "output intent 'FOGRA39', profile 'Coated FOGRA39' (CMYK) is not used" in found.words
    assert "u is wider by 4 ΔE00" in found.words


def test_tagged_cmyk_is_drawn_by_its_profile() -> None:
    found = read(pdf(b"/C cs 1 0 0 0 sc 0 0 9 9 re f", b"/ColorSpace<</C[/ICCBased 5 0 R]>>", more=(FOGRA,)))
    assert not found.cmyk and found.u == 0
    assert found.profiles == ("'Coated FOGRA39' (CMYK)",)
    assert "profiles of the PDF used: 'Coated FOGRA39' (CMYK)" in found.words


def test_rgb_with_an_intent_for_rgb() -> None:
    found = read(
        pdf(b"1 0 0 rg 0 0 9 9 re f", root=intent(b"sRGB"), more=(stream(icc(b"RGB ", "sRGB IEC61966-2.1"), b"/N 3"),))
    )
    assert not found.cmyk and found.u == 0
    assert "RGB and gray without a profile taken as sRGB" in found.words


@pytest.mark.parametrize(
    "space", [b"/DeviceCMYK", b"[/Indexed/DeviceCMYK 0 <00000000>]", b"[/Separation/Spot/DeviceCMYK 6 0 R]"]
)
def test_cmyk_is_found_in_a_picture_inside_a_form(space: bytes) -> None:
    form = stream(b"/I Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</I 6 0 R>>>>")
    picture = stream(b"\0\0\0\0", b"/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace" + space)
    found = read(pdf(b"/F Do", b"/XObject<</F 5 0 R>>", more=(form, picture)))
    assert found.cmyk
    assert "it has no output intent" in found.words


def test_a_name_cannot_break_out_of_its_line() -> None:
    found = read(pdf(b"", root=intent(rb"x\n\033[31m" + b"y" * 300), more=(FOGRA,)))
    assert found.intent is not None
    assert found.intent.isprintable() and len(found.intent) < 150


def test_a_damaged_profile_is_said_so() -> None:
    found = read(pdf(b"", root=intent(b"house"), more=(stream(b"no profile", b"/N 4"),)))
    assert found.intent == "'house', profile that is damaged"


def test_forms_that_hold_themselves_end() -> None:
    form = stream(b"/F Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 5 0 R/G 5 0 R>>>>")
    assert read(pdf(b"/F Do", b"/XObject<</F 5 0 R>>", more=(form,))).known


def test_what_is_no_pdf_widens_u() -> None:
    sound = pdf(b"0 0 0 1 k", root=intent(b"FOGRA39"), more=(FOGRA,))
    rng = np.random.default_rng(0)
    for _ in range(60):
        broken = bytearray(sound)
        for at in rng.integers(0, len(broken), 12):
            broken[at] = int(rng.integers(256))
        found = read(bytes(broken[: int(rng.integers(1, len(broken)))]))
        assert found.known or found.u == U_CMYK
    nothing = read(b"junk")
    assert nothing.u == U_CMYK and "could not be read" in nothing.words


def test_an_encrypted_pdf_that_opens_is_read(tmp_path: Path) -> None:
    path = tmp_path / "interior.pdf"
    canvas = Canvas(str(path), pagesize=(432, 648), encrypt=StandardEncryption("", "owner"))
    canvas.setFillColor(CMYKColor(0.1, 0.2, 0.3, 0.4))
    canvas.rect(10, 10, 99, 99, fill=1)
    canvas.save()
    document = pypdfium2.PdfDocument(path)
    with (tmp_path / "saved.pdf").open("w+b") as whole:
        save(document, whole)
        assert pdf_colors(whole).cmyk
    document.close()


def test_the_reference_says_it_and_carries_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QC_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "interior.pdf"
    path.write_bytes(pdf(b"0 0 0 1 k 99 99 99 99 re f", root=intent(b"FOGRA39"), more=(FOGRA,)))
    first, again = open_reference(path), open_reference(path)
    assert first.u_color == again.u_color == U_CMYK
    assert "FOGRA39" in first.id.colors
    assert first.id.colors == again.id.colors


def test_u_of_a_color_difference_holds_that_of_the_reference() -> None:
    light = np.full((6, 6, 3), 0.4)
    tiles = PageTiles(light, light, np.ones((6, 6), bool), np.ones(3), Affine.scaling(1.0), np.zeros((6, 6)))
    alone = color_difference(tiles, 1, ("p.png", 0))
    wide = color_difference(tiles, 1, ("p.png", 0), u_reference=U_CMYK)
    assert alone.u == 3.0
    assert wide.u == pytest.approx(np.hypot(3.0, 4.0), abs=1e-3)


def test_the_report_says_how_the_reference_was_drawn(tmp_path: Path) -> None:
    words = read(pdf(b"0 0 0 1 k", root=intent(b"<b>FOGRA39"), more=(FOGRA,))).words
    inspection = example()
    html.write(replace(inspection, reference=replace(inspection.reference, colors=words)), (), tmp_path / "r.html", k=2)
    shown = (tmp_path / "r.html").read_text("utf-8")
    assert "Colors of the reference" in shown and "&lt;b&gt;FOGRA39" in shown
