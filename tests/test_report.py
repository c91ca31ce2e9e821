"""Both reports say the verdict first, show the finding, and never run or load what a stranger wrote."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspection_example import (
    CUT,
    STREAK_MM,
    TO_SCAN,
    DrawnReference,
    example,
    header_of,
    print_of,
    scan_of,
    sound,
    unseen,
    with_pictures,
)
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from qc.errors import OutputError
from qc.geometry import Affine, Edge
from qc.judge.clause import cite
from qc.judge.ranking import by_gravity
from qc.model import Evidence, Finding, FindingOutcome, Inspection, Observation, PageKind, Rescan, Role, ScanFile, Where
from qc.report import crops, html, text, words
from qc.report.bullet_graph import bullet, limit_of
from qc.report.crops import upright_crop
from qc.report.evidence import Exhibit, exhibits
from qc.report.evidence_overlay import overlay
from qc.report.not_looked_at import not_looked_at
from qc.report.trim_drawing import page_drawing, panels
from qc.units import px_per_mm

NASTY = "<script>alert(1)</script>[bold]\x1b[31m\u202e{{7*7}}"


@pytest.fixture(autouse=True)
def drawn_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qc.scan.scan_reader.read_pixels", scan_of)
    monkeypatch.setattr("qc.scan.scan_reader.read_header", header_of)


@pytest.fixture(scope="module")
def shown() -> list[Exhibit]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qc.scan.scan_reader.read_pixels", scan_of)
        return exhibits(example(), DrawnReference())


def printed(inspection: Inspection, **options: object) -> str:
    out = io.StringIO()
    console = Console(file=out, width=120, **options)  # type: ignore[arg-type]
    text.summary(inspection, k=2.0, verbose=False, report_path="qc-out/RMA-10482/report.html", console=console)
    return out.getvalue()


def stranger(inspection: Inspection) -> Inspection:
    """The same inspection, every text that comes from outside replaced."""
    return replace(
        inspection,
        copy=replace(inspection.copy, title=NASTY, isbn=NASTY, path=Path(f"/{NASTY}\udcff")),
        verdict=replace(
            inspection.verdict, summary=NASTY, not_checked=(NASTY,), rescan=(Rescan(NASTY, NASTY + "\udcff", 3),)
        ),
        findings=tuple(replace(f, rule=NASTY, message=NASTY, clause=NASTY, source=NASTY) for f in inspection.findings),
        pages=tuple(replace(p, reason=NASTY) for p in inspection.pages),
        provenance=replace(inspection.provenance, scanner={NASTY: NASTY}),
    )


class Outline(HTMLParser):
    """Tags with their attributes, and whether every one that opens is closed."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"


@pytest.mark.parametrize(
    ("make", "word"),
    [(example, "DEFECT"), (sound, "NO DEFECT"), (unseen, "NO EVIDENCE")],
    ids=["defect", "sound", "unseen"],
)
def test_last_line_is_the_verdict(make: Callable[[], Inspection], word: str) -> None:
    assert printed(make()).splitlines()[-1] == f"{word}  {make().verdict.summary}"


def test_summary_says_what_was_measured_and_what_was_not() -> None:
    lines = printed(example()).splitlines()
    assert lines[0] == "RMA-10482 · The Long Field · 24 of 24 pages · PDF 9780000000002 · scanner flatbed-a3"
    row = next(line for line in lines if "OUTSIDE" in line)
    assert " ".join(row.split()) == "cut fore-edge −3.620 ± 0.060 mm outside > ±3.2 mm OUTSIDE"
    assert any("3 more results are within" in line for line in lines)
    at = next(i for i, line in enumerate(lines) if line.startswith("To rescan"))
    assert "This one:" in lines[at] and "p-0017.jpg (page 17)" in lines[at + 1]
    assert any(line.split() == ["Not", "checked", "cover,", "color"] for line in lines)
    assert any("we'll issue a refund" in line for line in lines)
    assert any(": the scanner lid is as white as the paper" in line for line in printed(unseen()).splitlines())


def test_verbose_lists_what_is_within() -> None:
    out = io.StringIO()
    text.summary(example(), k=2.0, verbose=True, report_path=None, console=Console(file=out, width=120))
    assert "+0.840 ± 0.060 mm" in out.getvalue()
    assert "more results" not in out.getvalue()


