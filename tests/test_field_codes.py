"""A field case: an imprint whose day stands only in the code of a plant; and what else such an imprint may look like."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_imprint import imprint_page
from numpy.typing import NDArray

from qc.features.text import ocr
from qc.features.text.codes import find_codes
from qc.features.text.imprint import Imprint, PrintDate, agreed, read_imprint, with_code
from qc.features.text.places import find_place, has_imprint_words
from qc.flags import Flag
from qc.judge.claim import known
from qc.judge.policy import load_policy
from qc.judge.refund import decide_refund
from qc.measure.readings import print_date
from qc.model import BookCopy, Inspection, Where
from qc.pipeline import inspect_copy
from qc.reference.find import open_reference
from qc.report.words import imprint as imprint_words
from qc.scan.copy_folder import open_copy
from qc.synthetic import Scanner
from qc.synthetic.flat import draw_flat, sheet_of_pdf

CASE = Path(__file__).parent / "data" / "field" / "32-printer-code-with-date"
KDP = load_policy("kdp")
PRINTED, UPDATED, LATEST = date(2021, 1, 22), date(2021, 6, 1), date(2021, 6, 10)
needs_reader = pytest.mark.skipif(bool(ocr.missing()), reason=ocr.missing() or "-")
Gray = NDArray[np.uint8]


@pytest.fixture(scope="module")
def inspected() -> Inspection:
    return inspect_copy(open_copy(CASE / "copy"), open_reference(CASE / "reference.pdf"), KDP)


@pytest.fixture(scope="module")
def page() -> Gray:
    pixels = cv2.imread(str(CASE / "copy" / "p-0008.jpg"), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    return np.asarray(pixels, np.uint8)


@needs_reader
def test_the_day_in_the_code_is_offered_with_its_doubt(inspected: Inspection) -> None:
    seen = {o.measure: o for o in inspected.observations}
    day, where = seen["print-date"], seen["print-place"]
    assert (day.value, day.u, day.flags, day.where.page) == (1.0, 0.0, ("date-from-code",), 6)
    assert (day.detail["text"], day.detail["printed"]) == ("2021-01-22", "LVOW031246220121")
    assert (where.detail["country"], where.detail["plant"], where.flags) == ("USA", "La Vergne, TN", ())
    assert inspected.verdict.outcome == "no-defect"
    assert (inspected.refund.outcome, inspected.refund.reasons[-1].code) == ("review", "stale-revision")
    assert "2021-01-22, in LVOW031246220121" in inspected.refund.reasons[-1].detail
    words = imprint_words(inspected)
    assert "plant La Vergne, TN" in words and "printed 2021-01-22" in words and Flag.DATE_FROM_CODE.meaning in words


@needs_reader
@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ({"printed_on": PRINTED}, ("not-eligible", "stale-revision")),
        ({"printed_on": date(2021, 1, 23)}, ("review", "stale-revision")),
        ({"content_updated_on": date(2020, 6, 1)}, ("review", "stale-revision")),
        ({"content_updated_on": None}, ("not-eligible", "expected-variance")),
        ({"content_updated_on": date(2020, 6, 1), "printed_on": PRINTED}, ("not-eligible", "expected-variance")),
    ],
)
def test_what_the_copy_states_and_what_its_code_says(
    inspected: Inspection, claim: dict[str, date], expected: tuple[str, str]
) -> None:
    of = replace(inspected.copy, claim=replace(inspected.copy.claim, **claim))  # type: ignore[arg-type]
    result = decide_refund(inspected.verdict, inspected.findings, of, KDP, inspected.observations)
    assert (result.outcome, result.reasons[0 if expected[0] != "review" else -1].code) == expected


@needs_reader
def test_leaves_missing_from_a_copy_that_may_be_older_are_no_certain_defect(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(CASE / "copy", tmp_path / "copy"))
    with (folder / "copy.toml").open("a") as text:
        text.write("[scan]\ncomplete = true\n")
    inspection = inspect_copy(open_copy(folder), open_reference(CASE / "reference.pdf"), KDP)
    (missing,) = (f for f in inspection.findings if f.measure == "pages-missing" and f.outcome != "within")
    # The first leaf is among those not scanned, and the file may begin with a cover: that is a doubt of its own.
    assert (missing.outcome, set(missing.doubt)) == ("undecided", {"revision-unsure", "may-be-cover"})
    assert inspection.verdict.outcome == "needs-review"
    assert (inspection.refund.outcome, inspection.refund.reasons[-1].code) == ("review", "stale-revision")


def test_without_a_text_reader_the_day_is_not_checked_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "missing", lambda: f"no text reader is installed: {ocr.INSTALL}")
    inspection = inspect_copy(open_copy(CASE / "copy"), open_reference(CASE / "reference.pdf"), KDP)
    (day,) = (o for o in inspection.observations if o.measure == "print-date")
    assert day.value is None and day.flags == ("no-text-reader",)
    assert any(said.startswith("print date") and "pip install" in said for said in inspection.verdict.not_checked)


def read(gray: Gray, dpi: float, latest: date = LATEST) -> Imprint | None:
    with ocr.reader() as reader:
        return read_imprint(gray, dpi, reader, latest)


def shifted(page: Gray) -> Gray:
    """The lines at the head of the page, at its fore-edge."""
    moved = page.copy()
    block = page[1960:2330, 300:900].copy()
    moved[1960:2330, 300:900] = 243
    moved[300:670, 700:1300] = block
    return moved


def noisy(page: Gray) -> Gray:
    noise = np.random.default_rng(3).normal(0.0, 12.0, page.shape)
    return np.clip(cv2.GaussianBlur(page, (0, 0), 0.9) + noise, 0, 255).astype(np.uint8)


@needs_reader
@pytest.mark.parametrize("change", [shifted, noisy, lambda p: np.ascontiguousarray(np.rot90(p, 2)), lambda p: p[900:]])
def test_it_is_read_wherever_and_however_it_stands(page: Gray, change: object) -> None:
    imprint = read(change(page), 300.0)  # type: ignore[operator]
    assert imprint is not None and imprint.printed is not None and imprint.place is not None
    assert imprint.printed.day == PRINTED and Flag.DATE_FROM_CODE in imprint.printed.doubts
    assert imprint.place.plant == "La Vergne, TN"


@needs_reader
def test_it_is_read_at_200_dpi(page: Gray) -> None:
    imprint = read(np.asarray(cv2.resize(page, None, fx=2 / 3, fy=2 / 3, interpolation=cv2.INTER_AREA)), 200.0)
    assert imprint is not None and imprint.printed is not None and imprint.printed.day == PRINTED


def drawn(lines: Sequence[str], font: str, seed: int, scanner: Scanner) -> Gray:
    pdf = imprint_page(lines, font=font, trim_mm=(102.0, 89.0), left_mm=10.0 + seed, foot_mm=10.0 + 3 * seed)
    pixels, _ = draw_flat(sheet_of_pdf(pdf), scanner, np.random.default_rng(seed), (114.0, 101.0))
    return np.asarray(pixels, np.uint8)


@needs_reader
@pytest.mark.parametrize(
    ("code", "font", "day", "plant"),
    [
        ("BVHW081712090419", "Times-Roman", date(2019, 4, 9), "Breinigsville, PA"),
        ("FSOW112359311220", "Helvetica-Oblique", date(2020, 12, 31), "Fresno, CA"),
        ("JSHW020001290220", "Courier", date(2020, 2, 29), "Jackson, TN"),
        ("LVHW101118111118", "Times-Italic", date(2018, 11, 11), "La Vergne, TN"),
    ],
)
def test_codes_of_each_plant_in_other_letters(code: str, font: str, day: date, plant: str) -> None:
    lines = (
        "CPSIA information can be obtained",
        "at www.ICGtesting.com",
        "Printed in the USA",
        code,
        "2013LV00008B/97",
    )
    imprint = read(drawn(lines, font, len(font) % 5, Scanner(dpi=300, skew_deg=0.4, read=0.006)), 300.0)
    assert imprint is not None and imprint.printed is not None and imprint.place is not None
    assert imprint.printed.day == day and Flag.DATE_FROM_CODE in imprint.printed.doubts
    assert (imprint.place.country, imprint.place.plant) == ("USA", plant)


@needs_reader
@pytest.mark.parametrize(
    "number",
    [
        "9780804816632",
        "978-0-8048-1663-2",
        "+1 615 555 220121",
        "558112LV00012B/1234",
        "123456220121",
        "LVOW031246310221",
        "LVOW031246221321",
        "LVOW031246220199",
        "UKHW031246220121",
    ],
)
def test_other_numbers_are_no_day(number: str) -> None:
    lines = ("Printed in the USA", number, "10987654LV00010B/10")
    imprint = read(drawn(lines, "Helvetica", 2, Scanner(dpi=300)), 300.0)
    assert imprint is not None and imprint.lines and imprint.printed is None


@pytest.mark.parametrize(
    ("line", "text", "repaired"),
    [
        ("LVOW031246220121", "LVOW031246220121", False),
        ("Printed in the USA LVOW031246220121", "LVOW031246220121", False),
        ("LV0WO3124622O12I", "LV0WO3124622O12I", True),
        ("LVOW0312462201 21", "LVOW031246220121", True),
        ("LVOW03 1246 220121", "LVOW031246220121", True),
        ("LVOW03s1246220121", "LVOW03s1246220121", True),
        ("LVOW03146220121", "LVOW03146220121", True),
        ("8VOW031246220121", "8VOW031246220121", True),
    ],
)
def test_a_code_that_was_not_read_cleanly_is_said_so(line: str, text: str, repaired: bool) -> None:
    (code,) = find_codes(line)
    assert (code.dated.days, code.dated.text, code.dated.repaired) == ((PRINTED,), text, repaired)


@pytest.mark.parametrize(
    "line",
    ["9780804816632", "558112LV00012B/1234", "XLVOW031246220121", "LVOW0312462201", "LVOW031246ZOIZIZ", "LVOW-220121",
     "LVOW031246320121", "LVOW031246220121/7", "JSONVALUES220121", "BVLGARIADOSOSO", ""],
)  # fmt: skip
def test_no_code_is_made_up(line: str) -> None:
    assert find_codes(line) == []


def seen(*codes: str, sure: float = 95.0) -> PrintDate:
    reads = [[(c.dated, sure) for c in find_codes(code)] for code in codes]
    printed = agreed(reads, True, LATEST)
    assert printed is not None
    return printed


def test_an_unclear_digit_is_a_doubt_of_its_own_and_keeps_both_days() -> None:
    clear = with_code(None, seen("LVOW031246220121", "LVOW031246220121"))
    assert clear.doubts == (Flag.DATE_FROM_CODE,)
    torn = with_code(None, seen("LVOW031246220121", "LVOW031246270121", "LVOW031246220121"))
    assert (torn.day, torn.others) == (PRINTED, (date(2021, 1, 27),))
    assert torn.doubts == (Flag.DATE_FROM_CODE, Flag.LOW_CONFIDENCE)
    late = with_code(None, seen("LVOW031246110621", "LVOW031246110621"))
    assert late.doubts == (Flag.DATE_FROM_CODE, Flag.IMPLAUSIBLE_DATE)


def test_a_date_in_words_stands_and_a_code_that_surely_reads_another_makes_it_doubtful() -> None:
    words = PrintDate(PRINTED, (), "22 January 2021", ())
    assert with_code(words, seen("LVOW031246220121", "LVOW031246220121")) == words
    other = with_code(words, seen("LVOW031246210121", "LVOW031246210121"))
    assert (other.day, other.others, other.doubts) == (PRINTED, (date(2021, 1, 21),), (Flag.LOW_CONFIDENCE,))
    assert with_code(words, seen("LVOW031246210121")) == words


def test_no_day_of_a_code_is_known_surely() -> None:
    printed = with_code(None, seen("LVOW031246220121", "LVOW031246220121"))
    imprint = Imprint(("Printed in the USA",), None, printed, (), False, (0, 0, 1, 1))
    observed = [print_date(imprint, Where(page=6), None, Flag.NO_IMPRINT)]
    bare = BookCopy("RMA-1", Path("RMA-1"), ())
    assert known(bare, observed).copy.claim.printed_on is None


@pytest.mark.parametrize(
    ("lines", "country"),
    [
        (("Printed by Amazon Italia Logistica S.r.l.", "Torrazza Piemonte (TO), Italy"), "Italy"),
        (("Printed by Amazon Italia Logistica S.r.l.", "Torrazza Piemonte (TO)"), "Italy"),
        (("Printed by BoD in Norderstedt, Germany",), "Germany"),
        (("Printed by Books on Demand GmbH,", "Norderstedt"), "Germany"),
        (("Amazon Distribution GmbH", "Leipzig, Germany", "14. September 2026"), "Germany"),
        (("Printed by Amazon Distribution GmbH, Leipzig",), "Germany"),
        (("Printed in Great Britain", "by Amazon"), "United Kingdom"),
        (("Printed in Great", "Britain by Amazon"), "United Kingdom"),
        (("Printed", "in Germany"), "Germany"),
        (("Made in the", "USA", "Bloomington, Indiana"), "USA"),
        (("Printed in Poland by Amazon Fulfillment", "Poland Sp. z o.o., Wrocław"), "Poland"),
        (("Printed in Italy", "for readers in Germany, France"), "Italy"),
    ],
)
def test_places_behind_a_comma_in_wrapped_lines_and_by_their_town(lines: tuple[str, ...], country: str) -> None:
    place = find_place(lines)
    assert place is not None and (place.country, place.exact, place.plant) == (country, True, "")
    assert has_imprint_words(lines)


def test_a_place_ends_where_addresses_of_the_net_and_numbers_of_jobs_begin() -> None:
    lines = ("Printed in the USA", "CPSIA information can be obtained", "at www.ICGtesting.com", "LVOW031246220121")
    place = find_place(lines)
    assert place is not None and (place.text, place.plant) == ("Printed in the USA", "La Vergne, TN")
    numbered = find_place(("Printed in Australia", "AUHW011234210922"))
    assert numbered is not None and numbered.text == "Printed in Australia"


def test_a_code_read_at_another_resolution_than_the_lines_names_the_plant() -> None:
    place = find_place(("Printed in the USA", "L\\/OW031246220121"), "LVOW031246220121")
    assert place is not None and (place.country, place.plant) == ("USA", "La Vergne, TN")


def test_a_plant_against_the_words_is_not_sure_nor_one_that_only_the_code_tells() -> None:
    against = find_place(("Printed in Germany", "LVOW031246220121"))
    assert against is not None and (against.country, against.exact) == ("Germany", False)
    alone = find_place(("LVOW031246220121",))
    assert alone is not None and (alone.country, alone.exact, alone.plant) == ("USA", False, "La Vergne, TN")


@pytest.mark.parametrize("lines", [("He printed", "in Germany what he wrote."), ("Leipzig, Germany",), ("in us",)])
def test_stories_are_no_imprint(lines: tuple[str, ...]) -> None:
    assert find_place(lines) is None and not has_imprint_words(lines)


def test_the_name_of_a_printer_alone_is_no_place() -> None:
    assert find_place(("If you liked it,", "a review on Amazon helps.")) is None


@needs_reader
@pytest.mark.parametrize("font", ["Helvetica-Oblique", "Times-Italic"])
def test_italic_lines_are_read(font: str) -> None:
    lines = ("Printed by Amazon Italia Logistica S.r.l.", "Torrazza Piemonte (TO), Italy", "07 April 2014")
    imprint = read(drawn(lines, font, 1, Scanner(dpi=300, read=0.006)), 300.0)
    assert imprint is not None and imprint.place is not None and imprint.printed is not None
    assert (imprint.place.country, imprint.printed.day) == ("Italy", date(2014, 4, 7))
