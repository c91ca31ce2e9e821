"""From the scans of a copy to what was read off it, and what that does to verdict and refund."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_imprint import imprint_page, isbn_label
from PIL import Image
from rich.console import Console

from qc.features.text import ocr
from qc.features.text.barcode import IsbnCode
from qc.features.text.imprint import Imprint, PrintDate
from qc.features.text.places import PlaceText
from qc.flags import Flag
from qc.geometry import Edge
from qc.judge.claim import known, not_known
from qc.judge.judge import judge
from qc.judge.policy import load_policy
from qc.judge.refund import decide_refund
from qc.measure import MEASURES
from qc.measure.readings import isbn, print_date, print_place
from qc.model import (
    BookCopy,
    Claim,
    Evidence,
    Finding,
    FindingOutcome,
    Observation,
    PageKind,
    ReferenceId,
    Verdict,
    VerdictOutcome,
    Where,
)
from qc.pipeline import inspect_copy
from qc.report import html
from qc.report.imprint_picture import imprint_picture
from qc.report.text import summary
from qc.report.words import imprint as imprint_words
from qc.scan.copy_folder import open_copy
from qc.synthetic import Scanner
from qc.synthetic.flat import draw_flat, sheet_of_pdf

KDP = load_policy("kdp")
DAY, BEFORE, AFTER = date(2026, 9, 20), date(2026, 9, 14), date(2026, 9, 25)
PLACE = Where(page=24)
SEEN = Evidence("p-24.jpg", 0, (1.0, 2.0, 3.0, 4.0))
OTHER, ISBN = "9780306406157", "9780804816632"


def read_on(day: date, doubts: tuple[Flag, ...] = (), others: tuple[date, ...] = ()) -> Observation:
    printed = PrintDate(day, others, day.isoformat(), doubts)
    imprint = Imprint(("Made in the USA",), PlaceText("Made in the USA", "USA", True), printed, (), False, (0, 0, 1, 1))
    return print_date(imprint, PLACE, SEEN, Flag.NO_IMPRINT)


def read_isbn(number: str, sure: bool = True) -> Observation:
    (seen,) = isbn([(IsbnCode(number, "", sure, (0, 0, 1, 1)), SEEN)], Flag.NO_BARCODE)
    return seen


def copy(isbn: str | None = None, **claim: object) -> BookCopy:
    return BookCopy("RMA-1", Path("RMA-1"), (), isbn=isbn, claim=Claim(**claim))  # type: ignore[arg-type]


def finding(rule_id: str) -> Finding:
    rule = KDP.rule(rule_id)
    return Finding(
        rule.id, FindingOutcome.OUTSIDE, rule.severity, rule.measure, 1.0, rule.unit, 0.0, rule.within_text,
        rule.outside_text, rule.magnitude, Where(edge=Edge.HEAD), -1.0, rule.code, "", rule.clause, rule.source,
    )  # fmt: skip


def refund(
    of: BookCopy, outcome: VerdictOutcome, *seen: Observation, rule: str = "trim-offset-block"
) -> tuple[str, str, str]:
    findings = (finding(rule),) if outcome is VerdictOutcome.DEFECT else ()
    result = decide_refund(Verdict(outcome, ""), findings, of, KDP, seen)
    return result.outcome, result.route, result.reasons[-1].code


def test_a_reading_counts_one_and_carries_its_words() -> None:
    seen = read_on(BEFORE)
    assert (seen.value, seen.unit, seen.u, seen.flags) == (1.0, "count", 0.0, ())
    assert seen.detail["text"] == "2026-09-14" and seen.where == PLACE and seen.evidence == (SEEN,)
    doubtful = read_on(BEFORE, (Flag.DATE_ORDER,), (AFTER,))
    assert (doubtful.value, doubtful.u, doubtful.flags) == (1.0, 0.0, ("date-order",))
    assert doubtful.detail["others"] == ["2026-09-25"]
    sure, unsure = read_isbn(ISBN), read_isbn(ISBN, sure=False)
    assert sure.detail == unsure.detail == {"text": ISBN, "addon": ""}
    assert (sure.value, sure.u, sure.flags) == (1.0, 0.0, ())
    assert (unsure.value, unsure.u, unsure.flags) == (1.0, 0.0, ("low-confidence",))


@pytest.mark.parametrize(
    ("country", "exact", "flags"),
    [("Germany", True, ()), ("Germany", False, ("low-confidence",)), (None, True, ("low-confidence",))],
)
def test_a_place_is_sure_where_its_country_was_spelled_exactly(
    country: str | None, exact: bool, flags: tuple[str, ...]
) -> None:
    place = PlaceText("Printed in Germany", country, exact)
    seen = print_place(Imprint((), place, None, (), False, (0, 0, 1, 1)), PLACE, SEEN, Flag.NO_IMPRINT)
    assert (seen.value, seen.u, seen.flags) == (1.0, 0.0, flags)


def test_what_was_not_read_is_null_and_says_why() -> None:
    none = print_date(None, Where(), None, Flag.NO_IMPRINT)
    assert none.value is None and none.flags == ("no-imprint",)
    undated = Imprint(("Made in", "the moon"), None, None, (), False, (0, 0, 1, 1))
    assert print_date(undated, PLACE, SEEN, Flag.NO_IMPRINT).flags == ("date-not-read",)
    assert print_place(undated, PLACE, SEEN, Flag.NO_IMPRINT).flags == ("place-not-read",)
    assert [o.flags for o in isbn([], Flag.NO_COVER)] == [("no-cover",)]
    assert {"print-date", "print-place", "isbn"} <= set(MEASURES)


def test_the_imprint_states_the_day_where_the_copy_does_not() -> None:
    assert known(copy(), [read_on(BEFORE)]).copy.claim.printed_on == BEFORE
    assert known(copy(), []).copy.claim.printed_on is None
    assert known(copy(printed_on=BEFORE), [read_on(BEFORE)]) == known(copy(printed_on=BEFORE), [])


def test_an_imprint_read_otherwise_leaves_no_day_and_a_doubt() -> None:
    facts = known(copy(printed_on=BEFORE, content_updated_on=DAY), [read_on(AFTER)])
    assert facts.copy.claim.printed_on is None and "2026-09-25" in facts.date_doubt and "2026-09-14" in facts.date_doubt
    ambiguous = read_on(date(2026, 4, 7), (Flag.DATE_ORDER,), (date(2026, 7, 4),))
    assert known(copy(printed_on=date(2026, 7, 4)), [ambiguous]).copy.claim.printed_on == date(2026, 7, 4)


@pytest.mark.parametrize(
    "seen, expected",
    [
        (read_on(BEFORE), ("not-eligible", "none", "stale-revision")),
        (read_on(DAY), ("review", "review", "stale-revision")),
        (read_on(AFTER), ("not-eligible", "none", "none-found")),
        (read_on(AFTER, (Flag.LOW_CONFIDENCE,)), ("review", "review", "stale-revision")),
        (print_date(None, Where(), None, Flag.NO_IMPRINT), ("not-eligible", "none", "none-found")),
    ],
)
def test_the_refund_by_the_day_that_was_read(seen: Observation, expected: tuple[str, str, str]) -> None:
    assert refund(copy(content_updated_on=DAY), VerdictOutcome.NO_DEFECT, seen) == expected


def test_a_day_in_doubt_sends_defects_of_content_to_review_and_not_those_of_geometry() -> None:
    of = copy(content_updated_on=DAY, printed_on=AFTER)
    assert refund(of, VerdictOutcome.DEFECT, read_on(BEFORE))[0] == "eligible"
    assert refund(of, VerdictOutcome.DEFECT, read_on(BEFORE), rule="blank-pages-inside")[0] == "review"
    assert refund(of, VerdictOutcome.DEFECT, read_on(AFTER), rule="blank-pages-inside")[0] == "eligible"
    assert refund(of, VerdictOutcome.NO_DEFECT, read_on(BEFORE))[0] == "review"


def test_content_of_a_copy_read_as_printed_before_is_set_aside() -> None:
    blank = MEASURES["blank-pages-inside"].observe(1.0, 0.0, Where(page=3))

    def outcome(*seen: Observation) -> FindingOutcome:
        of = copy(content_updated_on=DAY)
        findings, _ = judge([blank, *seen], KDP, of, (), ReferenceId("pdf"))
        return next(f.outcome for f in findings if f.measure == "blank-pages-inside")

    assert outcome() is FindingOutcome.OUTSIDE
    assert outcome(read_on(BEFORE)) is FindingOutcome.NOT_JUDGED
    assert outcome(read_on(DAY)) is FindingOutcome.OUTSIDE


@pytest.mark.parametrize(
    ("claim", "seen", "unsure"),
    [
        ({"content_updated_on": DAY}, read_on(BEFORE, (Flag.DATE_FROM_CODE,)), True),
        ({"content_updated_on": DAY}, read_on(DAY, (Flag.DATE_FROM_CODE,)), True),
        ({"content_updated_on": DAY}, read_on(AFTER, (Flag.DATE_FROM_CODE,)), False),
        ({"content_updated_on": DAY}, read_on(AFTER, (Flag.DATE_FROM_CODE,), (BEFORE,)), True),
        ({"content_updated_on": DAY}, read_on(AFTER, (Flag.LOW_CONFIDENCE,)), True),
        ({"content_updated_on": DAY, "printed_on": AFTER}, read_on(BEFORE), True),
        ({"content_updated_on": DAY, "printed_on": AFTER}, read_on(AFTER, (Flag.DATE_FROM_CODE,)), False),
        ({}, read_on(BEFORE, (Flag.DATE_FROM_CODE,)), False),
    ],
)
def test_content_of_a_copy_that_may_be_older_than_the_change_is_for_a_person(
    claim: dict[str, date], seen: Observation, unsure: bool
) -> None:
    observed = [MEASURES["blank-pages-inside"].observe(1.0, 0.0, Where(page=3)), seen]
    findings, verdict = judge(observed, KDP, copy(**claim), (), ReferenceId("pdf"))
    (blank,) = (f for f in findings if f.measure == "blank-pages-inside")
    assert blank.outcome is (FindingOutcome.UNDECIDED if unsure else FindingOutcome.OUTSIDE)
    assert blank.doubt == (("revision-unsure",) if unsure else ())
    if unsure:
        result = decide_refund(verdict, findings, copy(**claim), KDP, observed)
        assert (result.outcome, [r.code for r in result.reasons]) == ("review", ["needs-review", "stale-revision"])


@pytest.mark.parametrize(
    "of, seen, expected",
    [
        (copy(ordered_isbn=ISBN), read_isbn(OTHER), ("not-eligible", "returns-center", "wrong-item")),
        (copy(isbn=ISBN), read_isbn(OTHER), ("not-eligible", "returns-center", "wrong-item")),
        (copy(ordered_isbn=ISBN), read_isbn(OTHER, sure=False), ("review", "review", "wrong-item")),
        (copy(ordered_isbn=ISBN, isbn=OTHER), read_isbn(ISBN), ("review", "review", "wrong-item")),
        (copy(ordered_isbn="0-306-40615-2"), read_isbn(OTHER), ("eligible", "refund", "defect")),
        (copy(), read_isbn(OTHER), ("eligible", "refund", "defect")),
    ],
)
def test_the_isbn_that_was_read_against_the_ordered_one(
    of: BookCopy, seen: Observation, expected: tuple[str, str, str]
) -> None:
    assert refund(of, VerdictOutcome.DEFECT, seen) == expected


def test_a_date_that_is_asked_for_and_not_read_is_not_checked() -> None:
    unread = print_date(None, Where(), None, Flag.NO_TEXT_READER)
    (said,) = not_known(copy(content_updated_on=DAY), [unread])
    assert said.startswith("print date") and "pip install" in said
    assert not_known(copy(), [unread]) == () == not_known(copy(content_updated_on=DAY, printed_on=DAY), [unread])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pages, the last one an imprint page that was scanned upside down, and a back cover."""
    folder = tmp_path_factory.mktemp("copies") / "RMA-9"
    folder.mkdir()
    rng, size = np.random.default_rng(5), (102.0, 127.0)
    lines = ("Printed in Germany", "by Amazon Distribution", "GmbH, Leipzig", "14. September 2026")
    sheets = {
        "p-1.png": imprint_page((), trim_mm=size),
        "p-2.png": imprint_page(lines, trim_mm=size, code=("Code128", "300123UK00001B")),
        "cover-back.png": isbn_label(ISBN, quiet_mm=20.0),
    }
    for name, pdf in sheets.items():
        frame = (112.0, 137.0) if name.startswith("p-") else (100.0, 80.0)
        turned = 180.5 if name == "p-2.png" else 0.3
        pixels, _ = draw_flat(sheet_of_pdf(pdf), Scanner(dpi=300, skew_deg=turned, read=0.004), rng, frame)
        Image.fromarray(np.asarray(pixels)).save(folder / name, dpi=(300, 300))
    (folder / "copy.toml").write_text(f'[claim]\nordered_isbn = "{ISBN}"\ncontent_updated_on = 2026-09-20\n')
    return folder


