"""What reports show and say of a cover: its findings in pictures, the wrap as it sits on its book, a line, its scans."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_closed import COARSE, FLAT
from inspection_example import example
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from qc.batch.job import jobs_for, run_job, write_results
from qc.batch.sidecar import read_sidecar
from qc.batch.together import hold_together
from qc.geometry import Edge
from qc.inputs import open_with
from qc.judge.policy import load_policy
from qc.model import Evidence, FindingOutcome, Inspection, Where
from qc.pipeline import inspect_copy
from qc.reference.cover import CoverReference
from qc.reference.cover_page import draw_cover as draw_design
from qc.reference.wrap import Panel
from qc.report import html, text, words
from qc.report.cover_words import cover_line
from qc.report.evidence import LEAD_BYTES, MORE_BYTES, Exhibit, Picture, exhibits
from qc.report.fold_overlay import WIDTH, fold_overlays
from qc.report.wrap_drawing import wrap_drawing
from qc.synthetic import Art, Bound, Wrap, draw_cover, write_wrap

ISBN = "9780000000002"
SAMPLES = Path(__file__).parent.parent / "samples"
SPINE_MM, SHIFT_MM = 12.0, 4.0
SHIFTED = Bound(SHIFT_MM, head_mm=0.3, tail_mm=-0.6, fore_edge_mm=(-4.0, 0.5))
OTHER = Art("Eleven Yards", color=(0.55, 0.3, 0.25), picture="above", seed=5)


@dataclass(frozen=True)
class Seen:
    """A copy with its cover, inspected, and all exhibits of findings that are made."""

    inspection: Inspection
    cover: CoverReference

    def exhibit(self, measure: str, where: Where | None = None) -> Exhibit:
        """Of a finding of that measure, as if it were outside."""
        found = next(f for f in self.inspection.findings if f.measure == measure and where in (None, f.where))
        outside = replace(found, outcome=FindingOutcome.OUTSIDE)
        (shown,) = exhibits(replace(self.inspection, findings=(outside,)), None, cover=self.cover)
        return shown

    def value(self, measure: str, side: str | None = None, edge: Edge | None = None) -> float:
        place = (measure, side, edge)
        found = next(o for o in self.inspection.observations if (o.measure, o.where.side, o.where.edge) == place)
        assert found.value is not None
        return found.value


def inspect(folder: Path, titles: Path) -> Seen:
    (folder / "copy.toml").write_text(f'isbn = "{ISBN}"\n')
    opened = open_with(folder, titles=titles)
    assert opened.cover is not None, opened.cover_note
    return Seen(inspect_copy(opened.copy, opened.reference, load_policy(), cover=opened.cover), opened.cover)


def titles_with(folder: Path, art: Art = FLAT, **drawn: Any) -> tuple[Path, Wrap]:
    wrap = write_wrap(folder / ISBN / "cover.pdf", art, **{"spine_mm": SPINE_MM} | drawn)
    width, height = wrap.trim_mm
    stated = f'trim = "{width} x {height} mm"\ndirection = "{"rtl" if wrap.rtl else "ltr"}"\n'
    (folder / ISBN / "title.toml").write_text(stated)
    return folder, wrap


@pytest.fixture(scope="module")
def shifted(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    root = tmp_path_factory.mktemp("shifted")
    titles, wrap = titles_with(root / "titles")
    draw_cover(root / "RMA-1", wrap, SHIFTED, scanner=COARSE)
    return inspect(root / "RMA-1", titles)


def pixels(picture: Picture) -> NDArray[np.float64]:
    return np.asarray(Image.open(io.BytesIO(picture.large)).convert("RGB"), float)


def step_mm(picture: Picture, near_mm: float) -> float:
    """Place across a picture, in its frame, at which the colors to the left and right differ most within 2 mm."""
    seen = pixels(picture)[: len(pixels(picture)) // 2].mean(axis=0)
    x0, _, x1, _ = picture.box_mm
    scale = len(seen) / (x1 - x0)
    own = round(0.5 * scale)
    places = np.arange(round((near_mm - 2 - x0) * scale), round((near_mm + 2 - x0) * scale))
    change = [np.abs(seen[p : p + own].mean(axis=0) - seen[p - own : p].mean(axis=0)).sum() for p in places]
    return float(places[int(np.argmax(change))] / scale + x0)


@pytest.mark.parametrize("measure", ["cover-fold-offset", "spine-centering", "spine-width"])
def test_folds_are_shown_beside_the_ordered_spine_at_one_scale(measure: str, shifted: Seen) -> None:
    shown = shifted.exhibit(measure)
    assert [p.title for p in shown.pictures] == ["Back as printed", "As ordered", "Front as printed"]
    back, ordered, front = shown.pictures
    assert len({(p.box_mm[1], p.box_mm[3]) for p in shown.pictures}) == 1
    # The title stands 18 to 62 mm below the head; nothing else on the spine shows a shift.
    assert ordered.box_mm[1] > 18 - 2 and ordered.box_mm[3] < 62 + 2
    for picture, side in ((back, "back"), (front, "front")):
        (fold,) = picture.folds
        assert fold.offset_mm == shifted.value("cover-fold-offset", side) and fold.seen is not None
        assert abs(fold.offset_mm) == pytest.approx(4.0, abs=0.12)
        where = "spine" if side == "front" else "back"
        assert picture.caption == f"folded {abs(fold.offset_mm):.1f} mm inside the {where} of the file"
        assert picture.scan is not None and picture.scan.name == f"cover-{side}.jpg"
    assert ordered.folds[1].designed[0][0] - ordered.folds[0].designed[0][0] == pytest.approx(SPINE_MM, abs=0.05)


def test_lines_lie_where_the_pictures_show_the_folds(shifted: Seen) -> None:
    back, ordered, front = shifted.exhibit("spine-centering").pictures
    for picture in (back, front):
        (fold,) = picture.folds
        assert fold.seen is not None
        at = float(np.mean([p[0] for p in fold.seen]))
        assert step_mm(picture, at) == pytest.approx(at, abs=0.5)
    for fold in ordered.folds:
        # The spine is a little darker than both sides.
        assert step_mm(ordered, fold.designed[0][0]) == pytest.approx(fold.designed[0][0], abs=0.2)
        assert fold.seen is not None
        assert fold.seen[0][0] - fold.designed[0][0] == pytest.approx(-SHIFT_MM, abs=0.5)


def test_the_drawing_over_folds_is_to_scale(shifted: Seen) -> None:
    shown = shifted.exhibit("spine-centering")
    drawn = fold_overlays(shown)
    assert sum(o.width for o in drawn) == pytest.approx(WIDTH) and len({round(o.height) for o in drawn}) == 1
    x0, _, x1, _ = shown.pictures[0].box_mm
    scale = drawn[0].width / (x1 - x0)
    back, front = (f"{abs(shifted.value('cover-fold-offset', side)):.1f} mm" for side in ("back", "front"))
    assert [f.label for o in drawn for f in o.folds] == [back, "", "", front]
    for overlay in (drawn[0], drawn[2]):
        (fold,) = overlay.folds
        assert fold.dimension is not None
        (a, _), (b, _) = fold.dimension
        assert abs(a - b) / scale == pytest.approx(SHIFT_MM, abs=0.3)
        assert any(t.at == pytest.approx(fold.designed[0][0]) and t.label == "0" for t in overlay.ticks)


def test_a_fold_seen_on_one_side_is_shown_beside_the_spine(tmp_path: Path) -> None:
    titles, wrap = titles_with(tmp_path / "titles")
    draw_cover(tmp_path / "RMA-1", wrap, SHIFTED, scanner=COARSE, sides=("front",))
    ordered, front = inspect(tmp_path / "RMA-1", titles).exhibit("cover-fold-offset").pictures
    assert (ordered.title, front.title) == ("As ordered", "Front as printed")
    assert [f.seen is None for f in ordered.folds] == [True, False]


def test_right_to_left_the_front_lies_at_the_left(tmp_path: Path) -> None:
    titles, wrap = titles_with(tmp_path / "titles", rtl=True)
    draw_cover(tmp_path / "RMA-1", wrap, SHIFTED, scanner=COARSE)
    seen = inspect(tmp_path / "RMA-1", titles)
    front, ordered, back = seen.exhibit("spine-centering").pictures
    assert (front.title, ordered.title, back.title) == ("Front as printed", "As ordered", "Back as printed")
    assert ordered.folds[0].offset_mm == seen.value("cover-fold-offset", "front")
    drawing = wrap_drawing(seen.inspection, seen.cover.wrap)
    assert drawing is not None
    at = dict(drawing.panels)
    assert at["front"][0] < at["back"][0]


def test_both_sides_of_a_flat_wrap_are_shown_where_they_lie_in_its_scan(tmp_path: Path) -> None:
    titles, wrap = titles_with(tmp_path / "titles")
    design = draw_design(wrap.path, 150.0, (-8.0, -8.0, *wrap_far(wrap))).astype(float)
    scale, x = 150 / 25.4, 8.0 + 3.175 + wrap.trim_mm[0] + 1.0
    for fold in (x, x + SPINE_MM):
        design[:, round(fold * scale) + np.arange(-1, 2)] *= 0.8
    (tmp_path / "RMA-1").mkdir()
    scan = Image.fromarray(np.clip(design, 0, 255).astype(np.uint8))
    scan.save(tmp_path / "RMA-1" / "cover-wrap.jpg", dpi=(150, 150), quality=90)
    seen = inspect(tmp_path / "RMA-1", titles)
    (scan,) = seen.inspection.pages
    assert scan.reason == "its print matches the front and back of the ordered cover"
    back, _, front = seen.exhibit("cover-fold-offset").pictures
    for picture, number in ((front, 1), (back, 2)):
        meant = seen.cover.crop(number, picture.box_mm, 150.0).astype(float).mean(axis=2)
        size = meant.shape[::-1]
        shown = np.asarray(Image.open(io.BytesIO(picture.large)).convert("L").resize(size), float)
        assert np.corrcoef(meant.ravel(), shown.ravel())[0, 1] > 0.8


def wrap_far(wrap: Wrap) -> tuple[float, float]:
    """Right and lower end of what a scan of a flat wrap shows, in the frame of its PDF."""
    width, height = wrap.trim_mm
    return 2 * width + SPINE_MM + 2 * 3.175 + 8.0, height + 2 * 3.175 + 8.0


@pytest.mark.parametrize(("edge", "measured"), [(Edge.FORE_EDGE, -4.0), (Edge.TAIL, -0.6), (Edge.HEAD, 0.3)])
def test_a_cut_of_the_cover_is_shown_as_one_of_a_page(edge: Edge, measured: float, shifted: Seen) -> None:
    shown = shifted.exhibit("cover-trim-offset", Where(edge=edge, side="front"))
    assert [p.title for p in shown.pictures] == ["As ordered", "As printed"] and shown.box_mm is not None
    x0, y0, x1, y1 = shown.box_mm
    assert (x1 - x0) / (y1 - y0) == pytest.approx(4 / 3)
    assert shown.marks.offset_mm == pytest.approx(measured, abs=0.2)
    for lines in (shown.marks.trim, shown.marks.cut):
        assert lines is not None
        x, y = np.mean(lines, axis=0)
        assert x0 < x < x1 or y0 < y < y1


def test_the_turn_of_a_side_is_shown_at_its_head_without_a_length(shifted: Seen) -> None:
    shown = shifted.exhibit("cover-skew", Where(side="back"))
    assert shown.marks.trim is not None and shown.marks.offset_mm is None
    assert shown.marks.trim[0][1] == shown.marks.trim[1][1] == 0.0


def test_the_lettering_of_the_spine_is_shown_on_its_side_with_the_folds_of_the_copy(shifted: Seen) -> None:
    (picture,) = shifted.exhibit("spine-text-clearance").pictures
    height, width, _ = pixels(picture).shape
    assert width / height == pytest.approx(picture.aspect, abs=0.05) and width > 3 * height
    design = shifted.cover.crop(1, picture.box_mm, 100.0).astype(float).mean(axis=2)
    lying = np.rot90(design)
    small = np.asarray(Image.open(io.BytesIO(picture.large)).convert("L").resize(lying.shape[::-1]), float)
    assert np.corrcoef(small.ravel(), lying.ravel())[0, 1] > 0.9
    (drawn,) = fold_overlays(shifted.exhibit("spine-text-clearance"))
    upper, lower = drawn.folds[1], drawn.folds[0]
    assert upper.designed[0][1] < lower.designed[0][1] and upper.seen is not None
    # Between both designed folds there is lettering; beside them there is none.
    scale = height / drawn.height
    rows = [round(line.designed[0][1] * scale) for line in (upper, lower)]
    light = pixels(picture).mean(axis=2)
    spine, beside = light[rows[0] + 4 : rows[1] - 4], light[rows[1] + 4 : rows[1] + 20]
    assert np.ptp(spine, axis=0).max() > 60 > np.ptp(beside, axis=0).max()


def test_of_a_thin_spine_the_lettering_is_shown() -> None:
    opened = open_with(SAMPLES / "returns" / "RMA-10491", titles=SAMPLES / "titles")
    assert opened.cover is not None
    seen = Seen(inspect_copy(opened.copy, opened.reference, load_policy(), cover=opened.cover), opened.cover)
    (picture,) = seen.exhibit("spine-text-clearance").pictures
    # Its title stands 20 to 32 mm below the head.
    assert picture.box_mm[1] < 15 and picture.box_mm[3] > 37
    for strip in seen.exhibit("spine-centering").pictures:
        assert strip.box_mm[3] - strip.box_mm[1] == pytest.approx(33.0)


def test_another_cover_is_shown_whole_beside_the_ordered_one(tmp_path: Path) -> None:
    titles, wrap = titles_with(tmp_path / "titles")
    other = write_wrap(tmp_path / "other.pdf", OTHER, spine_mm=SPINE_MM)
    draw_cover(tmp_path / "RMA-1", wrap, scanner=COARSE, other={"front": other, "back": other})
    seen = inspect(tmp_path / "RMA-1", titles)
    shown = seen.exhibit("cover-identity")
    assert [(p.title, p.caption) for p in shown.pictures] == [
        ("As ordered", "front cover"),
        ("As printed", "front cover"),
        ("As ordered", "back cover"),
        ("As printed", "back cover"),
    ]
    assert shown.box_mm is None and not any(p.folds for p in shown.pictures)
    assert cover_line(seen.inspection) == "not the one ordered"
    assert wrap_drawing(seen.inspection, seen.cover.wrap) is None


def test_a_cover_upside_down_is_shown_as_it_lies(tmp_path: Path) -> None:
    titles, wrap = titles_with(tmp_path / "titles")
    draw_cover(tmp_path / "RMA-1", wrap, scanner=COARSE, sides=("front",), upside_down=("front",))
    seen = inspect(tmp_path / "RMA-1", titles)
    color = next(f for f in seen.inspection.findings if f.measure == "cover-skew")
    color = replace(color, measure="cover-color-difference", evidence=(Evidence("cover-front.jpg"),))
    turned = replace(color, measure="cover-upside-down", where=Where(), outcome=FindingOutcome.UNDECIDED)
    observed = next(o for o in seen.inspection.observations if o.measure == "cover-upside-down")
    told = replace(observed, value=1.0, flags=(), detail={"sides": ["front"]})
    both = []
    for finding in (replace(color, outcome=FindingOutcome.OUTSIDE), turned):
        made = replace(seen.inspection, findings=(finding,), observations=(*_without(seen, observed), told))
        (shown,) = exhibits(made, None, cover=seen.cover)
        both.append(np.asarray(Image.open(io.BytesIO(shown.pictures[1].large)).convert("L").resize((60, 90)), float))
    upright, lies = (p[10:-10, 10:-10] for p in both)
    assert np.corrcoef(upright.ravel(), lies[::-1, ::-1].ravel())[0, 1] > 0.7
    assert np.corrcoef(upright.ravel(), lies.ravel())[0, 1] < 0.5


def _without(seen: Seen, observation: object) -> list[Any]:
    return [o for o in seen.inspection.observations if o is not observation]


def test_the_wrap_is_drawn_to_scale_as_it_sits_on_its_book(shifted: Seen) -> None:
    drawing = wrap_drawing(shifted.inspection, shifted.cover.wrap)
    assert drawing is not None and drawing.lettering is not None
    x, y, w, h = drawing.flat
    sx, _, sw, _ = drawing.spine
    assert (w, h, sw) == pytest.approx((2 * 107.95 + SPINE_MM, 174.498, SPINE_MM), abs=0.1)
    assert {(m.side, m.name) for m in drawing.marks} == {
        (side, name) for side in Panel for name in ("head", "tail", "fore-edge", "fold")
    }
    marks = {(m.side, m.name): m for m in drawing.marks}
    designed = {("front", "fold"): (0, sx + sw), ("back", "fold"): (0, sx), ("front", "fore-edge"): (0, x + w)}
    designed |= {("back", "fore-edge"): (0, x), ("front", "head"): (1, y), ("back", "tail"): (1, y + h)}
    outward = {"fold": {"front": -1, "back": 1}, "fore-edge": {"front": 1, "back": -1}}
    for (side, name), (axis, at) in designed.items():
        mark = marks[side, name]
        way = outward.get(name, {}).get(side) or (-1 if name == "head" else 1)
        middle = (mark.line[0][axis] + mark.line[1][axis]) / 2
        assert middle - at == pytest.approx(way * mark.offset_mm, abs=0.1), (side, name)
    assert marks["front", "fold"].outcome is FindingOutcome.OUTSIDE
    assert marks["front", "head"].outcome is FindingOutcome.WITHIN
    lx, _, lw, _ = drawing.lettering
    assert sx < lx < lx + lw < sx + sw


LINE = re.compile(
    r"cut 4\.\d mm too deep at the (?:front|back)'s fore-edge, folded (?:3\.9|4\.\d) mm inside the (?:back|spine) of "
    r"the file, art of the spine (?:3\.9|4\.\d) mm toward the front, its lettering \d\.\d mm (?:over|from) a fold"
)


def test_the_cover_is_said_in_a_line_here_and_there(shifted: Seen) -> None:
    said = cover_line(shifted.inspection)
    assert LINE.fullmatch(said), said
    out = io.StringIO()
    console = Console(file=out, width=300)
    text.summary(shifted.inspection, k=2.0, verbose=False, report_path=None, console=console)
    assert re.search(rf"^Cover +{re.escape(said)}$", out.getvalue(), re.MULTILINE)
    page = html.render(shifted.inspection, [], k=2.0, wrap=wrap_drawing(shifted.inspection, shifted.cover.wrap))
    assert f"Cover: {said}." in page.replace("&#39;", "'")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cover-trim-offset": 0.02}, "cut on its trim lines, "),
        ({"cover-trim-offset": 0.5}, "cut 0.5 mm beyond the trim line at the front's "),
        ({"cover-fold-offset": -1.2}, ", folded 1.2 mm inside the front of the file, "),
        ({"cover-fold-offset": 0.0}, ", folded as designed, "),
        ({"spine-centering": 0.01}, ", spine centered, "),
        ({"spine-centering": -1.0}, ", art of the spine 1.0 mm toward the back, "),
        ({"spine-text-clearance": 0.01}, ", its lettering at a fold"),
        ({"spine-text-clearance": -0.6}, ", its lettering 0.6 mm over a fold"),
        ({"spine-text-clearance": 0.6}, ", its lettering 0.6 mm from a fold"),
    ],
)
def test_a_line_is_said_as_a_person_would(changes: Mapping[str, float], said: str, shifted: Seen) -> None:
    observed = tuple(
        replace(o, value=changes[o.measure]) if o.measure in changes and o.value is not None else o
        for o in shifted.inspection.observations
    )
    assert said in cover_line(replace(shifted.inspection, observations=observed))


def test_a_fold_in_doubt_is_said_and_a_copy_without_a_cover_says_nothing(shifted: Seen) -> None:
    doubted = tuple(
        replace(o, flags=("fold-not-proven",)) if o.measure == "spine-centering" else o
        for o in shifted.inspection.observations
    )
    assert cover_line(replace(shifted.inspection, observations=doubted)).endswith(", the fold is not certain")
    assert [words.signed_mm(v) for v in (-0.04, 0.0, 0.06, -10.04)] == ["0.0 mm", "0.0 mm", "+0.1 mm", "−10.0 mm"]
    assert cover_line(example()) == "" and "<summary>The cover" not in html.render(example(), [], k=2.0)


def test_the_report_shows_drawing_and_scans_of_the_cover(shifted: Seen) -> None:
    shown = exhibits(shifted.inspection, None, cover=shifted.cover)
    drawing = wrap_drawing(shifted.inspection, shifted.cover.wrap)
    page = html.render(shifted.inspection, shown, k=2.0, wrap=drawing)
    bare = html.render(shifted.inspection, shown, k=2.0)
    svg = page[page.index('<div class="plate wrap"') :].split("</svg>")[0]
    assert '<title id="wrap-title">' in svg and '<desc id="wrap-desc">' in svg
    assert "front fold +4.0 mm, OUTSIDE" in svg or "front fold +3.9 mm, OUTSIDE" in svg
    assert page.count('id="wrap-title"') == 1 and len(page) - len(bare) < 6000
    assert "<details open><summary>The cover" in page
    strip = re.sub(r"\s+", " ", page[page.index('<ol class="strip">') :])
    assert '<b>front cover</b> <div class="taken">its print matches the front of the ordered cover</div>' in strip
    alone = html.render(replace(shifted.inspection, findings=()), [], k=2.0, wrap=drawing)
    assert alone.count('id="wrap-title"') == 1 and alone.index('id="wrap-title"') < alone.index("Refund ticket")


def test_pictures_of_folds_stay_within_what_a_finding_may_take(shifted: Seen) -> None:
    shown = exhibits(shifted.inspection, None, cover=shifted.cover)
    assert len(shown) >= 3 and any(len(e.pictures) == 3 for e in shown)
    for n, exhibit in enumerate(shown):
        assert sum(len(p.webp) for p in exhibit.pictures) <= (MORE_BYTES if n else LEAD_BYTES)
    # Both folds and the centering are the same pictures.
    assert sum(len(e.pictures) == 3 for e in shown) == 1


def results(folder: Path, make: Callable[[str, Path], None], titles: Path | None) -> dict[str, str]:
    """Reports of three copies of the title, held against each other."""
    for name in ("RMA-1", "RMA-2", "RMA-3"):
        make(name, folder / name)
        (folder / name / "copy.toml").write_text(f'isbn = "{ISBN}"\n')
    jobs = jobs_for([folder / n for n in ("RMA-1", "RMA-2", "RMA-3")], folder / "out", load_policy(), titles=titles)
    for job in jobs:
        run_job(job)
    changed, lost = hold_together(jobs)
    assert not lost
    return {name: (folder / "out" / name / "report.html").read_text("utf-8") for name in changed}


def test_the_odd_cover_is_shown_beside_that_of_another_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Photographs drawn at random are more alike than those of two books; what is tested is what is shown.
    monkeypatch.setattr("qc.measure.copy_cover_outlier.UNLIKE", 0.95)
    _, wrap = titles_with(tmp_path / "titles")
    other = write_wrap(tmp_path / "other.pdf", OTHER, spine_mm=SPINE_MM)
    coarse = replace(COARSE, dpi=100.0)

    def make(name: str, folder: Path) -> None:
        on = {"front": other} if name == "RMA-2" else None
        draw_cover(folder, wrap, scanner=coarse, other=on, sides=("front",), seed=int(name[-1]))

    page = results(tmp_path, make, None)["RMA-2"]
    shown = page[page.index('<div class="exhibit">') :].split("</section>")[0]
    assert shown.index("<b>RMA-1</b><br>front cover") < shown.index("<b>This copy</b><br>front cover")
    assert (tmp_path / "RMA-1" / "cover-front.jpg").as_uri() in shown


def test_reports_written_anew_still_show_the_cover(shifted: Seen, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shifted.inspection.copy.path, tmp_path / "RMA-1"))
    titles = shifted.inspection.copy.path.parent / "titles"
    (job,) = jobs_for([folder], tmp_path / "out", load_policy(), titles=titles)
    run_job(job)
    first = job.report.read_text("utf-8")
    assert "Back as printed" in first and 'id="wrap-title"' in first
    stored = read_sidecar(job.folder)
    assert stored is not None
    write_results(*stored, None, job, cover=shifted.cover)
    again = job.report.read_text("utf-8")
    assert again.count("Back as printed") == first.count("Back as printed") and 'id="wrap-title"' in again
