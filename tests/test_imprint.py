"""Imprint pages: dates and places in words, drawn pages read back, and nothing read that is not there."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from drawn_imprint import imprint_page

from qc.features.text import ocr
from qc.features.text.dates import DateText, find_dates
from qc.features.text.imprint import _borne_out, agreed, read_imprint
from qc.features.text.places import find_place, is_other_page
from qc.flags import Flag
from qc.synthetic import Scanner
from qc.synthetic.flat import draw_flat, sheet_of_pdf
from qc.units import mm_per_px

LATEST = date(2026, 11, 1)
TRIM = (102.0, 89.0)
needs_reader = pytest.mark.skipif(bool(ocr.missing()), reason=ocr.missing() or "-")


@pytest.mark.parametrize(
    "text, day",
    [
        ("07 April 2014", (2014, 4, 7)),
        ("April 7, 2014", (2014, 4, 7)),
        ("Columbia, SC 21st June, 2020", (2020, 6, 21)),
        ("17 Sept. 2021", (2021, 9, 17)),
        ("7. März 2021", (2021, 3, 7)),
        ("1er mars 2021", (2021, 3, 1)),
        ("3 août 2019", (2019, 8, 3)),
        ("7 de abril de 2014", (2014, 4, 7)),
        ("5 maggio 2020", (2020, 5, 5)),
        ("30 września 2022", (2022, 9, 30)),
        ("5 mrt 2021", (2021, 3, 5)),
        ("2014-04-07", (2014, 4, 7)),
        ("31/12/2019", (2019, 12, 31)),
        ("12/31/2019", (2019, 12, 31)),
        ("05.05.2020", (2020, 5, 5)),
        ("2014年4月7日", (2014, 4, 7)),
        ("令和6年4月7日", (2024, 4, 7)),
    ],
)
def test_dates_of_every_order_and_language(text: str, day: tuple[int, int, int]) -> None:
    (found,) = find_dates(text)
    assert found.days == (date(*day),) and not found.repaired


def test_numerals_of_either_order_keep_both() -> None:
    (found,) = find_dates("07/04/2014")
    assert found.days == (date(2014, 4, 7), date(2014, 7, 4))


@pytest.mark.parametrize("text", ["O7 April 2O14", "07 Apnil 2014", "1 7 April 2014", "'7 April 2014"])
def test_what_had_to_be_repaired_is_said_so(text: str) -> None:
    (found,) = find_dates(text)
    assert found.days == (date(2014, 4, 7),) and found.repaired


@pytest.mark.parametrize(
    "text", ["31 April 2014", "07 Juny 2014", "? April 2014", "07 April 14", "AUHW011234210922", ""]
)
def test_no_date_is_made_up(text: str) -> None:
    assert find_dates(text) == []


@pytest.mark.parametrize(
    "lines, country, text",
    [
        (("Made in the USA", "Columbia, SC", "07 April 2014"), "USA", "Made in the USA, Columbia, SC"),
        (("Printed in Great Britain", "by Amazon"), "United Kingdom", "Printed in Great Britain, by Amazon"),
        (("Gedruckt in Deutschland",), "Germany", "Gedruckt in Deutschland"),
        (("Imprimé en France",), "France", "Imprimé en France"),
        (("Stampato in Italia",), "Italy", "Stampato in Italia"),
        (("Wydrukowano w Polsce",), "Poland", "Wydrukowano w Polsce"),
        (("Impreso en España",), "Spain", "Impreso en España"),
    ],
)
def test_places(lines: tuple[str, ...], country: str, text: str) -> None:
    place = find_place(lines)
    assert place is not None and (place.country, place.text, place.exact) == (country, text, True)


def test_a_country_misread_is_not_exact_and_one_beyond_recognition_is_none() -> None:
    near, far = find_place(["Printed in Gcrmany"]), find_place(["Printed in Qxzzvb"])
    assert near is not None and (near.country, near.exact) == ("Germany", False)
    assert far is not None and far.country is None


def test_a_copyright_page_is_no_imprint() -> None:
    assert is_other_page(["© 2014 A. Author", "Printed in the USA"])
    assert is_other_page(["©2014"]) and is_other_page(["© M. Ott"])
    assert not is_other_page(["Made in the USA", "Columbia, SC"])
    assert not is_other_page(["Beary Lae ©,", "Made in the USA"])


def dated(text: str, sure: float = 95.0) -> list[tuple[DateText, float]]:
    return [(found, sure) for found in find_dates(text)]


def test_a_date_is_sure_only_where_two_reads_agree_and_none_differs() -> None:
    twice = agreed([dated("07 April 2014"), dated("7 April 2014")], True, LATEST)
    assert twice is not None and twice.doubts == ()
    once = agreed([dated("07 April 2014"), []], True, LATEST)
    assert once is not None and once.doubts == (Flag.LOW_CONFIDENCE,)
    torn = agreed([dated("17 April 2014"), dated("11 April 2014"), dated("17 April 2014")], True, LATEST)
    assert torn is not None and torn.doubts == (Flag.LOW_CONFIDENCE,)
    assert (torn.day, torn.others) == (date(2014, 4, 17), (date(2014, 4, 11),))
    assert agreed([[], []], True, LATEST) is None


@pytest.mark.parametrize(
    "text, words, flag",
    [
        ("07/04/2014", True, Flag.DATE_ORDER),
        ("07 April 2014", False, Flag.LOW_CONFIDENCE),
        ("07 April 1914", True, Flag.IMPLAUSIBLE_DATE),
        ("02 November 2026", True, Flag.IMPLAUSIBLE_DATE),
    ],
)
def test_reasons_for_doubt(text: str, words: bool, flag: Flag) -> None:
    printed = agreed([dated(text), dated(text)], words, LATEST)
    assert printed is not None and flag in printed.doubts


def page(lines: tuple[str, ...], scanner: Scanner, ink: float = 0.1, **how: object) -> np.ndarray:
    pdf = imprint_page(lines, trim_mm=TRIM, **how)  # type: ignore[arg-type]
    pixels, _ = draw_flat(sheet_of_pdf(pdf, ink=ink), scanner, np.random.default_rng(7), (TRIM[0] + 12, TRIM[1] + 12))
    return np.asarray(pixels, np.uint8)


US = ("Made in the USA", "Columbia, SC", "07 April 2014")


def test_a_japanese_date_needs_the_digits_that_the_latin_reader_saw() -> None:
    assert _borne_out(date(2015, 7, 24), ["Printed in Japan", "2015 47 248"])
    assert not _borne_out(date(2013, 7, 24), ["Printed in Japan", "201547248"])
    assert not _borne_out(date(2015, 7, 2), ["201547248"])


@needs_reader
@pytest.mark.parametrize(
    "dpi, skew_deg, ink",
    [(300, 0.0, 0.05), (300, 181.8, 0.05), (300, -2.3, 0.4), (200, 0.4, 0.1), (400, 179.0, 0.2), (600, 1.0, 0.1)],
)
def test_a_drawn_page_is_read_upright_or_upside_down(dpi: float, skew_deg: float, ink: float) -> None:
    gray = page(US, Scanner(dpi=dpi, skew_deg=skew_deg, read=0.006), ink, code=("Code128", "300123UK00001B"))
    with ocr.reader() as reader:
        imprint = read_imprint(gray, dpi, reader, LATEST)
    assert imprint is not None and imprint.printed is not None and imprint.place is not None
    assert imprint.lines == US
    assert (imprint.printed.day, imprint.printed.doubts) == (date(2014, 4, 7), ())
    assert imprint.place.country == "USA"
    assert imprint.upside_down is (skew_deg > 90)
    assert [(c.kind, c.text) for c in imprint.codes] == [("Code 128", "300123UK00001B")]


@needs_reader
def test_the_box_holds_the_print_and_not_the_page() -> None:
    gray = page(US, Scanner(dpi=300), foot_mm=20.0, left_mm=20.0)
    with ocr.reader() as reader:
        imprint = read_imprint(gray, 300, reader, LATEST)
    assert imprint is not None
    x0, y0, x1, y1 = (v * mm_per_px(300) - 6.0 for v in imprint.box_px)
    assert 17.0 < x0 < 20.0 and x1 < 50.0
    assert 54.0 < y0 < y1 < 73.0


@needs_reader
@pytest.mark.parametrize(
    "lines",
    [
        ("Copyright 2014 A. Author", "First published 7 April 2014", "Printed in the USA"),
        ("He wrote it down on", "7 April 2014", "and never looked again."),
        (),
    ],
)
def test_other_pages_are_no_imprint(lines: tuple[str, ...]) -> None:
    with ocr.reader() as reader:
        assert read_imprint(page(lines, Scanner(dpi=300)), 300, reader, LATEST) is None


def test_without_a_text_reader_only_barcodes_are_read() -> None:
    imprint = read_imprint(page(US, Scanner(dpi=300), code=("Code128", "300123UK")), 300, None, LATEST)
    assert imprint is not None and imprint.printed is None and imprint.lines == ()
    assert [c.text for c in imprint.codes] == ["300123UK"]
