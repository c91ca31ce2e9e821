"""Barcodes of imprint pages and covers, and the arithmetic of ISBNs."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_imprint import imprint_page, isbn_label

from qc.features.text.barcode import Code, IsbnCode, _apart, read_codes, read_isbns
from qc.isbn import normalized, same_book
from qc.synthetic import Scanner
from qc.synthetic.flat import draw_flat, sheet_of_pdf
from qc.units import px_per_mm


@pytest.mark.parametrize(
    "text, isbn",
    [
        ("978-0-8048-1663-2", "9780804816632"),
        ("ISBN 978 0 8048 1663 2", "9780804816632"),
        ("ISBN-10: 0-8048-1663-X", None),
        ("0-306-40615-2", "9780306406157"),
        ("ISBN-10: 0306406152", "9780306406157"),
        ("080442957X", "9780804429573"),
        ("9791034567894", None),
        ("9780804816633", None),
        ("4006381333931", None),
        ("978080481663", None),
        ("", None),
    ],
)
def test_isbns_are_brought_to_thirteen_digits_or_refused(text: str, isbn: str | None) -> None:
    assert normalized(text) == isbn


def test_one_wrong_digit_never_passes_the_check() -> None:
    right = "9780804816632"
    for at in range(3, 13):
        for digit in "0123456789":
            wrong = right[:at] + digit + right[at + 1 :]
            assert (normalized(wrong) == wrong) is (wrong == right)


def test_the_two_lengths_of_one_number_are_the_same_book() -> None:
    assert same_book("0-306-40615-2", "9780306406157")
    assert not same_book("9780804816632", "9780306406157")


def scanned(pdf: bytes, scanner: Scanner, frame_mm: tuple[float, float]) -> np.ndarray:
    pixels, _ = draw_flat(sheet_of_pdf(pdf), scanner, np.random.default_rng(3), frame_mm)
    return np.asarray(pixels, np.uint8)


@pytest.mark.parametrize(
    "kind, name, text",
    [
        ("Code128", "Code 128", "300123UK00001B"),
        ("I2of5", "ITF", "1234567890"),
        ("ECC200DataMatrix", "Data Matrix", "LS1234567890"),
        ("QR", "QR", "0123456789"),
    ],
)
@pytest.mark.parametrize("dpi, module_mm, skew_deg", [(300, 0.33, 1.5), (200, 0.3, 180.0)])
def test_codes_of_an_imprint_page(
    kind: str, name: str, text: str, dpi: float, module_mm: float, skew_deg: float
) -> None:
    pdf = imprint_page((), code=(kind, text), module_mm=module_mm, trim_mm=(102.0, 89.0), foot_mm=30.0)
    (code,) = read_codes(scanned(pdf, Scanner(dpi=dpi, skew_deg=skew_deg), (112.0, 99.0)))
    assert (code.kind, code.text) == (name, text)
    x0, y0, x1, y1 = (v / px_per_mm(dpi) for v in code.box_px)
    inside = (5, 20, 107, 56) if skew_deg > 90 else (5, 43, 107, 79)
    assert inside[0] < x0 < x1 < inside[2] and inside[1] < y0 < y1 < inside[3]


def test_of_two_codes_in_one_place_the_larger_one_is_believed() -> None:
    whole, part = (
        Code("Code 128", "650236UK00001B", (334, 1520, 898, 1611)),
        Code("Code 128", "0K!1", (333, 1530, 897, 1563)),
    )
    beside = Code("QR", "1", (1000, 1500, 1100, 1600))
    assert _apart([part, whole, beside]) == [whole, beside]


@pytest.mark.parametrize("dpi", [200, 300])
@pytest.mark.parametrize("skew_deg", [0.0, 90.0, 181.0])
def test_the_isbn_of_a_cover_by_two_readers(dpi: float, skew_deg: float) -> None:
    gray = scanned(isbn_label("9780804816632"), Scanner(dpi=dpi, skew_deg=skew_deg), (80.0, 80.0))
    (code,) = read_isbns(gray)
    assert (code.isbn, code.sure) == ("9780804816632", True)
    x0, y0, x1, y1 = code.box_px
    assert 0 < x0 < x1 < gray.shape[1] and 0 < y0 < y1 < gray.shape[0]


def test_the_price_beside_it() -> None:
    (code,) = read_isbns(scanned(isbn_label("9780804816632", "51299"), Scanner(dpi=300), (100.0, 60.0)))
    assert (code.isbn, code.addon) == ("9780804816632", "51299")


def test_goods_and_empty_paper_have_no_isbn() -> None:
    assert read_isbns(scanned(isbn_label("4006381333931"), Scanner(dpi=300), (80.0, 50.0))) == []
    assert read_isbns(np.full((300, 300), 230, np.uint8)) == []


def test_a_number_one_reader_saw_is_sure_only_if_it_was_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    gray = scanned(isbn_label("9780804816632"), Scanner(dpi=300), (80.0, 50.0))
    monkeypatch.setattr("qc.features.text.barcode._opencv_isbns", lambda gray: {})
    assert [c.sure for c in read_isbns(gray)] == [False]
    assert [c.sure for c in read_isbns(gray, ["0-8048-1663-5", "978-0-8048-1663-2"])] == [True]
    monkeypatch.setattr("qc.features.text.barcode._opencv_isbns", lambda gray: {"9780306406157": (0.0, 0.0, 1.0, 1.0)})
    assert [c.sure for c in read_isbns(gray)] == [False, False]
    assert all(isinstance(c, IsbnCode) for c in read_isbns(gray))