def test_pipe_no_color_and_dumb_terminal_get_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[1;31mDEFECT" in printed(example(), force_terminal=True, color_system="standard")
    assert "\x1b" not in printed(example())
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in printed(example(), force_terminal=True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[\d;]*3\dm", printed(example(), force_terminal=True))


def test_terminal_prints_a_stranger_s_text_as_text() -> None:
    out = printed(stranger(example()))
    assert "[bold]" in out
    assert not [c for c in out if c in "\x1b\u202e\udcff"]
    assert out.splitlines()[-1].startswith("DEFECT  <script>")


@pytest.mark.parametrize("make", [example, sound, unseen], ids=lambda v: str(v.__name__))
def test_page_is_well_formed_and_asks_for_nothing(make: Callable[[], Inspection], shown: list[Exhibit]) -> None:
    page = html.render(with_pictures(make()), shown if make is example else [], k=2.0)
    outline = Outline(page)
    assert outline.open == []
    tags = {tag for tag, _ in outline.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "form", "base"}
    links = [a["href"] or "" for t, a in outline.tags if "href" in a]
    assert all(re.fullmatch(r"report-files/[a-z0-9-]+\.jpg|file:///[!-~]+", link) for link in links)
    policy = next(a["content"] for t, a in outline.tags if t == "meta" and a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    for _, attributes in outline.tags:
        assert not [a for a in attributes if a.startswith("on")]
        assert (attributes.get("src") or "data:").startswith("data:")
    assert not re.search(r"url\((?!#)", page)
    assert "@import" not in page
    assert [t for t, _ in outline.tags].count("h1") == 1
    assert len(page) < 1_500_000


def test_page_escapes_a_stranger_s_text(shown: list[Exhibit]) -> None:
    odd = stranger(example())
    scan = ScanFile(Path(f"/{NASTY}\udcff"), NASTY)
    renamed = [
        replace(
            e,
            finding=by_gravity(odd.findings)[n],
            pictures=tuple(replace(p, caption=NASTY, scan=scan) for p in e.pictures),
        )
        for n, e in enumerate(shown)
    ]
    odd = replace(odd, copy=replace(odd.copy, scans=(*odd.copy.scans, scan)))
    page = html.render(odd, renamed, k=2.0)
    page.encode("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "{{7*7}}" in page
    assert not [c for c in page if c in "\x1b\u202e\udcff"]
    assert Outline(page).open == []


def breakable(page: str) -> str:
    """A page without what keeps numbers on one line."""
    return re.sub('<span class="unbroken">(.*?)</span>', r"\1", page)


def test_verdict_sentence_and_picture_come_first(shown: list[Exhibit]) -> None:
    page = html.render(with_pictures(example()), shown, k=2.0)
    body = breakable(page[page.index("<body>") :])
    places = [body.index(s) for s in ("DEFECT</p>", example().verdict.summary, "data:image/webp", "<table>")]
    assert places == sorted(places)
    alts = [a["alt"] or "" for t, a in Outline(page).tags if t == "img"]
    assert all(alts)
    assert alts[:2] == ["As ordered, page 6. cut, fore-edge", "As printed, page 6. cut, fore-edge"]
    assert ">3.6 mm too deep</text>" in page


def test_numbers_of_text_and_page_agree(shown: list[Exhibit]) -> None:
    page = html.render(example(), shown, k=2.0)
    for number in re.findall(r"[+−]\d+\.\d+ ± \d+\.\d+ mm", printed(example())):
        assert number in page


def test_page_without_evidence_says_what_to_scan() -> None:
    page = html.render(unseen(), [], k=2.0)
    assert page.index("Scan these, then inspect again") < page.index("<table>")
    assert ": the scanner lid is as white as the paper</li>" in page


def test_what_was_not_looked_at_is_said_once() -> None:
    made = unseen()
    verdict = replace(made.verdict, not_checked=("cover", "cut at the head", "streaks (stale revision)"))
    said = not_looked_at(replace(made, verdict=verdict))
    assert said[:2] == ["Cover", "Streaks: the copy was printed before the author's last change"]
    assert len(said) == 3 and said[2].startswith("Cut (head, tail, fore-edge, spine); missing print (scanned page 7)")
    assert not_looked_at(replace(made, copy=replace(made.copy, scans=()))) == []


def test_other_copies_are_compared_without_a_verdict() -> None:
    made = example()
    pair = Where(copies=(made.copy.id, "RMA-10485"))
    f = replace(made.findings[0], measure="copy-color-difference", code=None, where=pair, value=11.0)
    f = replace(f, outcome=FindingOutcome.OUTSIDE)
    off = words.between_copies(replace(made, findings=(f,)))
    assert off == "For comparison: RMA-10485 differs from this copy in color; this does not bear on the verdict."
    alike = words.between_copies(replace(made, findings=(replace(f, outcome=FindingOutcome.WITHIN),)))
    assert alike.startswith("For comparison: this copy is like the other copy of the title in color;")
    assert not words.between_copies(replace(made, findings=(replace(f, value=None),)))


def test_ticket_sentence_is_one_line_with_verdict_and_clause() -> None:
    said = words.ticket(example(), k=2.0)
    assert said.startswith(
        "RMA-10482 (The Long Field, ISBN 9780000000002): DEFECT. The fore-edge is cut 3.6 mm (0.14 in)"
    )
    rests_on = words.cited(example())
    assert rests_on and f"Policy: {cite(rests_on.clause, rests_on.verbatim)}" in said
    assert f"<blockquote>{cite(rests_on.clause, rests_on.verbatim)}<footer>" in breakable(
        html.render(example(), [], k=2.0)
    )
    assert " Refund: yes (defect). [fore-edge: −3.620 ± 0.060 mm; policy kdp 2026.1; rule " in said
    assert "\n" not in said


def test_unwritable_place_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="--out"):
        html.write(example(), [], tmp_path / "file" / "report.html", k=2.0)
    html.write(example(), [], tmp_path / "new" / "report.html", k=2.0)
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["report.html"]


def test_gravest_finding_comes_first() -> None:
    ranked = by_gravity(example().findings)
    assert [f.outcome for f in ranked[:2]] == [FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED]
    note = replace(ranked[0], severity="note")
    assert by_gravity([note, ranked[1]])[0] is ranked[1]
    worse = replace(ranked[0], margin=-2.0)
    assert by_gravity([ranked[0], worse])[0] is worse


def test_crop_shows_the_page_upright_where_it_lies() -> None:
    scale, (x0, y0, x1, y1) = px_per_mm(300.0), (360, 1060, 960, 1560)
    crop = upright_crop(
        scan_of(example().copy.pages[6]), TO_SCAN, (x0 / scale, y0 / scale, x1 / scale, y1 / scale), scale
    )
    assert crop.shape == (500, 600, 3)
    drawn = print_of(7, 300.0)[y0:y1, x0:x1].astype(float)
    outside_streak = np.ones(drawn.shape, bool)
    outside_streak[:, 340:370] = False
    seen = crop[..., 1].astype(float)
    inside = np.corrcoef(drawn[outside_streak], seen[outside_streak])[0, 1]
    shifted = np.corrcoef(np.roll(drawn, 2, axis=1)[outside_streak], seen[outside_streak])[0, 1]
    assert inside > 0.98
    assert shifted < inside - 0.03


def test_crop_may_leave_the_scan_and_takes_gray() -> None:
    scan = np.full((60, 80), 156, np.uint8)
    crop = upright_crop(scan, Affine.scaling(10.0), (-4.0, 0.0, 4.0, 6.0), 10.0)
    assert crop.shape == (60, 80, 3)
    assert (crop[:, :38] == crops.OFF_THE_SCAN).all()
    assert (crop[:-1, 42:-1] == 156).all()
    nowhere = upright_crop(scan, Affine.scaling(10.0), (100.0, 100.0, 104.0, 103.0), 10.0)
    assert (nowhere == crops.OFF_THE_SCAN).all()


def test_exhibits_show_the_gravest_with_reference_and_lines(shown: list[Exhibit]) -> None:
    trim, streak = shown
    ordered, printed_ = trim.pictures
    assert printed_.scan is not None and (printed_.scan.name, trim.finding.where.edge) == ("p-0006.jpg", Edge.FORE_EDGE)
    assert trim.marks.trim == [[0.0, 0.0], [0.0, 228.6]]
    assert trim.marks.cut is not None
    assert trim.marks.cut[0][0] == pytest.approx(-CUT[Edge.FORE_EDGE])
    sizes = [Image.open(io.BytesIO(b)).size for b in (printed_.webp, ordered.webp)]
    assert sizes[0] == sizes[1]
    assert streak.marks.region == STREAK_MM
    assert trim.px_per_mm == pytest.approx(300 / 25.4)


def test_cut_edge_in_the_picture_lies_under_its_line(shown: list[Exhibit]) -> None:
    trim = shown[0]
    picture = np.asarray(Image.open(io.BytesIO(trim.pictures[-1].webp)).convert("L")).astype(int)
    row = picture[picture.shape[0] // 2]
    edge_px = int(np.argmax(row > 200))
    drawn = overlay(trim)
    assert drawn.cut is not None
    assert drawn.dimension is not None
    assert edge_px / picture.shape[1] * 480 == pytest.approx(drawn.cut[0][0], abs=2)
    assert trim.box_mm is not None
    (ax, _), (bx, _) = drawn.dimension
    assert bx - ax == pytest.approx(3.62 * 480 / (trim.box_mm[2] - trim.box_mm[0]), abs=0.1)
    assert not drawn.upright


def test_beside_a_strange_page_stands_the_one_that_should_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qc.scan.scan_reader.read_pixels", scan_of)
    drawn: list[tuple[int, tuple[float, ...]]] = []

    class Seen(DrawnReference):
        def crop(self, page: int, box_mm: Any, dpi: float, *, exact: bool = True) -> NDArray[np.uint8]:
            drawn.append((page, tuple(box_mm)))
            return super().crop(page, box_mm, dpi, exact=exact)

    base = by_gravity(example().findings)[0]
    strange = replace(
        base, rule="pages-foreign", measure="pages-foreign", where=Where(page=5), evidence=(Evidence("p-0005.jpg"),)
    )
    pages = tuple(
        replace(p, reference_page=None, to_scan=None) if p.file == "p-0005.jpg" else p for p in example().pages
    )
    (made,) = exhibits(replace(example(), pages=pages, findings=(strange,)), Seen())
    assert [(p.title, p.caption) for p in made.pictures] == [
        ("Before", "page 4"),
        ("Found here", "scanned page 5"),
        ("Should stand here", "page 5"),
        ("After", "page 6"),
    ]
    ((page, box),) = drawn
    assert page == 5 and (box[0] + box[2], box[1] + box[3]) == pytest.approx((152.4, 228.6))
    assert "<b>Should stand here</b><br>page 5" in html.render(example(), [made], k=2.0)
    first = tuple(replace(p, reference_page=None) for p in pages)
    (alone,) = exhibits(replace(example(), pages=first, findings=(strange,)), Seen())
    assert [p.title for p in alone.pictures] == ["Before", "Found here", "After"]


def test_a_file_is_read_once_and_the_whole_page_is_shown_where_no_place_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []

    def counted(scan: ScanFile, reduce: int) -> NDArray[np.uint8]:
        read.append(scan.name)
        return scan_of(scan, reduce)

    monkeypatch.setattr("qc.scan.scan_reader.read_pixels", counted)
    base = replace(by_gravity(example().findings)[0], rule="color-cast", measure="color-defect", where=Where())
    found = tuple(
        replace(base, evidence=(Evidence(f"p-{n:04}.jpg"),), margin=-float(9 - m)) for m, n in enumerate((5, 4, 5))
    )
    odd = replace(example(), findings=found)
    made = exhibits(odd, None, limit=3)
    scans = [p.scan for e in made for p in e.pictures]
    assert [s and s.name for s in scans] == ["p-0005.jpg", "p-0004.jpg"], "the same page once"
    assert sorted(read) == ["p-0004.jpg", "p-0005.jpg"]
    assert [e.box_mm for e in made] == [None, None]
    header = header_of(odd.copy.pages[4])
    assert made[0].pictures[0].aspect == pytest.approx(header.width_px / header.height_px, abs=0.05)
    assert "few" in html.render(odd, made, k=2.0)


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("< 3.175 mm", ("<", 3.175)),
        ("> 1/16 in", (">", 1.5875)),
        ("<= 0 count", ("<=", 0.0)),
        ("never", None),
        ("", None),
    ],
)
def test_limits_are_read_as_rules_print_them(said: str, limit: tuple[str, float] | None) -> None:
    parsed = limit_of(said)
    assert (parsed and (parsed.op, parsed.value)) == limit


@pytest.mark.parametrize(("value", "beyond"), [(-3.62, True), (-3.1, False), (3.62, True), (0.0, False)])
def test_whisker_passes_the_limit_only_when_the_value_does(value: float, beyond: bool) -> None:
    drawn = bullet(replace(by_gravity(example().findings)[0], value=value), k=2.0)
    assert drawn is not None
    assert (drawn.low > drawn.limit) is beyond
    assert 0 <= drawn.low <= drawn.value <= drawn.high <= 220


def test_finding_without_value_has_no_graph() -> None:
    assert bullet(unseen().findings[0], k=2.0) is None


def test_page_drawing_puts_each_cut_on_its_side_of_the_trim_line() -> None:
    drawing = page_drawing(example())
    assert drawing is not None
    cuts = {c.edge: c for c in drawing.cuts}
    assert cuts[Edge.HEAD].at < cuts[Edge.HEAD].trim
    assert cuts[Edge.FORE_EDGE].at < cuts[Edge.FORE_EDGE].trim
    assert cuts[Edge.TAIL].at < cuts[Edge.TAIL].trim
    assert cuts[Edge.SPINE].at > cuts[Edge.SPINE].trim
    assert page_drawing(unseen()) is None


def test_bench_cut_is_never_drawn_as_outside() -> None:
    def deep(f: Finding) -> Finding:
        return replace(f, value=-9.0, outcome=FindingOutcome.OUTSIDE) if f.where.edge is Edge.SPINE else f

    drawing = page_drawing(replace(sound(), findings=tuple(map(deep, sound().findings))))
    assert drawing is not None
    assert {c.edge: c.outcome for c in drawing.cuts}[Edge.SPINE] is FindingOutcome.NOT_JUDGED


def test_panels_share_a_scale_and_keep_missing_pages() -> None:
    made = {p.edge: p for p in panels(example(), k=2.0)}
    assert set(made) == set(Edge)
    assert len({p.span_mm for p in made.values()}) == 1
    fore = made[Edge.FORE_EDGE]
    assert (len(fore.points), len(fore.missing)) == (21, 3)
    assert fore.band is not None
    assert fore.block is not None
    assert fore.block > fore.band[1]
    assert made[Edge.SPINE].band is None
    assert panels(unseen(), k=2.0) == ()


def test_pages_that_are_within_share_a_line() -> None:
    quiet = by_gravity(example().findings)[1]
    found = [
        replace(quiet, outcome=FindingOutcome.WITHIN, where=Where(page=n), margin=float(n), u=None) for n in (3, 1, 2)
    ]
    loud = replace(quiet, where=Where(page=7))
    assert [(f.where.page, place) for f, place in words.rows(by_gravity([*found, loud, loud]))] == [
        (7, "scanned page 7"),
        (7, "scanned page 7"),
        (1, "3 pages"),
    ]


def test_label_of_the_dimension_stays_in_the_picture(shown: list[Exhibit]) -> None:
    trim = shown[0]
    x0, y0, _, _ = trim.box_mm
    far = replace(trim, box_mm=(x0 - 15, y0, x0 + 29, y0 + 33))
    assert overlay(far).label_at[0] + 150 < 480
    verso = replace(
        far,
        box_mm=(-5.0, 0.0, 39.0, 33.0),
        marks=replace(trim.marks, trim=((0, 0), (0, 228.6)), cut=((3.62, 0), (3.62, 228.6)), offset_mm=-3.62),
    )
    drawn = overlay(verso)
    assert (drawn.anchor, drawn.label_at[0] > 150) == ("end", True)
    assert [t.label for t in drawn.ticks if t.label][-1] == "−30"


def test_scans_of_a_group_are_a_list_with_how_once() -> None:
    some = [Rescan("not among the scans", None, n, how="Flat.", need=2) for n in (1, 5, 7, 8)]
    some.insert(1, Rescan("cut short", "p-0017.jpg", 17, how="Flat.", need=2))
    cover = Rescan("no scan of it", role=Role.COVER_BACK, how="With its barcode.", group=2)
    assert words.rescans([*some, cover]) == [
        words.Scans(
            "Any 2 of these",
            ["pages 1, 5, 7-8: not among the scans", "p-0017.jpg (page 17): cut short"],
            ["Flat."],
        ),
        words.Scans("This one", ["cover-back: no scan of it"], ["With its barcode."]),
    ]


def test_narrow_terminal_keeps_rule_and_value_whole() -> None:
    out = io.StringIO()
    text.summary(example(), k=2.0, verbose=True, report_path=None, console=Console(file=out, width=80))
    rows = [line for line in out.getvalue().splitlines() if line.startswith("cut ")]
    assert len(rows) == 4
    assert all(" mm" in row for row in rows)


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        ("print-position-jitter", "0.160 ± 0.020 mm"),
        ("page-size", "0.160 ± 0.020 mm"),
        ("trim-size-block", "+0.160 ± 0.020 mm"),
    ],
)
def test_only_a_length_with_a_direction_has_a_sign(measure: str, text: str) -> None:
    assert words.measured(0.16, 0.01, "mm", 2, measure) == text