@pytest.mark.skipif(bool(ocr.missing()), reason=ocr.missing() or "-")
def test_a_copy_is_read_from_its_scans(folder: Path) -> None:
    inspection = inspect_copy(open_copy(folder), None, KDP)
    seen = {o.measure: o for o in inspection.observations if o.measure in ("print-date", "print-place", "isbn")}
    assert seen["print-date"].detail["text"] == "2026-09-14"
    assert (seen["print-date"].u, seen["print-date"].flags) == (0.0, ())
    assert seen["print-date"].where.page == 2
    assert seen["print-date"].detail["codes"] == [{"kind": "Code 128", "text": "300123UK00001B"}]
    assert seen["print-place"].detail["country"] == "Germany"
    assert seen["isbn"].detail["text"] == ISBN
    assert [p.kind for p in inspection.pages if p.file == "p-2.png"] == [PageKind.IMPRINT]
    (evidence,) = seen["print-date"].evidence
    pixels = cv2.imread(str(folder / evidence.file), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    x0, y0, x1, y1 = (round(v) for v in evidence.box_px)
    beyond = pixels.copy()
    beyond[y0 - 24 : y1 + 25, x0 - 24 : x1 + 25] = 255  # 2 mm: the reader gives the box of a barcode roughly
    paper = beyond[90:-90, 90:-90]
    assert pixels[y0:y1, x0:x1].min() < 100 < paper.min()


@pytest.mark.skipif(bool(ocr.missing()), reason=ocr.missing() or "-")
def test_reports_show_what_was_read_and_its_picture_upright(folder: Path) -> None:
    inspection = inspect_copy(open_copy(folder), None, KDP)
    words = imprint_words(inspection)
    assert "Printed in Germany" in words and "printed 2026-09-14" in words and "page 2" in words
    picture = imprint_picture(inspection)
    page = html.render(inspection, (), k=2, imprint=picture)
    assert words in page and ISBN in page and base64.b64encode(picture).decode() in page
    out = io.StringIO()
    summary(inspection, k=2, verbose=False, report_path=None, console=Console(file=out, width=200))
    assert f"Imprint      {words}" in out.getvalue() and f"Cover ISBN   {ISBN}" in out.getvalue()
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None and len(picture) < 40_000
    ink = 255.0 - pixels
    # The barcode stands above the lines, and it is darker.
    assert ink[: len(ink) // 2].sum() > 1.5 * ink[len(ink) // 2 :].sum()


def test_without_a_text_reader_the_copy_is_inspected_and_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "missing", lambda: f"no text reader is installed: {ocr.INSTALL}")
    inspection = inspect_copy(open_copy(folder), None, KDP)
    date_seen = next(o for o in inspection.observations if o.measure == "print-date")
    assert date_seen.value is None and date_seen.flags == ("no-text-reader",)
    assert any("pip install" in said for said in inspection.verdict.not_checked)


def test_the_last_day_is_that_of_receipt(folder: Path) -> None:
    if ocr.missing():
        pytest.skip(ocr.missing())
    early = open_copy(folder)
    early = replace(early, claim=replace(early.claim, received_on=date(2026, 9, 1)))
    seen = next(o for o in inspect_copy(early, None, KDP).observations if o.measure == "print-date")
    assert (seen.value, seen.u, seen.flags) == (1.0, 0.0, ("implausible-date",))
