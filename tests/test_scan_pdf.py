"""PDF of scans with every oddity of an image: what a viewer shows is what comes out, or a refusal."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from drawn_pdf import WHOLE, flate, image, numbered, page_of, stream
from PIL import Image

from qc.errors import ScanError
from qc.model import ScanFile
from qc.scan.decoders import pdf
from qc.scan.image_file import count_frames, read_header, read_pixels

WIDTH, HEIGHT = 80, 60
DCT = b"/Filter/DCTDecode"
GRAY8 = b"/ColorSpace/DeviceGray/BitsPerComponent 8"
RGB8 = b"/ColorSpace/DeviceRGB/BitsPerComponent 8"
BLACK = b"[/Separation/Black/DeviceGray<</FunctionType 2/Domain[0 1]/C0[1]/C1[0]/N 1>>]"


def picture() -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    rgb = np.stack([x * 2 + 20, y * 3 + 30, 60 + 0 * x], axis=-1).astype(np.uint8)
    rgb[8:24, 40:64] = 255
    return rgb


RGB = picture()
GRAY = RGB[..., 1].copy()
BITS = GRAY > 120
PACKED = np.packbits(BITS, axis=1).tobytes()


def jpeg(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=97, subsampling=0)
    return buffer.getvalue()


def scan(folder: Path, data: bytes) -> ScanFile:
    (folder / "p.pdf").write_bytes(data)
    return ScanFile(folder / "p.pdf", "p.pdf")


def shown(folder: Path, data: bytes) -> np.ndarray:
    """What is read, as RGB of one pixel a point."""
    pixels = read_pixels(scan(folder, data))
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    return np.asarray(Image.fromarray(pixels.astype(np.uint8)).resize((WIDTH, HEIGHT), Image.Resampling.BOX), float)


def off(pixels: np.ndarray, truth: np.ndarray) -> float:
    return float(np.abs(pixels - (truth if truth.ndim == 3 else truth[..., None])).mean())


def refused(folder: Path, data: bytes, part: str) -> None:
    with pytest.raises(ScanError, match=r"^p\.pdf ") as fault:
        read_pixels(scan(folder, data))
    assert part in str(fault.value) and str(fault.value).endswith(".")


INVERTED_INDEX = b"[/Indexed/DeviceGray 255<%s>]" % bytes(range(255, -1, -1)).hex().encode()
AS_SHOWN = {
    "gray": (flate(GRAY8, GRAY.tobytes()), GRAY),
    "gray turned round": (flate(GRAY8 + b"/Decode[1 0]", GRAY.tobytes()), 255 - GRAY),
    "gray JPEG turned round": (image(GRAY8 + b"/Decode[1 0]" + DCT, jpeg(GRAY)), 255 - GRAY),
    "RGB JPEG turned round": (image(RGB8 + b"/Decode [1 0 1 0 1 0]" + DCT, jpeg(RGB)), 255 - RGB),
    "RGB JPEG darkened": (image(RGB8 + b"/Decode[0 .5 0 .5 0 .5]" + DCT, jpeg(RGB)), RGB / 2),
    "one bit": (flate(b"/ColorSpace/DeviceGray/BitsPerComponent 1", PACKED), BITS * 255),
    "one bit turned round": (flate(b"/ColorSpace/DeviceGray/BitsPerComponent 1/Decode[1 0]", PACKED), ~BITS * 255),
    "stencil": (flate(b"/ImageMask true/BitsPerComponent 1", PACKED), BITS * 255),
    "stencil turned round": (flate(b"/ImageMask true/BitsPerComponent 1/Decode[1 0]", PACKED), ~BITS * 255),
    "index turned round": (flate(b"/ColorSpace" + INVERTED_INDEX + b"/BitsPerComponent 8", GRAY.tobytes()), 255 - GRAY),
    "index of one bit": (flate(b"/ColorSpace[/Indexed/DeviceGray 1<ff00>]/BitsPerComponent 1", PACKED), ~BITS * 255),
    "black ink": (flate(b"/ColorSpace" + BLACK + b"/BitsPerComponent 8", GRAY.tobytes()), 255 - GRAY),
    "black ink JPEG": (image(b"/ColorSpace" + BLACK + b"/BitsPerComponent 8" + DCT, jpeg(GRAY)), 255 - GRAY),
    "16 bits": (flate(b"/ColorSpace/DeviceGray/BitsPerComponent 16", (GRAY.astype(">u2") * 257).tobytes()), GRAY),
    "4 bits": (
        flate(b"/ColorSpace/DeviceGray/BitsPerComponent 4", (GRAY[:, ::2] & 240 | GRAY[:, 1::2] >> 4).tobytes()),
        (GRAY >> 4) * 17,
    ),
    "color key": (flate(GRAY8 + b"/Mask[0 120]", GRAY.tobytes()), np.where(BITS, GRAY, 255)),
}


@pytest.mark.parametrize("name", AS_SHOWN)
def test_an_image_comes_out_as_a_viewer_shows_it(name: str, tmp_path: Path) -> None:
    drawn, truth = AS_SHOWN[name]
    assert off(shown(tmp_path, page_of(drawn)), truth) < 1.5


@pytest.mark.parametrize("kind", ["Mask", "SMask"])
def test_what_a_mask_hides_is_paper(kind: str, tmp_path: Path) -> None:
    left = np.zeros((HEIGHT, WIDTH), np.uint8)
    left[:, :40] = 255
    if kind == "SMask":
        mask = flate(GRAY8, left.tobytes())
    else:
        mask = flate(b"/ImageMask true/BitsPerComponent 1", np.packbits(left == 0, axis=1).tobytes())
    pixels = shown(tmp_path, page_of(image(RGB8 + b"/%s 6 0 R" % kind.encode() + DCT, jpeg(RGB)), others=[mask]))
    assert off(pixels[:, :38], RGB[:, :38]) < 3
    assert pixels[:, 42:].min() > 250


@pytest.mark.parametrize(
    "content",
    [b"q 0 0 40 60 re W n 80 0 0 60 0 0 cm /I Do Q", b"q 0 0 m 80 0 l 40 60 l h W n 80 0 0 60 0 0 cm /I Do Q"],
)
def test_what_is_clipped_is_paper(content: bytes, tmp_path: Path) -> None:
    pixels = shown(tmp_path, page_of(image(RGB8 + DCT, jpeg(RGB)), content))
    assert off(pixels[50:, 18:22], RGB[50:, 18:22]) < 3
    assert pixels[:4, 64:].min() > 250


def test_a_clip_around_the_whole_image_leaves_it_as_stored(tmp_path: Path) -> None:
    whole = image(RGB8 + DCT, jpeg(RGB))
    held = read_pixels(scan(tmp_path, page_of(whole, b"q 0 0 80 60 re W n 80 0 0 60 0 0 cm /I Do Q")))
    np.testing.assert_array_equal(held, read_pixels(scan(tmp_path, page_of(whole))))
    assert held.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    "page, content",
    [
        (b"/MediaBox[0 0 80 60]/CropBox[0 0 40 60]", b"q 80 0 0 60 0 0 cm /I Do Q"),
        (b"/MediaBox[0 0 40 60]", b"q 80 0 0 60 0 0 cm /I Do Q"),
    ],
)
def test_a_page_that_shows_half_of_an_image_is_that_half(page: bytes, content: bytes, tmp_path: Path) -> None:
    """Two pages of a spread are often one image, of which each page shows its half."""
    read = scan(tmp_path, page_of(image(RGB8 + DCT, jpeg(RGB)), content, page))
    pixels = read_pixels(read)
    header = read_header(read)
    assert (header.width_px, header.height_px) == pixels.shape[1::-1] == (167, 250)
    small = np.asarray(Image.fromarray(pixels).resize((40, 60), Image.Resampling.BOX), float)
    assert off(small, RGB[:, :40]) < 3


@pytest.mark.parametrize("unit", [b"2", b"2.0", b"0.5"])
@pytest.mark.parametrize("drawn", [False, True])
def test_the_unit_of_a_page_is_in_its_resolution(unit: bytes, drawn: bool, tmp_path: Path) -> None:
    content = b"q 80 0 0 30 0 0 cm /I Do Q q 80 0 0 30 0 30 cm /I Do Q" if drawn else b"q 80 0 0 60 0 0 cm /I Do Q"
    read = scan(tmp_path, page_of(image(RGB8 + DCT, jpeg(RGB)), content, b"/MediaBox[0 0 80 60]/UserUnit " + unit))
    header, inches = read_header(read), 80 / 72 * float(unit)
    assert header.claimed_dpi is not None
    assert header.width_px / header.claimed_dpi[0] == pytest.approx(inches, rel=1e-6)
    assert read_pixels(read).shape[1] == header.width_px


@pytest.mark.parametrize("rotate, turns", [(b"-90", 1), (b"450", 3), (b"180", 2)])
def test_odd_rotations(rotate: bytes, turns: int, tmp_path: Path) -> None:
    pixels = read_pixels(
        scan(tmp_path, page_of(flate(RGB8, RGB.tobytes()), page=b"/MediaBox[0 0 80 60]/Rotate " + rotate))
    )
    np.testing.assert_array_equal(pixels, np.rot90(RGB, turns))


# --- damage that PDFium passes over ---------------------------------------------------------------------------------


def fax() -> bytes:
    """G4 data of `BITS`, white where it is set."""
    buffer = io.BytesIO()
    Image.fromarray(BITS).save(buffer, "TIFF", compression="group4")
    with Image.open(io.BytesIO(buffer.getvalue())) as tiff:
        (at,), (length,) = tiff.tag_v2[273], tiff.tag_v2[279]
    return buffer.getvalue()[at : at + length]


G4 = b"/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 80/Rows 60/BlackIs1 true>>"


def test_a_fax_image_is_read(tmp_path: Path) -> None:
    assert off(shown(tmp_path, page_of(image(G4, fax()))), BITS * 255) == 0


DAMAGED = {
    "no JPEG at all": (image(RGB8 + DCT, b""), "damaged JPEG"),
    "JPEG cut short": (image(RGB8 + DCT, jpeg(RGB)[:900]), "truncated"),
    "gray for RGB": (image(RGB8 + DCT, jpeg(GRAY)), "shows nothing"),
    "flate cut short": (image(RGB8 + b"/Filter/FlateDecode", zlib.compress(RGB.tobytes())[:400]), "too few"),
    "rows missing": (flate(RGB8, RGB[:41].tobytes()), "too few"),
    "fax cut short": (image(G4, fax()[: len(fax()) // 2]), "fax image"),
    "fax ending in zeros": (image(G4, fax()[: len(fax()) // 2] + bytes(60)), "fax image"),
    "no fax": (image(G4, b"\x26\xa0\x40"), "fax image"),
    "no JPEG 2000": (image(RGB8 + b"/Filter/JPXDecode", b"\0\0\0\x0cjP  " + bytes(60)), "shows nothing"),
    "no JBIG2": (
        image(b"/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/JBIG2Decode", bytes(60)),
        "cannot be decoded",
    ),
    "bomb": (image(RGB8 + b"/Filter/FlateDecode", zlib.compress(b"\0"), 30_000, 30_000), "megapixels"),
    "no image": (stream(b"", b""), "shows nothing"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_refused(name: str, tmp_path: Path) -> None:
    drawn, part = DAMAGED[name]
    refused(tmp_path, page_of(drawn), part)


def forms(levels: int) -> bytes:
    """A page whose form draws a form ten times, and so on."""
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 80 60]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>",
        stream(b"", b"/F Do"),
    ]
    for level in range(levels):
        inner = b"/Resources<</XObject<</F %d 0 R>>>>" % (6 + level)
        bodies.append(stream(b"/Type/XObject/Subtype/Form/BBox[0 0 80 60]" + inner, b"/F Do " * 10))
    return numbered([*bodies, stream(b"/Type/XObject/Subtype/Form/BBox[0 0 80 60]", b"0 0 9 9 re f")])


def test_a_page_that_takes_for_ever_is_given_up_and_the_next_is_read(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(pdf, "CPU_S", 0.5)
    monkeypatch.setattr(pdf, "_reader", None)
    refused(tmp_path, page_of(image(RGB8 + DCT, jpeg(RGB))).replace(WHOLE, b" "), "shows nothing")
    refused(tmp_path, forms(12), "takes more time")
    assert off(shown(tmp_path, page_of(image(RGB8 + DCT, jpeg(RGB)))), RGB) < 3
    pdf._end()


def test_a_reader_that_was_killed_is_started_again(tmp_path: Path) -> None:
    read = scan(tmp_path, page_of(image(RGB8 + DCT, jpeg(RGB))))
    first = read_pixels(read)
    assert pdf._reader is not None
    pdf._reader._process.kill()
    pdf._reader._process.wait()
    np.testing.assert_array_equal(read_pixels(read), first)


def test_more_pages_than_a_book_has_are_refused(tmp_path: Path) -> None:
    read = scan(tmp_path, page_of(image(RGB8 + DCT, jpeg(RGB))).replace(b"/Count 1", b"/Count 1000000"))
    with pytest.raises(ScanError, match="1000000 pages"):
        count_frames(read.path)


def test_one_damaged_image_of_several_is_refused(tmp_path: Path) -> None:
    half = b"q 80 0 0 30 0 0 cm /I Do Q q 80 0 0 30 0 30 cm /J Do Q"
    bad = image(RGB8 + DCT, jpeg(RGB)[:900])
    refused(tmp_path, page_of(image(RGB8 + DCT, jpeg(RGB)), half, others=[bad]), "truncated")
    bomb = image(RGB8 + b"/Filter/FlateDecode", zlib.compress(b"\0"), 30_000, 30_000)
    refused(tmp_path, page_of(image(RGB8 + DCT, jpeg(RGB)), half, others=[bomb]), "megapixels")