def block_of(*observations: tuple[str, Where, float, float]) -> str:
    units = {"trim-skew": "deg"}
    seen = tuple(
        Observation(measure, 1, where, value, units.get(measure, "mm"), u) for measure, where, value, u in observations
    )
    return words.block(replace(example(), observations=seen), 2)


FORE_EDGE, HEAD = Where(edge=Edge.FORE_EDGE), Where(edge=Edge.HEAD)


def test_the_block_in_words() -> None:
    said = block_of(
        ("trim-offset-block", FORE_EDGE, -2.6, 0.05),
        ("trim-offset-block", HEAD, 1.1, 0.02),
        ("trim-offset-block", Where(edge=Edge.SPINE), -4.0, 0.02),
        ("trim-size-block", Where(axis="height"), 0.7, 0.04),
        ("trim-skew", FORE_EDGE, -0.03, 0.02),
        ("trim-skew", Where(page=3, edge=Edge.FORE_EDGE), 1.2, 0.03),
        ("print-position-jitter", Where(axis="x"), 0.1, 0.02),
        ("print-position-jitter", Where(axis="y"), 0.3, 0.03),
    )
    assert said == (
        "2.6 mm (0.10 in) too deep at the fore-edge, pages 0.7 mm (0.03 in) taller than ordered, square, "
        "print off by 0.3 mm from page to page"
    )


