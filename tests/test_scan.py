import hashlib
import io
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import simplejpeg
import tifffile
from PIL import Image, ImageCms
from pypdfium2 import PdfDocument
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from qc.errors import ScanError
from qc.model import Resolution, ScanFile
from qc.scan import pdfium
from qc.scan.image_file import count_frames, read_header, read_pixels, sha256

ODD = Path(__file__).parent / "data" / "scans"


def scan_of(path: Path, frame: int = 0) -> ScanFile:
    return ScanFile(path, path.name, frame)


def picture(height: int = 61, width: int = 83) -> np.ndarray:
    """Smooth RGB gradients with a white block, so that JPEG keeps them and every turn shows."""
    y, x = np.mgrid[:height, :width]
    rgb = np.stack([x * 200 / width, y * 200 / height, 60 + 0 * x], axis=-1).astype(np.uint8)
    rgb[8:24, 40:64] = 255
    return rgb


def save(path: Path, pixels: np.ndarray, **options: object) -> ScanFile:
    Image.fromarray(pixels).save(path, **options)
    return scan_of(path)


def exif_of(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = orientation
    return exif


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The EXIF table written once more, by hand: what a viewer shows of stored pixels."""
    return {
        1: pixels,
        2: np.fliplr(pixels),
        3: np.rot90(pixels, 2),
        4: np.flipud(pixels),
        5: np.swapaxes(pixels, 0, 1),
        6: np.rot90(pixels, -1),
        7: np.swapaxes(np.rot90(pixels, 2), 0, 1),
        8: np.rot90(pixels, 1),
    }[orientation]


def averaged(pixels: np.ndarray, reduce: int) -> np.ndarray:
    """Block means written as loops, the last blocks partial."""
    height, width = -(-pixels.shape[0] // reduce), -(-pixels.shape[1] // reduce)
    blocks = [
        [pixels[r * reduce : (r + 1) * reduce, c * reduce : (c + 1) * reduce].mean((0, 1)) for c in range(width)]
        for r in range(height)
    ]
    return np.array(blocks)


# --- pixels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize("gray", [False, True])
def test_pixels_and_size_come_back(tmp_path, suffix, gray):
    truth = picture()[..., 0] if gray else picture()
    options = {"quality": 98, "subsampling": 0} if suffix == ".jpg" else {}
    scan = save(tmp_path / f"p{suffix}", truth, dpi=(300, 300), **options)
    header, pixels = read_header(scan), read_pixels(scan)
    assert (header.width_px, header.height_px, header.gray, header.bits) == (83, 61, gray, 8)
    assert header.resolution == Resolution(300, 300)
    assert pixels.shape == truth.shape and pixels.dtype == np.uint8 and pixels.flags.c_contiguous
    assert np.abs(pixels.astype(int) - truth).max() <= (12 if suffix == ".jpg" else 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "TIFF lzw", "TIFF lzw 16"])
def test_all_eight_turns(tmp_path, orientation, kind):
    stored = picture()
    path = tmp_path / "p.any"
    if kind == "TIFF lzw 16":
        sixteen = stored.astype(np.uint16) * 257
        _, data = cv2.imencode(".tif", sixteen[..., ::-1])
        path.write_bytes(_with_orientation(data.tobytes(), orientation))
        expected = upright(sixteen, orientation)
    else:
        options = {"quality": 98, "subsampling": 0} if kind == "JPEG" else {}
        if kind == "TIFF lzw":
            options = {"compression": "tiff_lzw"}
        Image.fromarray(stored).save(path, kind.split()[0], exif=exif_of(orientation), dpi=(300, 600), **options)
        expected = upright(stored, orientation)
    header, pixels = read_header(scan_of(path)), read_pixels(scan_of(path), deep=True)
    assert pixels.shape == expected.shape == (header.height_px, header.width_px, 3)
    assert np.abs(pixels.astype(int) - expected).max() <= (12 if kind == "JPEG" else 0)
    if kind != "TIFF lzw 16":
        assert header.resolution == (Resolution(300, 600) if orientation < 5 else Resolution(600, 300))


def _with_orientation(tiff: bytes, orientation: int) -> bytes:
    """The TIFF with its directory written anew at the end, with the orientation tag set."""
    (at,) = struct.unpack_from("<I", tiff, 4)
    (count,) = struct.unpack_from("<H", tiff, at)
    entries = [tiff[at + 2 + 12 * i : at + 14 + 12 * i] for i in range(count)]
    entries = [e for e in entries if struct.unpack_from("<H", e)[0] != 274]
    entries.append(struct.pack("<HHIHH", 274, 3, 1, orientation, 0))
    entries.sort(key=lambda e: struct.unpack_from("<H", e)[0])
    tiff += b"\0" * (len(tiff) % 2)
    new = struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", 0)
    return tiff[:4] + struct.pack("<I", len(tiff)) + tiff[8:] + new


@pytest.mark.parametrize("reduce", [2, 3, 4, 8])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_reduced_pixel_averages_its_block(tmp_path, reduce, suffix, orientation):
    options = {"quality": 100, "subsampling": 0} if suffix == ".jpg" else {}
    stored = picture(96, 120)[:91, :115]
    scan = save(tmp_path / f"p{suffix}", stored, exif=exif_of(orientation), **options)
    expected = averaged(upright(stored, orientation), reduce)
    pixels = read_pixels(scan, reduce)
    assert pixels.shape == expected.shape
    error = np.abs(pixels - expected)
    # beyond the stored border a JPEG decoder averages padding into the partial blocks
    assert error[:-1, :-1].max() <= (6 if suffix == ".jpg" else 0.5)
    if suffix == ".png":
        assert error.max() <= 0.5


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
@pytest.mark.parametrize("reduce", [2, 3, 4, 8])
def test_bright_block_lands_where_the_formula_says(tmp_path, suffix, reduce):
    gray = np.zeros((240, 192), np.uint8)
    gray[96:120, 48:72] = 255
    pixels = read_pixels(save(tmp_path / f"p{suffix}", gray), reduce)
    rows, columns = np.nonzero(pixels > 127)
    assert (rows.min(), rows.max() + 1) == (96 // reduce, 120 // reduce)
    assert (columns.min(), columns.max() + 1) == (48 // reduce, 72 // reduce)


def test_other_reductions_are_a_mistake_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match="allowed are 1, 2, 3, 4, 8"):
        read_pixels(save(tmp_path / "p.png", picture()), 5)


# --- bits, polarity, color ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "png"])
def test_sixteen_bits_stay_or_are_rounded(tmp_path, color, compression):
    ramp = np.arange(64 * 96, dtype=np.uint16).reshape(64, 96) * 10
    truth = np.stack([ramp, ramp[::-1], ramp[:, ::-1]], axis=-1) if color else ramp
    path = tmp_path / "p.scan"
    if compression in ("lzw", "png"):
        suffix = ".tif" if compression == "lzw" else ".png"
        path.write_bytes(cv2.imencode(suffix, truth[..., ::-1] if color else truth)[1].tobytes())
    else:
        photometric = "rgb" if color else "minisblack"
        tifffile.imwrite(path, truth, photometric=photometric, compression=compression, metadata=None)
    pixels = read_pixels(scan_of(path), deep=True)
    assert read_header(scan_of(path)).bits == 16
    assert pixels.dtype == np.uint16 and len(np.unique(pixels)) > 256
    np.testing.assert_array_equal(pixels, truth)
    rounded = read_pixels(scan_of(path))
    assert rounded.dtype == np.uint8
    np.testing.assert_array_equal(rounded, np.round(truth / 257))


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_byte_order_and_planes(tmp_path, byteorder, planar, dtype):
    truth = picture().astype(dtype) * (257 if dtype == "u2" else 1)
    stored = truth if planar == "contig" else np.ascontiguousarray(np.moveaxis(truth, 2, 0))
    tifffile.imwrite(
        tmp_path / "p.tif", stored, photometric="rgb", planarconfig=planar, byteorder=byteorder, metadata=None
    )
    np.testing.assert_array_equal(read_pixels(scan_of(tmp_path / "p.tif"), deep=True), truth)


@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_gray_polarity(tmp_path, white_is_zero, dtype):
    truth = picture()[..., 0].astype(dtype) * (257 if dtype == "u2" else 1)
    stored = np.iinfo(dtype).max - truth if white_is_zero else truth
    photometric = "miniswhite" if white_is_zero else "minisblack"
    tifffile.imwrite(tmp_path / "p.tif", stored, photometric=photometric, metadata=None)
    np.testing.assert_array_equal(read_pixels(scan_of(tmp_path / "p.tif"), deep=True), truth)


def test_white_is_zero_of_compressed_sixteen_bits(tmp_path):
    truth = np.arange(64 * 96, dtype=np.uint16).reshape(64, 96) * 10
    data = bytearray(cv2.imencode(".tif", 65535 - truth)[1].tobytes())
    at = data.index(struct.pack("<HHI", 262, 3, 1))
    data[at + 8 : at + 10] = struct.pack("<H", 0)
    (tmp_path / "p.tif").write_bytes(data)
    np.testing.assert_array_equal(read_pixels(scan_of(tmp_path / "p.tif"), deep=True), truth)


@pytest.mark.parametrize("compression", ["raw", "group3", "group4", "tiff_lzw", "png"])
@pytest.mark.parametrize("white_is_zero", [False, True])
def test_one_bit_is_black_and_white(tmp_path, compression, white_is_zero):
    black = np.zeros((40, 56), bool)
    black[5:12, 9:30] = True
    path = tmp_path / "p.scan"
    image = Image.fromarray(~black)
    if compression == "png":
        image.save(path, "PNG")
    else:
        image.save(path, "TIFF", compression=compression, tiffinfo={262: 0 if white_is_zero else 1})
    pixels = read_pixels(scan_of(path))
    assert pixels.dtype == np.uint8 and read_header(scan_of(path)).bits == 1
    np.testing.assert_array_equal(pixels, np.where(black, 0, 255))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_is_white(tmp_path, mode):
    image = Image.new("RGBA", (4, 2), (0, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 0))
    image.putpixel((2, 0), (0, 0, 0, 128) if mode != "P" else (0, 0, 0, 255))
    image.convert(mode).save(tmp_path / "p.png")
    pixels = read_pixels(scan_of(tmp_path / "p.png"))
    header = read_header(scan_of(tmp_path / "p.png"))
    assert header.gray == (mode == "LA") == (pixels.ndim == 2)
    row = pixels[0] if pixels.ndim == 2 else pixels[0, :, 0]
    assert row[0] == 0 and row[1] == 255
    assert row[2] == (127 if mode != "P" else 0)


def test_cmyk_without_profile_is_not_inverted(tmp_path):
    cmyk = Image.new("CMYK", (32, 32), (0, 0, 0, 0))
    cmyk.paste((0, 0, 0, 255), (0, 0, 16, 32))
    for name in ("p.jpg", "p.tif"):
        cmyk.save(tmp_path / name, quality=95)
        pixels = read_pixels(scan_of(tmp_path / name))
        assert not read_header(scan_of(tmp_path / name)).gray
        assert pixels[:, :8].max() < 10 and pixels[:, 24:].min() > 245


def test_broken_cmyk_profile_does_not_stop(tmp_path):
    cmyk = Image.new("CMYK", (32, 32), (255, 0, 0, 0))
    cmyk.save(tmp_path / "p.jpg", quality=95, icc_profile=b"no profile")
    assert np.abs(read_pixels(scan_of(tmp_path / "p.jpg"))[16, 16].astype(int) - (0, 255, 255)).max() < 4


def test_rgb_profile_is_ignored(tmp_path):
    truth = picture()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    scan = save(tmp_path / "p.png", truth, icc_profile=lab)
    np.testing.assert_array_equal(read_pixels(scan), truth)


# --- resolution -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dpi, expected",
    [(300, 300), (600, 600), (200, 200), (299, 299), (72, None), (96, None), (1, None), (30, None), (9600, None)],
)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_credible_resolution(tmp_path, suffix, dpi, expected):
    header = read_header(save(tmp_path / f"p{suffix}", picture(), dpi=(dpi, dpi)))
    assert header.resolution == (Resolution(expected, expected) if expected else None)
    assert header.claimed_dpi == pytest.approx((dpi, dpi), abs=0.02)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_no_resolution(tmp_path, suffix):
    header = read_header(save(tmp_path / f"p{suffix}", picture()))
    assert header.resolution is None and header.claimed_dpi is None


@pytest.mark.parametrize(
    "unit, density, expected", [(0, 300, None), (1, 300, 300), (2, 118, 300), (2, 236, 600), (2, 157, 398.78)]
)
def test_jfif_units(tmp_path, unit, density, expected):
    data = bytearray(simplejpeg.encode_jpeg(picture(), quality=90))
    at = data.index(b"JFIF\0") + 7
    data[at : at + 5] = struct.pack(">BHH", unit, density, density)
    (tmp_path / "p.jpg").write_bytes(data)
    resolution = read_header(scan_of(tmp_path / "p.jpg")).resolution
    assert (resolution and resolution.x_dpi) == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("unit, value, expected", [(1, 300, None), (2, 300, 300), (3, 118.11, 300), (None, 300, None)])
def test_tiff_units(tmp_path, unit, value, expected):
    tags = {282: float(value), 283: float(value)} | ({296: unit} if unit else {})
    scan = save(tmp_path / "p.tif", picture(), tiffinfo=tags)
    assert read_header(scan).resolution == (Resolution(expected, expected) if expected else None)


def test_scanner_number_in_exif_beats_the_default_in_jfif(tmp_path):
    exif = Image.Exif()
    exif[282], exif[283], exif[296] = 400.0, 400.0, 2
    scan = save(tmp_path / "p.jpg", picture(), dpi=(72, 72), exif=exif)
    assert read_header(scan).resolution == Resolution(400, 400)


# --- frames ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_jpeg"])
def test_frames_of_a_tiff(tmp_path, compression):
    levels = (40, 120, 200)
    images = [Image.new("L", (30 + i, 20), level) for i, level in enumerate(levels)]
    path = tmp_path / "book.tif"
    images[0].save(path, save_all=True, append_images=images[1:], compression=compression)
    assert count_frames(path) == 3
    for frame, level in enumerate(levels):
        assert read_header(scan_of(path, frame)).width_px == 30 + frame
        assert np.all(np.abs(read_pixels(scan_of(path, frame)).astype(int) - level) <= 2)
    with pytest.raises(ScanError, match=r"^book\.tif, page 4, does not exist: the file has 3"):
        read_pixels(scan_of(path, 3))


def test_thumbnails_and_masks_are_no_pages(tmp_path):
    path = tmp_path / "p.tif"
    with tifffile.TiffWriter(path) as out:
        out.write(np.full((8, 8), 1, np.uint8), subfiletype=1, metadata=None)
        out.write(np.full((80, 60), 2, np.uint8), metadata=None)
        out.write(np.zeros((80, 60), bool), subfiletype=4, photometric="mask", metadata=None)
    assert count_frames(path) == 1
    assert read_pixels(scan_of(path)).shape == (80, 60)


def test_sixteen_bit_frames(tmp_path):
    frames = [np.full((20, 30, 3), level, np.uint16) for level in (1000, 40000)]
    done, data = cv2.imencodemulti(".tif", frames)
    assert done
    (tmp_path / "p.tif").write_bytes(data.tobytes())
    assert [int(read_pixels(scan_of(tmp_path / "p.tif", f), deep=True).max()) for f in (0, 1)] == [1000, 40000]


# --- PDF of scans ---------------------------------------------------------------------------------------------------


def jpeg_bytes(pixels: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


def pdf_with(path: Path, jpeg: bytes, size_pt: tuple[float, float], draw=None, **options: object) -> ScanFile:
    canvas = Canvas(str(path), pagesize=size_pt, **options)
    if draw:
        draw(canvas)
    else:
        canvas.drawImage(ImageReader(io.BytesIO(jpeg)), 0, 0, *size_pt)
    canvas.showPage()
    canvas.save()
    return scan_of(path)


def test_pdf_delivers_the_jpeg_inside(tmp_path):
    jpeg = jpeg_bytes(picture(600, 450))
    scan = pdf_with(tmp_path / "p.pdf", jpeg, (108, 144))
    (tmp_path / "p.jpg").write_bytes(jpeg)
    header = read_header(scan)
    assert (header.format, header.width_px, header.height_px, header.bits) == ("PDF", 450, 600, 8)
    assert header.resolution == Resolution(300, 300)
    for reduce in (1, 2, 3):
        np.testing.assert_array_equal(read_pixels(scan, reduce), read_pixels(scan_of(tmp_path / "p.jpg"), reduce))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("lossless", [False, True])
def test_pdf_page_rotation_turns_the_image(tmp_path, rotation, lossless):
    truth = picture(600, 450)

    def draw(canvas):
        image = Image.fromarray(truth) if lossless else io.BytesIO(jpeg_bytes(truth, subsampling=0))
        canvas.setPageRotation(rotation)
        canvas.drawImage(ImageReader(image), 0, 0, *((108, 72) if rotation % 180 == 0 else (72, 108)))

    scan = pdf_with(tmp_path / "p.pdf", b"", (108, 72), draw)
    expected = np.rot90(truth, -rotation // 90)
    header, pixels = read_header(scan), read_pixels(scan)
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).max() <= (0 if lossless else 14)
    # the page is shown 108 pt wide and 72 pt high, whichever way it was stored
    assert header.resolution == (Resolution(300, 600) if rotation % 180 == 0 else Resolution(400, 450))


def test_pdf_with_ocr_text_counts_as_one_image(tmp_path):
    jpeg = jpeg_bytes(picture(600, 450))

    def draw(canvas):
        canvas.drawImage(ImageReader(io.BytesIO(jpeg)), 0, 0, 108, 144)
        text = canvas.beginText(10, 10)
        text.setTextRenderMode(3)
        text.textLine("read by a machine")
        canvas.drawText(text)

    scan = pdf_with(tmp_path / "p.pdf", jpeg, (108, 144), draw)
    assert read_header(scan).width_px == 450
    np.testing.assert_array_equal(read_pixels(scan), simplejpeg.decode_jpeg(jpeg))


@pytest.mark.parametrize("what", ["text only", "small image", "two images"])
def test_pdf_page_that_is_no_single_image_is_drawn_at_300_dpi(tmp_path, what):
    jpeg = jpeg_bytes(picture(60, 45))

    def draw(canvas):
        canvas.rect(72, 36, 72, 36, fill=1, stroke=0)
        if what != "text only":
            canvas.drawImage(ImageReader(io.BytesIO(jpeg)), 0, 0, 20, 20)
        if what == "two images":
            canvas.drawImage(ImageReader(io.BytesIO(jpeg_bytes(picture(50, 45)))), 40, 0, 20, 20)

    scan = pdf_with(tmp_path / "p.pdf", b"", (432, 288), draw)
    header, pixels = read_header(scan), read_pixels(scan)
    assert (header.width_px, header.height_px) == (1800, 1200)
    assert header.resolution == Resolution(300, 300)
    assert pixels[1200 - 150 - 150 + 5 : 1200 - 150 - 5, 305:595].max() == 0
    assert pixels[:, 700:].min() == 255


def test_one_bit_pdf(tmp_path):
    black = np.zeros((288, 432), bool)
    black[20:60, 30:90] = True
    Image.fromarray(~black).save(tmp_path / "p.pdf", resolution=144)
    scan = scan_of(tmp_path / "p.pdf")
    header = read_header(scan)
    assert (header.bits, header.gray, header.resolution) == (1, True, Resolution(144, 144))
    np.testing.assert_array_equal(read_pixels(scan), np.where(black, 0, 255))


@pytest.mark.parametrize("fill, width", [(b"0 g", 16), (b"1 0 0 rg", 300)])
def test_stencil_that_paints_black_is_taken_as_it_is(tmp_path, fill, width):
    black = np.zeros((16, 16), bool)
    black[2:6, 1:9] = True
    data, content = np.packbits(~black, axis=1).tobytes(), fill + b" q 72 0 0 72 0 0 cm /I Do Q"
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]/Resources<</XObject<</I 4 0 R>>>>/Contents 5 0 R>>",
        b"<</Type/XObject/Subtype/Image/Width 16/Height 16/ImageMask true/BitsPerComponent 1/Length %d>>stream\n%s\n"
        b"endstream" % (len(data), data),
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
    ]
    text, offsets = b"%PDF-1.5\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(text))
        text += b"%d 0 obj%sendobj\n" % (number, body)
    table = b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % at for at in offsets)
    (tmp_path / "p.pdf").write_bytes(
        text + table + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(text)
    )
    pixels = read_pixels(scan_of(tmp_path / "p.pdf"))
    assert pixels.shape[1] == width
    if width == 16:
        np.testing.assert_array_equal(pixels, np.where(black, 0, 255))
    else:
        assert tuple(pixels[75, 75]) == (255, 0, 0)


def test_pdf_is_read_from_threads(tmp_path):
    canvas = Canvas(str(tmp_path / "p.pdf"), pagesize=(108, 144))
    for level in range(8):
        canvas.drawImage(ImageReader(io.BytesIO(jpeg_bytes(np.full((600, 450), level * 30, np.uint8)))), 0, 0, 108, 144)
        canvas.showPage()
    canvas.save()
    means: dict[int, float] = {}

    def read(frame: int) -> None:
        means[frame] = float(read_pixels(scan_of(tmp_path / "p.pdf", frame), 2).mean())

    threads = [threading.Thread(target=read, args=(frame,)) for frame in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [means[frame] for frame in range(8)] == pytest.approx([level * 30 for level in range(8)], abs=1)
    assert not pdfium.LOCK._is_owned()


# --- refusals -------------------------------------------------------------------------------------------------------


def refused(path: Path, *parts: str) -> None:
    with pytest.raises(ScanError) as caught:
        read_pixels(ScanFile(path, "box/p-0007"))
    message = str(caught.value)
    assert message.startswith("box/p-0007 ") and message.endswith(".") and "\n" not in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("name", ["p.jpg", "gray.jpg", "prog.jpg", "p.png", "p.tif", "lzw.tif", "g4.tif", "jpeg.tif"])
def test_truncated_at_any_place_is_refused(tmp_path, name, fraction):
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 255, (300, 200, 3), np.uint8)
    image = Image.fromarray(pixels)
    if name == "gray.jpg":
        image = image.convert("L")
    if name == "g4.tif":
        image = image.convert("1")
    compression = {"lzw.tif": "tiff_lzw", "g4.tif": "group4", "jpeg.tif": "tiff_jpeg"}.get(name)
    image.save(tmp_path / name, **({"compression": compression} if compression else {}), progressive=name == "prog.jpg")
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(len(data) * fraction)])
    refused(tmp_path / name)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_truncated_tiff_with_its_directory_first(tmp_path, compression):
    pixels = np.random.default_rng(5).integers(0, 255, (300, 200), np.uint8)
    tifffile.imwrite(tmp_path / "p.tif", pixels, compression=compression, rowsperstrip=64, metadata=None)
    data = (tmp_path / "p.tif").read_bytes()
    assert struct.unpack_from("<I", data, 4)[0] < 1000
    (tmp_path / "p.tif").write_bytes(data[: len(data) * 99 // 100])
    refused(tmp_path / "p.tif", "ends too early (truncated)")


@pytest.mark.parametrize("cut", [1, 2, 40])
def test_jpeg_that_lacks_its_last_bytes(tmp_path, cut):
    data = jpeg_bytes(picture(600, 450))
    (tmp_path / "p.jpg").write_bytes(data[:-cut])
    refused(tmp_path / "p.jpg", "ends too early (truncated)")


def test_jpeg_damaged_in_the_middle(tmp_path):
    data = bytearray(jpeg_bytes(np.random.default_rng(2).integers(0, 255, (400, 300, 3), np.uint8)))
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    (tmp_path / "p.jpg").write_bytes(data)
    refused(tmp_path / "p.jpg", "damaged JPEG")


def test_jpeg_in_tiff_damaged_in_the_middle(tmp_path):
    noise = Image.fromarray(np.random.default_rng(2).integers(0, 255, (400, 300, 3), np.uint8))
    noise.save(tmp_path / "p.tif", compression="tiff_jpeg")
    data = bytearray((tmp_path / "p.tif").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    (tmp_path / "p.tif").write_bytes(data)
    refused(tmp_path / "p.tif", "damaged JPEG")


def test_png_damaged_in_the_middle(tmp_path):
    save(tmp_path / "p.png", picture(300, 200))
    data = bytearray((tmp_path / "p.png").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "p.png").write_bytes(data)
    refused(tmp_path / "p.png", "damaged PNG (checksum)")


@pytest.mark.parametrize("tail", [4, 12])
def test_png_without_its_end(tmp_path, tail):
    save(tmp_path / "p.png", picture())
    data = (tmp_path / "p.png").read_bytes()
    (tmp_path / "p.png").write_bytes(data[:-tail])
    refused(tmp_path / "p.png", "ends too early (truncated)")


def png_declaring(width: int, height: int, pixel_bytes: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(pixel_bytes)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(20_000, 20_000), (2**31 - 1, 2**31 - 1), (300_000, 1000)])
def test_png_bomb_is_refused_from_the_header(tmp_path, size):
    (tmp_path / "p.png").write_bytes(png_declaring(*size, b"\0" * 1000))
    refused(tmp_path / "p.png", "250 megapixels")
    with pytest.raises(ScanError, match="250 megapixels"):
        read_header(scan_of(tmp_path / "p.png"))


@pytest.mark.parametrize("size", [(9000, 9000), (100, 100)])
def test_png_that_holds_less_than_it_declares(tmp_path, size):
    (tmp_path / "p.png").write_bytes(png_declaring(*size, b"\0" * 1000))
    refused(tmp_path / "p.png")


@pytest.mark.parametrize("size, part", [((60_000, 60_000), "250 megapixels"), ((12_000, 15_000), "truncated")])
def test_jpeg_that_declares_more_than_it_holds(tmp_path, size, part):
    data = bytearray(jpeg_bytes(picture()))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", size[1], size[0])
    (tmp_path / "p.jpg").write_bytes(data)
    refused(tmp_path / "p.jpg", part)


@pytest.mark.parametrize("size, part", [((60_000, 60_000), "250 megapixels"), ((8000, 8000), "")])
def test_tiff_that_declares_more_than_it_holds(tmp_path, size, part):
    tifffile.imwrite(tmp_path / "p.tif", picture()[..., 0], metadata=None)
    data = bytearray((tmp_path / "p.tif").read_bytes())
    for tag, value in ((256, size[0]), (257, size[1])):
        at = data.index(struct.pack("<HH", tag, 4) + b"\1\0\0\0")
        data[at + 8 : at + 12] = struct.pack("<I", value)
    (tmp_path / "p.tif").write_bytes(data)
    refused(tmp_path / "p.tif", part)


@pytest.mark.parametrize(
    "content, part",
    [
        (b"", "is empty (0 bytes)"),
        (b"these are the notes of the bench\n" * 9, "is not in a supported format"),
        (b"\0\0\0\x18ftypheic" + bytes(500), "is not in a supported format"),
        (b"\xff\xd8\xff", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "ends too early"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"II*\0\0\0\0\0", "TIFF"),
        (b"%PDF-1.4\nnothing", "PDF"),
    ],
)
def test_files_that_are_no_scans(tmp_path, content, part):
    (tmp_path / "p.jpg").write_bytes(content)
    refused(tmp_path / "p.jpg", part)
    for read in (count_frames, lambda path: read_header(scan_of(path))):
        if content[:3] == b"\xff\xd8\xff" and read is count_frames:
            continue
        if content[:4] == b"\x89PNG" and read is count_frames:
            continue
        with pytest.raises(ScanError, match=r"^p\.jpg "):
            read(tmp_path / "p.jpg")


def test_content_decides_not_the_name(tmp_path):
    save(tmp_path / "p.png", picture())
    (tmp_path / "p.png").rename(tmp_path / "p.jpg")
    assert read_header(scan_of(tmp_path / "p.jpg")).format == "PNG"
    np.testing.assert_array_equal(read_pixels(scan_of(tmp_path / "p.jpg")), picture())


def test_missing_file_folder_and_link_outside(tmp_path):
    refused(tmp_path / "p.jpg", "is not there")
    refused(tmp_path, "is no file")
    inside = tmp_path / "copy"
    inside.mkdir()
    save(tmp_path / "secret.png", picture())
    (inside / "p.png").symlink_to(tmp_path / "secret.png")
    refused(inside / "p.png", "link to a place outside")
    with pytest.raises(ScanError, match="link to a place outside"):
        sha256(inside / "p.png")


def test_encrypted_and_pageless_pdf(tmp_path):
    pdf_with(tmp_path / "p.pdf", jpeg_bytes(picture()), (72, 72), encrypt=StandardEncryption("secret", canPrint=0))
    refused(tmp_path / "p.pdf", "encrypted")
    with pdfium.LOCK:
        empty = PdfDocument.new()
        empty.save(tmp_path / "empty.pdf")
        empty.close()
    refused(tmp_path / "empty.pdf")
    with pytest.raises(ScanError, match=r"^empty\.pdf "):
        count_frames(tmp_path / "empty.pdf")


# --- odd files of others --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "broken.png",
        "gray-alpha-planar.tif",
        "g4-bad-code-word.tif",
        "huge-directory.tif",
        "many-channels.tif",
        "missing-image.pdf",
        "pixels-beyond-end.tif",
        "sos-before-sof.jpg",
        "truncated.jpg",
    ],
)
def test_odd_files_that_are_refused(name):
    refused(ODD / name)


@pytest.mark.parametrize(
    "name, shape, dtype, level",
    [
        ("g4-orientation-5.tif", (88, 590), np.uint8, 226.7),
        ("orientation-7.jpg", (128, 128, 3), np.uint8, 88.4),
        ("group3-lsb-first.tif", (4, 6), np.uint8, 201.9),
        ("empty-exif-tag.tif", (4, 6), np.uint8, 201.9),
        ("gray4-white-is-zero.tif", (16, 16), np.uint8, 127.5),
        ("rgb16-big.tif", (16, 16, 3), np.uint16, 383.5),
        ("rgb16-planar.tif", (43, 73, 3), np.uint16, 22496.3),
        ("big-endian-bigtiff.tif", (64, 64, 3), np.uint8, 66.7),
        ("jbig2.pdf", (3508, 2481, 3), np.uint8, 252.5),
        ("jpx-with-mask.pdf", (167, 584, 3), np.uint8, 114.0),
    ],
)
def test_odd_files_that_are_read(name, shape, dtype, level):
    pixels = read_pixels(scan_of(ODD / name), deep=True)
    assert (pixels.shape, pixels.dtype) == (shape, dtype)
    assert pixels.mean() == pytest.approx(level, abs=0.1)


def test_known_values_of_odd_files():
    gray4 = read_pixels(scan_of(ODD / "gray4-white-is-zero.tif"))
    np.testing.assert_array_equal(gray4[0], np.arange(16) * 17)
    rgb16 = read_pixels(scan_of(ODD / "rgb16-big.tif"), deep=True)
    np.testing.assert_array_equal(rgb16.ravel(), np.arange(768))
    rgba16 = read_pixels(scan_of(ODD / "rgba16-interlaced.png"), deep=True)
    assert rgba16.dtype == np.uint16 and np.all(rgba16[0, 0] == 65535) and rgba16[16, 16, 2] == 65535


def test_a_png_of_another_tone_is_shown_as_a_viewer_shows_it(tmp_path):
    """Three files of one picture, stored at gamma 0.35, 1 and 2.5; as stored their means lie 9,000 levels apart."""
    first, *others = [
        read_pixels(scan_of(ODD / f"g{gamma}n0g16.png"), deep=True).astype(float) for gamma in ("04", "10", "25")
    ]
    for other in others:
        assert np.abs(other - first).mean() < 2500


def test_fax_that_ends_in_zeros_is_an_incomplete_copy(tmp_path):
    Image.fromarray(picture(400, 300)[..., 0] > 60).save(tmp_path / "p.tif", compression="group4")
    data = (tmp_path / "p.tif").read_bytes()
    page = tifffile.TiffFile(io.BytesIO(data)).pages[0]
    (at,), (length,) = page.dataoffsets, page.databytecounts
    half = length // 2
    (tmp_path / "p.tif").write_bytes(data[: at + half] + bytes(length - half) + data[at + length :])
    refused(tmp_path / "p.tif", "incomplete copy")


def test_nothing_is_printed():
    """In a process of its own, where nobody has set up warnings, logging or stderr."""
    program = (
        "import sys; from pathlib import Path\n"
        "from qc.errors import ScanError; from qc.model import ScanFile; from qc.scan.image_file import read_pixels\n"
        "for path in sorted(Path(sys.argv[1]).iterdir()):\n"
        "    try: read_pixels(ScanFile(path, path.name))\n"
        "    except ScanError: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(ODD)], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_sha256(tmp_path):
    (tmp_path / "p.jpg").write_bytes(b"pages")
    assert sha256(tmp_path / "p.jpg") == hashlib.sha256(b"pages").hexdigest()
    with pytest.raises(ScanError, match=r"^gone\.jpg "):
        sha256(tmp_path / "gone.jpg")


@pytest.mark.parametrize("after_pixels", [False, True])
def test_a_png_says_how_it_lies_before_or_after_its_pixels(tmp_path, after_pixels):
    stored = picture()
    scan = save(tmp_path / "p.png", stored, exif=exif_of(6))
    chunks, at = [], 8
    data = scan.path.read_bytes()
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        chunks.append(data[at:end])
        at = end
    (tag,) = (c for c in chunks if c[4:8] == b"eXIf")
    chunks.remove(tag)
    chunks.insert(len(chunks) - 1 if after_pixels else 1, tag)
    scan.path.write_bytes(data[:8] + b"".join(chunks))
    assert np.array_equal(read_pixels(scan), np.rot90(stored, -1))
    assert (read_header(scan).height_px, read_header(scan).width_px) == (stored.shape[1], stored.shape[0])
