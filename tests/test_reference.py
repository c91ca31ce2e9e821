"""The ordered PDF: where its trim lies, how exactly it is drawn, what is refused, and what the disk cache survives."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from numpy.typing import NDArray
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from qc.errors import ReferenceFault, UsageError
from qc.geometry import MARGIN_MM, THUMBNAIL_DPI, WORKING_DPI, Affine, Size
from qc.model import BookCopy, ReferenceSettings
from qc.reference import cache
from qc.reference.find import Reference, find_reference, open_reference
from qc.register.prepared_page import prepare as prepare_page
from qc.scan.pdfium import RENDER_DPI
from qc.units import MM_PER_INCH, px_per_mm

REAL = Path(__file__).parent / "data" / "reference"
PT = MM_PER_INCH / 72
SIX_BY_NINE_MM = Size(6 * MM_PER_INCH, 9 * MM_PER_INCH)
BLEED = 9.0  # points
SIX_BY_NINE = (432.0, 648.0)
MARKS = (12.0, 37.3, 61.85)  # mm from the trim edges


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QC_CACHE", str(tmp_path / "cache"))


def draw_pdf(
    path: Path,
    size: tuple[float, float] = SIX_BY_NINE,
    pages: int = 2,
    paint: Callable[[Canvas, int], None] = lambda canvas, number: None,
    prepare: Callable[[Canvas, int], None] = lambda canvas, number: None,
    **options: object,
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas = Canvas(str(path), pagesize=size, invariant=1, **options)
    for number in range(1, pages + 1):
        prepare(canvas, number)
        paint(canvas, number)
        canvas.showPage()
    canvas.save()
    return path


def marks(trim_of: Callable[[int], tuple[float, float]], trim_height: float = 648.0) -> Callable[[Canvas, int], None]:
    """Lines of 1 pt at `MARKS` from the left and from the head of the trim with its corner at `trim_of`."""

    def paint(canvas: Canvas, number: int) -> None:
        left, bottom = trim_of(number)
        canvas.setLineWidth(1)
        for mark in MARKS:
            x, y = left + mark / PT, bottom + trim_height - mark / PT
            canvas.line(x, bottom + 100, x, bottom + 300)
            canvas.line(left + 250, y, left + 400, y)

    return paint


def darkness(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    v = rgb[..., 1] / 255.0
    return 1 - np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def centroid(profile: NDArray[np.float64], near: float) -> float:
    start = round(near) - 5
    window = profile[start : start + 11]
    return float((window * np.arange(start, start + 11)).sum() / window.sum())


def mark_errors(rgb: NDArray[np.uint8], to_px: Affine) -> list[float]:
    """How far from `MARKS` the drawn lines are found, mm, x and y."""
    dark, height = darkness(rgb), 228.6
    down = slice(*(int(to_px([0, height - pt * PT])[1]) for pt in (290, 110)))
    across = slice(*(int(to_px([pt * PT, 0])[0]) for pt in (260, 390)))
    back = to_px.inverse()
    errors = []
    for mark in MARKS:
        x, y = to_px([mark, mark])
        errors.append(back([centroid(dark[down].mean(0), x), 0])[0] - mark)
        errors.append(back([0, centroid(dark[:, across].mean(1), y)])[1] - mark)
    return errors


def assert_marks(reference: Reference, number: int) -> None:
    page = reference.page(number)
    assert np.abs(mark_errors(page.rgb, page.to_px)).max() < 0.01


class TestTrim:
    def test_plain_page(self, tmp_path: Path) -> None:
        reference = open_reference(draw_pdf(tmp_path / "b.pdf", paint=marks(lambda n: (0, 0))))
        page = reference.page(1)
        assert page.trim.width_mm == pytest.approx(152.4)
        assert page.trim.height_mm == pytest.approx(228.6)
        assert reference.trim == page.trim
        assert page.rgb.shape == (1388, 938, 3)
        assert page.to_px.scale == pytest.approx((WORKING_DPI / MM_PER_INCH,) * 2)
        assert page.to_px([-MARGIN_MM, -MARGIN_MM]) == pytest.approx([-0.5, -0.5])
        assert_marks(reference, 1)

    def test_bleed_on_three_sides_is_outside(self, tmp_path: Path) -> None:
        trim_of = lambda n: (0 if n % 2 else BLEED, BLEED)  # noqa: E731
        reference = open_reference(draw_pdf(tmp_path / "b.pdf", (441, 666), paint=marks(trim_of)))
        for number in (1, 2):
            assert reference.page(number).trim.width_mm == pytest.approx(152.4)
            assert_marks(reference, number)

    def test_bleed_on_four_sides(self, tmp_path: Path) -> None:
        path = draw_pdf(tmp_path / "b.pdf", (450, 666), paint=marks(lambda n: (BLEED, BLEED)))
        for number in (1, 2):
            assert_marks(open_reference(path, bleed=True), number)

    def test_trim_box_wins_over_the_stated_trim(self, tmp_path: Path) -> None:
        def boxes(canvas: Canvas, number: int) -> None:
            canvas.setTrimBox((20, 30, 452, 678))

        path = draw_pdf(tmp_path / "b.pdf", (500, 700), prepare=boxes, paint=marks(lambda n: (20, 30)))
        reference = open_reference(path, trim="7 x 10 in")
        assert reference.trim.width_mm == pytest.approx(152.4)
        assert "TrimBox" in reference.id.note
        assert_marks(reference, 1)
        assert open_reference(path, trim="6 x 9 in").id.note == ""

    def test_trim_box_as_large_as_the_page_says_nothing(self, tmp_path: Path) -> None:
        path = draw_pdf(
            tmp_path / "b.pdf",
            (441, 666),
            prepare=lambda canvas, n: canvas.setTrimBox((0, 0, 441, 666)),
            paint=marks(lambda n: (0 if n % 2 else BLEED, BLEED)),
        )
        assert_marks(open_reference(path), 2)

    def test_crop_box_with_an_offset_is_the_page(self, tmp_path: Path) -> None:
        path = draw_pdf(
            tmp_path / "b.pdf",
            (600, 800),
            prepare=lambda canvas, n: canvas.setCropBox((50, 60, 482, 708)),
            paint=marks(lambda n: (50, 60)),
        )
        assert_marks(open_reference(path), 1)

    @pytest.mark.parametrize("turn", [90, 180, 270])
    def test_rotated_page_is_the_page_as_displayed(self, tmp_path: Path, turn: int) -> None:
        plain = draw_pdf(
            tmp_path / "plain.pdf", (441, 666), pages=2, paint=marks(lambda n: (0 if n % 2 else BLEED, BLEED))
        )

        def undo(canvas: Canvas, number: int) -> None:
            canvas.setPageRotation(turn)
            dx, dy = {90: (666, 0), 180: (441, 666), 270: (0, 441)}[turn]
            canvas.translate(dx, dy)
            canvas.rotate(turn)

        turned = draw_pdf(
            tmp_path / "turned.pdf", (441, 666), prepare=undo, paint=marks(lambda n: (0 if n % 2 else BLEED, BLEED))
        )
        for number in (1, 2):
            assert_marks(open_reference(turned), number)
            a, b = open_reference(plain).page(number), open_reference(turned).page(number)
            assert np.abs(darkness(a.rgb) - darkness(b.rgb)).max() < 0.02

    def test_trim_box_is_given_before_rotation(self, tmp_path: Path) -> None:
        def prepare(canvas: Canvas, number: int) -> None:
            canvas.setTrimBox((30, 40, 678, 472))
            canvas.setPageRotation(90)
            canvas.translate(708, 0)
            canvas.rotate(90)

        path = draw_pdf(tmp_path / "b.pdf", (600, 708), prepare=prepare, paint=marks(lambda n: (40, 30)))
        assert_marks(open_reference(path), 1)

    def test_user_unit_scales_the_page(self, tmp_path: Path) -> None:
        path = draw_pdf(tmp_path / "b.pdf", (216, 324))
        path.write_bytes(path.read_bytes().replace(b"/MediaBox", b"/UserUnit 2.0 /MediaBox"))
        reference = open_reference(path)
        assert reference.trim.width_mm == pytest.approx(152.4)
        assert reference.page(2).rgb.shape == (1388, 938, 3)

    def test_pages_may_differ(self, tmp_path: Path) -> None:
        def prepare(canvas: Canvas, number: int) -> None:
            canvas.setPageSize((648, 432) if number == 2 else SIX_BY_NINE)

        reference = open_reference(draw_pdf(tmp_path / "b.pdf", pages=4, prepare=prepare), trim="6 x 9 in")
        assert reference.trim == SIX_BY_NINE_MM
        assert reference.page(2).trim.width_mm == pytest.approx(228.6)
        assert reference.thumbnails().shape == (4, 169, 112)

    def test_custom_size_is_its_own_trim_where_that_is_stated(self, tmp_path: Path) -> None:
        path = draw_pdf(tmp_path / "b.pdf", (400, 500))
        assert not open_reference(path).trim_known
        for reference in (open_reference(path, bleed=False), open_reference(path, trim="400/72 x 500/72 in")):
            assert reference.trim_known
            assert reference.trim.width_mm == pytest.approx(400 * PT)

    def test_ambiguous_page_size_follows_the_statement(self, tmp_path: Path) -> None:
        path = draw_pdf(tmp_path / "b.pdf", (612, 612))  # 8.5 x 8.5 in, or 8.25 x 8.25 in with bleed all round
        assert not open_reference(path).trim_known
        for bleed, inches in ((False, 8.5), (True, 8.25)):
            reference = open_reference(path, bleed=bleed)
            assert reference.trim_known
            assert reference.trim.width_mm == pytest.approx(inches * MM_PER_INCH)

    @pytest.mark.parametrize(
        ("size", "trim", "bleed", "said"),
        [
            (
                SIX_BY_NINE,
                "7 x 10 in",
                None,
                r"6 x 9 in; the stated trim 7 x 10 in needs 7 x 10 in or 7.1\d x 10.25 in",
            ),
            (SIX_BY_NINE, "6 x 9 in", True, r"6 x 9 in with bleed needs 6.1\d x 9.25 in or 6.25 x 9.25 in"),
            ((441, 666), "6 x 9 in", False, "6 x 9 in without bleed needs 6 x 9 in"),
        ],
    )
    def test_contradictions_are_refused(
        self, tmp_path: Path, size: tuple[float, float], trim: str | None, bleed: bool | None, said: str
    ) -> None:
        with pytest.raises(ReferenceFault, match=said):
            open_reference(draw_pdf(tmp_path / "b.pdf", size), trim=trim, bleed=bleed)


class TestSpreads:
    @pytest.mark.parametrize("size", [(792, 612), (864, 648), (882, 666), (841.89, 595.28)])
    def test_spreads_are_refused_in_words(self, tmp_path: Path, size: tuple[float, float]) -> None:
        with pytest.raises(
            ReferenceFault, match=r"looks like spreads or an imposed sheet of two .* Export single pages"
        ):
            open_reference(draw_pdf(tmp_path / "b.pdf", size))

    def test_stated_landscape_trim_is_believed(self, tmp_path: Path) -> None:
        assert open_reference(draw_pdf(tmp_path / "b.pdf", (792, 612)), trim="11 x 8.5 in").pages == 2

    def test_spread_of_the_stated_trim(self, tmp_path: Path) -> None:
        with pytest.raises(ReferenceFault, match=r"two 5 x 7\.5 in pages"):
            open_reference(draw_pdf(tmp_path / "b.pdf", (720, 540)), trim="5 x 7.5 in")

    def test_one_spread_in_a_book(self, tmp_path: Path) -> None:
        def prepare(canvas: Canvas, number: int) -> None:
            canvas.setPageSize((864, 648) if number == 3 else SIX_BY_NINE)

        with pytest.raises(ReferenceFault, match="Page 3"):
            open_reference(draw_pdf(tmp_path / "b.pdf", pages=4, prepare=prepare))

    @pytest.mark.parametrize("by_rotate", [False, True])
    def test_sideways_text_tells_imposed_sheets(self, tmp_path: Path, by_rotate: bool) -> None:
        def paint(canvas: Canvas, number: int) -> None:
            if by_rotate:
                canvas.setPageRotation(90)
            else:
                canvas.rotate(90)
            for line in range(1, 11):
                canvas.drawString(
                    50, (30 if by_rotate else -30) * line, "Two pages stand beside each other on this sheet."
                )

        path = draw_pdf(tmp_path / "b.pdf", (612, 792), paint=paint)
        with pytest.raises(ReferenceFault, match=r"imposed sheet of two 5.5 x 8.5 in pages"):
            open_reference(path)
        assert open_reference(path, trim="8.5 x 11 in").pages == 2

    def test_a_book_set_upright_by_rotate_is_no_imposed_sheet(self, tmp_path: Path) -> None:
        def paint(canvas: Canvas, number: int) -> None:
            canvas.setPageRotation(90)
            canvas.translate(792, 0)
            canvas.rotate(90)
            for line in range(1, 11):
                canvas.drawString(50, 50 * line, "This page is displayed upright, whatever its boxes say.")

        assert open_reference(draw_pdf(tmp_path / "b.pdf", (612, 792), paint=paint)).pages == 2


class TestDrawing:
    def test_bleed_shows_and_beyond_the_page_is_white(self, tmp_path: Path) -> None:
        def fill(canvas: Canvas, number: int) -> None:
            canvas.setFillColorRGB(0.2, 0.4, 0.6)
            canvas.rect(-50, -50, 900, 900, stroke=0, fill=1)

        page = open_reference(draw_pdf(tmp_path / "b.pdf", (441, 666), paint=fill)).page(1)
        middle = page.rgb.shape[0] // 2
        assert page.rgb[middle, 5].tolist() == [255, 255, 255]
        assert page.rgb[middle, -5].tolist() == [51, 102, 153]
        assert page.rgb[5, 400].tolist() == [51, 102, 153]

    def test_bleed_of_a_trim_box_shows_but_marks_beyond_it_do_not(self, tmp_path: Path) -> None:
        def boxes(canvas: Canvas, number: int) -> None:
            canvas.setTrimBox((30, 30, 462, 678))
            canvas.setBleedBox((25, 25, 467, 683))

        def fill(canvas: Canvas, number: int) -> None:
            canvas.rect(0, 0, 500, 720, stroke=0, fill=1)

        page = open_reference(draw_pdf(tmp_path / "b.pdf", (500, 720), prepare=boxes, paint=fill)).page(1)
        row = page.rgb[700, :, 0]
        assert row[2] == 255
        assert row[12] == 0

    def test_light_is_averaged_not_code_values(self, tmp_path: Path) -> None:
        def screen(canvas: Canvas, number: int) -> None:
            canvas.setLineWidth(0.24)
            for i in range(400):
                canvas.line(96 + i * 0.48, 100, 96 + i * 0.48, 500)

        page = open_reference(draw_pdf(tmp_path / "b.pdf", paint=screen)).page(1)
        x, y = page.to_px([130 * PT, 114.3]).astype(int)
        assert page.rgb[y - 50 : y + 50, x - 20 : x + 20].mean() == pytest.approx(188, abs=1.5)

    def test_small_text_is_in_place(self, tmp_path: Path) -> None:
        def text(canvas: Canvas, number: int) -> None:
            canvas.setFont("Times-Roman", 11)
            for line in range(30):
                canvas.drawString(54.1, 580 - 14.4 * line, "The quick brown fox jumps over the lazy dog, 1234.")

        reference = open_reference(draw_pdf(tmp_path / "b.pdf", paint=text))
        box = (20.0, 25.0, 70.0, 65.0)
        drawn = darkness(reference.crop(1, box, WORKING_DPI))
        truth = darkness(reference.crop(1, box, 16 * WORKING_DPI))
        height, width = truth.shape[0] // 16, truth.shape[1] // 16
        truth = truth[: height * 16, : width * 16].reshape(height, 16, width, 16).mean((1, 3))
        drawn = drawn[:height, :width]
        slope_y, slope_x = np.gradient(truth)
        parts = np.stack([slope_x, slope_y, truth], -1).reshape(-1, 3)
        shift = np.linalg.lstsq(parts, (truth - drawn).ravel(), rcond=None)[0]
        assert np.abs(shift[:2]).max() * MM_PER_INCH / WORKING_DPI < 0.006
        assert drawn.sum() == pytest.approx(truth.sum(), rel=0.08)

    @pytest.mark.parametrize("dpi", [72.0, 300.0, 611.0])
    def test_crop_is_exact_at_any_dpi(self, tmp_path: Path, dpi: float) -> None:
        path = draw_pdf(tmp_path / "b.pdf", (441.3, 666.2), paint=marks(lambda n: (BLEED, BLEED), 648.2))
        reference = open_reference(path, trim="6 x 9 in")
        x0, y0 = -10.0, -7.5
        picture = reference.crop(2, (x0, y0, 120.0, 250.0), dpi)
        scale = px_per_mm(dpi)
        assert picture.shape[1] == np.ceil(130 * scale)
        to_px = Affine.shift(-x0 * scale - 0.5, -y0 * scale - 0.5).after(Affine.scaling(scale))
        dark = darkness(picture)
        columns = dark[int((120 - y0) * scale) : int((180 - y0) * scale)].mean(0)
        for mark in MARKS:
            found = to_px.inverse()([centroid(columns, to_px([mark, 0])[0]), 0])[0]
            assert found == pytest.approx(mark, abs=0.01)
        assert (picture[:, 0] == 255).all()

    def test_thumbnails_show_the_trim(self, tmp_path: Path) -> None:
        def paint(canvas: Canvas, number: int) -> None:
            canvas.rect(0, 0, 216 if number == 1 else 432, 648, stroke=0, fill=1)

        thumbnails = open_reference(draw_pdf(tmp_path / "b.pdf", paint=paint)).thumbnails()
        assert thumbnails.shape == (2, 169, 112)
        assert thumbnails.dtype == np.uint8
        assert thumbnails[0, 80, :55].max() == 0
        assert thumbnails[0, 80, 57:].min() == 255
        assert thumbnails[1, :168].max() == 0
        assert round(152.4 * THUMBNAIL_DPI / MM_PER_INCH) == 112

    def test_no_such_page(self, tmp_path: Path) -> None:
        reference = open_reference(draw_pdf(tmp_path / "b.pdf"))
        for number in (0, 3):
            with pytest.raises(IndexError):
                reference.page(number)
            with pytest.raises(IndexError):
                reference.crop(number, (0, 0, 10, 10), 100)

    def test_threads_see_the_same_pages(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("QC_CACHE", os.devnull)
        path = draw_pdf(tmp_path / "b.pdf", (200, 300), pages=6, paint=lambda c, n: c.rect(20, 20, 20 * n, 50, fill=1))
        reference = open_reference(path)
        alone = [open_reference(path).page(n).rgb for n in range(1, 7)]
        wrong: list[int] = []

        def look() -> None:
            wrong.extend(n for n in range(1, 7) if not np.array_equal(reference.page(n).rgb, alone[n - 1]))

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


class TestCache:
    def test_second_time_nothing_is_drawn(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = draw_pdf(tmp_path / "b.pdf", paint=lambda c, n: c.rect(99, 99, 50, 50, fill=1))
        first = open_reference(path)
        luminance, thumbnails, target = first.page(1).luminance, first.thumbnails(), prepare_page(first.page(1))
        monkeypatch.setattr("qc.reference.pdf.draw", lambda *_: pytest.fail("drawn again"))
        again = open_reference(path)
        assert np.array_equal(again.page(1).luminance, luminance)
        assert np.array_equal(again.thumbnails(), thumbnails)
        kept = prepare_page(again.page(1))
        assert (kept.observable, kept.repeats_mm) == (target.observable, target.repeats_mm)
        for level, before in zip(kept.levels, target.levels, strict=True):
            assert all(np.array_equal(level.sums[name], before.sums[name]) for name in before.sums)

    def test_arrays_come_back_as_they_were(self, tmp_path: Path) -> None:
        made = {
            "odd": np.arange(5, dtype=np.uint8),
            "wide": np.random.default_rng(1).normal(size=(3, 4)),
            "none": np.zeros((0, 3), np.float32),
            "one": np.array(7),
        }
        assert cache.arrays("a", lambda: made) is made
        kept = cache.arrays("a", lambda: pytest.fail("made again"))
        assert list(kept) == list(made)
        for name, array in made.items():
            assert kept[name].dtype == array.dtype and np.array_equal(kept[name], array)

    @pytest.mark.parametrize("damage", [b"", b"nonsense", None])
    def test_damaged_files_are_made_again(self, tmp_path: Path, damage: bytes | None) -> None:
        path = draw_pdf(tmp_path / "b.pdf", paint=lambda c, n: c.rect(99, 99, 50, 50, fill=1))
        luminance = open_reference(path).page(1).luminance
        files = [f for f in (tmp_path / "cache").rglob("*") if f.is_file()]
        assert len(files) == 4
        for file in files:
            data = file.read_bytes()
            file.write_bytes(data[: len(data) // 2] if damage is None else damage)
        assert np.array_equal(open_reference(path).page(1).luminance, luminance)

    def test_cache_that_cannot_be_written_is_no_error(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").write_text("in the way")
        monkeypatch.setenv("QC_CACHE", str(tmp_path / "file" / "cache"))
        assert open_reference(draw_pdf(tmp_path / "b.pdf")).page(1).rgb.min() == 255

    def test_statement_changes_the_page_not_the_cached_one(self, tmp_path: Path) -> None:
        path = draw_pdf(tmp_path / "b.pdf", (612, 612))
        assert open_reference(path).page(1).rgb.shape != open_reference(path, bleed=True).page(1).rgb.shape

    def test_only_whole_files_appear(self, tmp_path: Path) -> None:
        cache.store("a/b", b"one")
        cache.store("a/b", b"two")
        assert cache.load("a/b") == b"two"
        assert [p.name for p in (tmp_path / "cache" / "a").iterdir()] == ["b"]


class TestRefusals:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(ReferenceFault, match=r"no\.pdf"):
            open_reference(tmp_path / "no.pdf")

    @pytest.mark.parametrize("content", [b"", b"no pdf at all", b"%PDF-1.4\n%%EOF"])
    def test_unreadable(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "b.pdf").write_bytes(content)
        with pytest.raises(ReferenceFault, match="damaged"):
            open_reference(tmp_path / "b.pdf")

    def test_encrypted(self, tmp_path: Path) -> None:
        path = draw_pdf(tmp_path / "b.pdf", encrypt=StandardEncryption("secret", "owner"))
        with pytest.raises(ReferenceFault, match="encrypted"):
            open_reference(path)

    def test_no_pages(self, tmp_path: Path) -> None:
        empty = pypdfium2.PdfDocument.new()
        buffer = io.BytesIO()
        empty.save(buffer)
        empty.close()
        (tmp_path / "b.pdf").write_bytes(buffer.getvalue())
        with pytest.raises(ReferenceFault, match="no pages"):
            open_reference(tmp_path / "b.pdf")

    def test_folder_without_interior(self, tmp_path: Path) -> None:
        with pytest.raises(ReferenceFault, match=r"no interior\.pdf"):
            open_reference(tmp_path)
        draw_pdf(tmp_path / "cover.pdf")
        with pytest.raises(ReferenceFault, match=r"only a cover\.pdf"):
            open_reference(tmp_path)


class TestTitle:
    def title(self, folder: Path, text: str, size: tuple[float, float] = SIX_BY_NINE) -> Path:
        draw_pdf(folder / "interior.pdf", size)
        (folder / "title.toml").write_text(text)
        return folder

    def test_statements_are_taken(self, tmp_path: Path) -> None:
        text = 'trim = "6 x 9 in"\nbleed = true\npaper = "cream"\nink = "black"\npages = 2\n'
        reference = open_reference(self.title(tmp_path / "9780000000002", text, (441, 666)))
        assert (reference.paper, reference.ink, reference.pages) == ("cream", "black", 2)
        assert (reference.id.kind, reference.id.id, reference.id.note) == ("pdf", "9780000000002", "")
        assert reference.id.sha256 is not None
        assert len(reference.id.sha256) == 64
        assert reference.trim == SIX_BY_NINE_MM

    def test_caller_overrides_it(self, tmp_path: Path) -> None:
        folder = self.title(tmp_path / "t", 'trim = "7 x 10 in"\nbleed = true\n')
        assert open_reference(folder, trim="6 x 9 in", bleed=False).trim == SIX_BY_NINE_MM

    def test_other_number_of_pages_is_noted(self, tmp_path: Path) -> None:
        assert "24 pages" in open_reference(self.title(tmp_path / "t", "pages = 24")).id.note

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("color = 1", "unknown key 'color'"),
            ('paper = "blue"', "white, cream"),
            ('ink = "gold"', "standard-color"),
            ("bleed = 1", "bleed"),
            ("pages = true", "pages"),
            ('trim = "large"', "no trim size"),
            ('trim = "0 x 9 in"', "no size of a book"),
            ("trim =", "TOML"),
        ],
    )
    def test_mistakes_name_the_file(self, tmp_path: Path, text: str, said: str) -> None:
        with pytest.raises(UsageError, match=said) as caught:
            open_reference(self.title(tmp_path / "t", text))
        assert "title.toml" in str(caught.value)


class TestFind:
    def copy(self, tmp_path: Path, file: str | None = None, isbn: str | None = None) -> BookCopy:
        return BookCopy("c", tmp_path / "inbox" / "c", (), isbn=isbn, reference=ReferenceSettings(file=file))

    @pytest.fixture
    def titles(self, tmp_path: Path) -> Path:
        draw_pdf(tmp_path / "titles" / "9780000000002" / "interior.pdf")
        draw_pdf(tmp_path / "titles" / "9780000000019.pdf")
        draw_pdf(tmp_path / "inbox" / "near.pdf")
        draw_pdf(tmp_path / "outside.pdf")
        return tmp_path / "titles"

    def test_option_wins_and_its_faults_are_raised(self, tmp_path: Path, titles: Path) -> None:
        found, why = find_reference(self.copy(tmp_path, file="near.pdf"), titles / "9780000000019.pdf", titles)
        assert found is not None
        assert (found.id.id, why) == ("9780000000019", "")
        with pytest.raises(ReferenceFault):
            find_reference(self.copy(tmp_path, file="near.pdf"), titles / "missing", titles)

    @pytest.mark.parametrize(
        ("file", "isbn", "name"),
        [
            ("9780000000002", None, "9780000000002"),
            ("near.pdf", "9780000000002", "near"),
            (None, "9780000000002", "9780000000002"),
            (None, "978-0-00-000001-9", "9780000000019"),
        ],
    )
    def test_found_by_file_or_isbn(
        self, tmp_path: Path, titles: Path, file: str | None, isbn: str | None, name: str
    ) -> None:
        found, why = find_reference(self.copy(tmp_path, file, isbn), None, titles)
        assert found is not None, why
        assert found.id.id == name

    @pytest.mark.parametrize("file", ["../outside.pdf", "x/../../outside.pdf", "/outside.pdf", "link.pdf", "", ".."])
    def test_never_outside_the_two_folders(self, tmp_path: Path, titles: Path, file: str) -> None:
        (titles / "link.pdf").symlink_to(tmp_path / "outside.pdf")
        name = str(tmp_path / "outside.pdf") if file.startswith("/") else file
        found, why = find_reference(self.copy(tmp_path, name, "9780000000002"), None, titles)
        assert found is None
        assert "not found" in why

    def test_faulty_or_absent_is_said(self, tmp_path: Path, titles: Path) -> None:
        (titles / "bad.pdf").write_bytes(b"no pdf")
        for copy, said in (
            (self.copy(tmp_path, "bad.pdf"), "damaged"),
            (self.copy(tmp_path, isbn="9780000000003"), "9780000000003 was not found"),
            (self.copy(tmp_path), "It is not known which book was ordered"),
        ):
            found, why = find_reference(copy, None, titles)
            assert found is None
            assert said in why
        found, why = find_reference(self.copy(tmp_path, isbn="9780000000002"), None, None)
        assert found is None
        assert "--titles" in why

    def test_copy_overrides_the_title(self, tmp_path: Path, titles: Path) -> None:
        copy = self.copy(tmp_path, isbn="9780000000002")
        found, why = find_reference(replace(copy, reference=ReferenceSettings(trim="7 x 10 in")), None, titles)
        assert found is None
        assert "7 x 10 in" in why

    def test_titles_must_exist(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="--titles"):
            find_reference(self.copy(tmp_path), None, tmp_path / "none")


class TestRealFiles:
    def test_print_ready_interior(self) -> None:
        reference = open_reference(REAL / "verse.pdf")
        assert reference.trim.width_mm == pytest.approx(7 * MM_PER_INCH)
        assert reference.trim.height_mm == pytest.approx(10 * MM_PER_INCH)
        assert reference.id.note == ""
        dark = darkness(reference.page(1).rgb)
        assert 0.01 < dark[19:-19, 19:-19].mean() < 0.2

    def test_imposed_sheet(self) -> None:
        with pytest.raises(ReferenceFault, match=r"imposed sheet of two 5\.5 x 8\.5 in pages"):
            open_reference(REAL / "imposed.pdf")


def test_drawn_at_four_times_the_working_resolution() -> None:
    assert RENDER_DPI == 4 * WORKING_DPI