@pytest.mark.parametrize(
    ("value", "u", "said"),
    [
        (-0.03, 0.02, "square"),
        (0.4, 0.05, "head turned by 0.4°"),
        (0.05, 0.15, "square within 0.4°"),
    ],
)
def test_a_block_is_square_only_as_far_as_it_was_measured(value: float, u: float, said: str) -> None:
    assert block_of(("trim-skew", HEAD, value, u)) == said


def test_no_jitter_is_said_only_as_far_as_it_was_measured() -> None:
    assert (
        block_of(("print-position-jitter", Where(axis="y"), 0.0, 0.2))
        == "print off by less than 0.4 mm from page to page"
    )
    assert block_of() == ""


def test_the_strip_says_which_reference_page_a_scan_is() -> None:
    made = example()
    pages = tuple(replace(p, reference_page=n + 40) for n, p in enumerate(made.pages))
    assert '<span class="soft">p. 47</span>' in html.render(replace(made, pages=pages), [], k=2.0)
    none = tuple(replace(p, reference_page=None) for p in made.pages)
    assert 'class="soft">p. ' not in html.render(replace(made, pages=none), [], k=2.0)


def test_the_strip_keeps_silent_on_what_is_in_the_nature_of_a_page() -> None:
    made = example()
    flagged = [
        Observation("color-difference", 1, Where(page=n), None, "dE00", flags=flags)
        for n, flags in ((1, ("little-color",)), (2, ("not-registered",)))
    ]
    pages = tuple(replace(p, kind=PageKind.CONTENT) for p in made.pages)
    page = html.render(replace(made, pages=pages, observations=(*made.observations, *flagged)), [], k=2.0)
    assert "little-color" not in page
    assert "not-registered" in page
    bare = tuple(replace(p, kind=PageKind.BLANK) for p in made.pages)
    assert "not-registered" not in html.render(replace(made, pages=bare, observations=tuple(flagged)), [], k=2.0)


def test_of_a_copy_of_which_nothing_was_scanned_no_result_is_within() -> None:
    none_wrong = tuple(replace(f, outcome=FindingOutcome.WITHIN, value=0.0) for f in example().findings)
    gone = replace(example(), findings=none_wrong, copy=replace(example().copy, scans=()), pages=(), observations=())
    console = Console(record=True, width=100, file=io.StringIO())
    text.summary(gone, k=2, verbose=False, report_path=None, console=console)
    page = html.render(gone, (), k=2)
    assert "within the limits" not in console.export_text()
    assert "No rule of the policy could be applied." in page and "✔ within" not in page
