"""The geometry of a wrap: recovered from drawn covers, refused where ways to it do not agree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from drawn_cover import DrawnCover

from qc.errors import ReferenceFault, UsageError
from qc.geometry import Direction, Size, trim_size
from qc.reference.printers import agreeing, lengths, stocks
from qc.reference.title_toml import CoverStatement, Title, read_title
from qc.reference.wrap import Form, NotAWrap, Panel, Wrap, find_wrap
from qc.units import MM_PER_INCH

SIX_BY_NINE = Title(trim=trim_size("6 x 9 in"))


def found(cover: DrawnCover, tmp_path: Path, title: Title = SIX_BY_NINE) -> Wrap:
    wrap = find_wrap(cover.write(tmp_path / "cover.pdf"), title)
    assert isinstance(wrap, Wrap), wrap
    return wrap


def refused(cover: DrawnCover, tmp_path: Path, title: Title = SIX_BY_NINE) -> NotAWrap:
    answer = find_wrap(cover.write(tmp_path / "cover.pdf"), title)
    assert isinstance(answer, NotAWrap), answer
    return answer


@pytest.mark.parametrize("bleed", [3.0, 3.175])
@pytest.mark.parametrize("spine", [1.4, 5.72, 17.37, 48.0])
@pytest.mark.parametrize("trim_box", [True, False])
def test_spine_and_bleed_are_recovered(bleed: float, spine: float, trim_box: bool, tmp_path: Path) -> None:
    drawn = DrawnCover(spine=spine, bleed=bleed, trim_box=trim_box)
    wrap = found(drawn, tmp_path)
    assert abs(wrap.spine_mm - spine) <= 2 * wrap.u_spine and 0 < wrap.u_spine < 0.1
    assert abs(wrap.bleed_mm - bleed) <= 2 * wrap.u_bleed + 0.01 and wrap.u_bleed < 0.05
    assert wrap.x_back_fold == pytest.approx(drawn.folds[0], abs=2 * wrap.u_fold)
    assert wrap.x_front_fold == pytest.approx(drawn.folds[1], abs=2 * wrap.u_fold)
    assert wrap.trim == pytest.approx((bleed, bleed, drawn.page[0] - bleed, drawn.page[1] - bleed), abs=0.01)
    assert ("TrimBox" in wrap.source) is trim_box


def test_crop_marks_outside_the_bleed(tmp_path: Path) -> None:
    wrap = found(DrawnCover(marks=10.0, spine=8.0), tmp_path)
    assert wrap.bleed_mm == pytest.approx(3.175, abs=0.01) and wrap.x_back_fold == pytest.approx(165.575, abs=0.02)


def test_panels_left_to_right_and_right_to_left(tmp_path: Path) -> None:
    drawn = DrawnCover(spine=10.0)
    wrap = found(drawn, tmp_path)
    left, right = drawn.folds
    assert wrap.panel(Panel.BACK) == pytest.approx((3.175, 3.175, left, 231.775), abs=0.02)
    assert wrap.panel(Panel.FRONT) == pytest.approx((right, 3.175, right + 152.4, 231.775), abs=0.02)
    assert (wrap.toward_spine(Panel.BACK), wrap.toward_spine(Panel.FRONT)) == (1, -1)
    turned = found(drawn, tmp_path, replace(SIX_BY_NINE, direction=Direction.RTL))
    assert turned.panel(Panel.FRONT) == wrap.panel(Panel.BACK) and turned.x_front_fold == wrap.x_back_fold
    assert (turned.toward_spine(Panel.BACK), turned.toward_spine(Panel.FRONT)) == (-1, 1)


def test_what_is_known_otherwise_wins_over_title_toml(tmp_path: Path) -> None:
    path = DrawnCover(trim=(148.0, 210.0), spine=9.0).write(tmp_path / "cover.pdf")
    wrap = find_wrap(path, SIX_BY_NINE, trim=Size(148.0, 210.0), direction=Direction.RTL)
    assert isinstance(wrap, Wrap)
    assert wrap.spine_mm == pytest.approx(9.0, abs=0.05) and wrap.direction is Direction.RTL


@pytest.mark.parametrize(("trim", "said"), [((177.0, 229.0), "6.97 x 9.02 in"), ((177.15, 228.6), "6.97 x 9 in")])
def test_a_trim_rounded_to_hundredths_of_an_inch_widens_u(trim: tuple[float, float], said: str, tmp_path: Path) -> None:
    drawn = DrawnCover(trim=trim, spine=17.0)
    wrap = found(drawn, tmp_path, Title(trim=trim_size(said)))
    assert abs(wrap.spine_mm - 17.0) <= 2 * wrap.u_spine and wrap.u_spine > 0.1
    assert found(drawn, tmp_path, Title(trim=Size(*trim))).u_spine < 0.05


def test_a_stated_spine_needs_no_trim(tmp_path: Path) -> None:
    title = Title(cover=CoverStatement(spine_mm=11.3, bleed_mm=4.0))
    wrap = found(DrawnCover(trim=(140.0, 200.0), spine=11.3, bleed=4.0, trim_box=False), tmp_path, title)
    assert wrap.spine_mm == 11.3 and wrap.bleed_mm == 4.0 and wrap.trim[2] == pytest.approx(4 + 280 + 11.3, abs=0.02)


def test_pages_and_paper_tell_the_trim(tmp_path: Path) -> None:
    cover = DrawnCover(spine=300 * 0.0025 * MM_PER_INCH)
    wrap = found(cover, tmp_path, Title(pages=300, paper="cream"))
    assert abs(wrap.spine_mm - cover.spine) <= 2 * wrap.u_spine and "300 pages (KDP cream" in wrap.source
    assert "no standard trim agrees" in refused(cover, tmp_path, Title(pages=300, paper="white", ink="black")).reason


def test_without_trim_and_pages_the_sentence_says_what_it_would_be(tmp_path: Path) -> None:
    reason = refused(DrawnCover(spine=12.0), tmp_path, Title()).reason
    assert "12.00 mm with a trim of 6 x 9 in" in reason and "state the trim or the pages" in reason


@pytest.mark.parametrize(
    ("title", "word"),
    [
        (
            Title(trim=SIX_BY_NINE.trim, cover=CoverStatement(spine_mm=17.4)),
            "17.40 mm as stated, but 12.00 mm by the trim",
        ),
        (Title(trim=SIX_BY_NINE.trim, cover=CoverStatement(bleed_mm=5.0)), "leaves 3.17 mm of bleed"),
        (Title(trim=trim_size("6 x 8.5 in")), "the trim ordered 215.90 mm"),
        (Title(trim=trim_size("6.5 x 9 in")), "which no paperback has"),
        (Title(trim=SIX_BY_NINE.trim, pages=800), "800 pages make"),
    ],
)
def test_ways_that_do_not_agree_are_refused(title: Title, word: str, tmp_path: Path) -> None:
    answer = refused(DrawnCover(spine=12.0), tmp_path, title)
    assert answer.form is Form.UNKNOWN and word in answer.reason and answer.reason.endswith(".")


def test_a_height_that_tells_no_bleed_is_refused(tmp_path: Path) -> None:
    for bleed in (2.0, 3.0875, 4.5):
        assert "does not tell a bleed" in refused(DrawnCover(bleed=bleed, trim_box=False), tmp_path).reason


def test_a_page_smaller_than_any_book_is_refused(tmp_path: Path) -> None:
    stated = Title(cover=CoverStatement(spine_mm=12.0, bleed_mm=20.0))
    tiny = DrawnCover(trim=(10.0, 30.0), spine=12.0, bleed=3.0, trim_box=False)
    assert "no book" in refused(tiny, tmp_path, stated).reason


def test_other_forms_are_told_by_their_size(tmp_path: Path) -> None:
    case = DrawnCover(spine=22.0, bleed=21.0, trim_box=False)
    assert refused(case, tmp_path).form is Form.CASE
    jacket = DrawnCover(spine=12.0 + 2 * 85, trim_box=True)
    assert refused(jacket, tmp_path).form is Form.JACKET
    panel = DrawnCover(trim=(76.2, 228.6), spine=3.0, trim_box=False)
    assert refused(panel, tmp_path).form is Form.PANELS
    stated = replace(SIX_BY_NINE, cover=CoverStatement(binding="case"))
    assert "not judged yet" in refused(DrawnCover(), tmp_path, stated).reason


def test_a_file_that_is_no_pdf(tmp_path: Path) -> None:
    (tmp_path / "cover.pdf").write_text("no")
    with pytest.raises(ReferenceFault):
        find_wrap(tmp_path / "cover.pdf", SIX_BY_NINE)


def test_papers_that_agree_come_best_first() -> None:
    near = agreeing(300 * 0.002252 * MM_PER_INCH, 300)
    assert near[0].name.startswith("white") and {s.printer for s in near} == {"KDP"}
    assert [s.name for s in agreeing(300 * 0.0025 * MM_PER_INCH, 300, "cream")] == ["cream"]


def test_printers_numbers_state_source_day_and_standing() -> None:
    assert {s.printer for s in stocks()} >= {"KDP", "IngramSpark", "Lulu"}
    kinds = ("bleed", "shift", "lettering", "wrap", "hinge", "case-height")
    entries = [*stocks(), *(length for what in kinds for length in lengths(what))]
    assert all(e.source and e.read_on and e.standing in ("first-hand", "measured", "secondary") for e in entries)
    assert len(lengths("hinge")) == 2, "sources that differ stand beside each other"


class TestTitleToml:
    def read(self, tmp_path: Path, text: str) -> Title:
        (tmp_path / "title.toml").write_text(text)
        return read_title(tmp_path / "title.toml")

    def test_cover(self, tmp_path: Path) -> None:
        cover = self.read(
            tmp_path, '[cover]\nspine_mm = 12\nbinding = "case"\nwrap_mm = 15\nhinge_mm = 10.0\nbleed_mm = 3\n'
        )
        assert cover.cover == CoverStatement(12.0, "case", 15.0, 10.0, 3.0)
        assert self.read(tmp_path, "pages = 24\n").cover == CoverStatement()

    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ("spine = 12", "did you mean 'spine_mm'"),
            ('spine_mm = "12"', "without quotes"),
            ("spine_mm = 0.2", "from 0.5 to 90"),
            ('binding = "hardcover"', "paperback, case"),
            ("wrap_mm = 15", "belong to a case"),
            ('binding = "paperback"\nhinge_mm = 10', "belong to a case"),
        ],
    )
    def test_mistakes(self, text: str, word: str, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"\[cover\]") as caught:
            self.read(tmp_path, f"[cover]\n{text}\n")
        assert word in str(caught.value)
