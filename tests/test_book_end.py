"""How a book ends: what padding and imprint explain, what nothing explains, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from conftest import Run
from test_policy import HEAD, RULE, write

from qc.errors import UsageError
from qc.flags import Flag
from qc.judge.judge import judge
from qc.judge.padding import Padding, explain, said_of, unexplained, with_unexplained_blanks
from qc.judge.policy import load_policy, shipped
from qc.judge.refund import decide_refund
from qc.measure.blank_pages import BookEnd, blank_pages_at_end, book_end
from qc.model import BookCopy, Claim, FindingOutcome, PageKind, PageRecord, ReferenceId, Role, ScanFile, VerdictOutcome

KDP = load_policy("kdp").padding
FOURS = Padding(
    round_to=2,
    sheets=(4,),
    imprint_pages=2,
    ordered_blanks=10,
    clause="a sentence",
    source="a source",
    reason="a reason",
)
COPY = BookCopy("RMA-1", Path("RMA-1"), (ScanFile(Path("p-1.jpg"), "p-1.jpg"),))
KINDS = {"c": PageKind.CONTENT, "b": PageKind.BLANK, "f": PageKind.FOLIO_ONLY, "i": PageKind.IMPRINT}


def records(kinds: str, known: int | None = None) -> list[PageRecord]:
    """Pages 1, 2, …: `c` content, `b` blank, `f` folio, `i` imprint, `x` unreadable; those after `known` have no place."""
    return [
        PageRecord(
            f"p-{n}.jpg",
            0,
            Role.PAGE,
            n if known is None or n <= known else None,
            None,
            KINDS.get(k, PageKind.UNREADABLE),
            "",
            None,
            None,
            False,
        )
        for n, k in enumerate(kinds, 1)
    ]


def end_of(kinds: str, last: int | None, ordered: int | None, *, complete: bool = True) -> BookEnd:
    return book_end(records(kinds, ordered), complete=complete, last_content=last, ordered=ordered)


@pytest.mark.parametrize(
    ("ordered", "counts"),
    [(24, [24, 26, 28]), (23, [24, 26, 28]), (22, [22, 24]), (21, [22, 24]), (25, [26, 28]), (1, [2, 4])],
)
def test_a_file_is_printed_on_full_sheets(ordered: int, counts: list[int]) -> None:
    assert list(FOURS.printed(ordered)) == counts
    assert FOURS.most(ordered) == counts[-1]


@pytest.mark.parametrize("ordered", range(1, 60))
@pytest.mark.parametrize("padding", [FOURS, KDP], ids=["fours", "kdp"])
def test_what_a_printer_does_is_explained_whatever_the_book(padding: Padding, ordered: int) -> None:
    """Rounded up, with a page or a leaf for the imprint, on sheets of any size in use: never a blank too many."""
    for sheet in (2, *padding.sheets):
        for imprint in range(padding.imprint_pages + 1):
            pages = -(-(ordered + imprint) // sheet) * sheet
            kinds = "c" * ordered + "b" * (pages - ordered - bool(imprint)) + "i" * bool(imprint)
            assert unexplained(end_of(kinds, ordered, ordered), padding) == (0, ""), (sheet, imprint)


@pytest.mark.parametrize(
    ("kinds", "last", "value", "words"),
    [
        ("c" * 24, 24, 0, ""),
        (
            "c" * 24 + "bbbi",
            24,
            0,
            "3 blank pages at the end: added by the printer, with the imprint, 28 pages for 24 ordered, a multiple of 4",
        ),
        (
            "c" * 22 + "bbbbbi",
            22,
            0,
            "5 blank pages at the end: 2 ordered, 3 added by the printer, with the imprint, 28 pages for 24 ordered, "
            "a multiple of 4",
        ),
        ("c" * 22 + "bi", 22, 0, "1 blank page at the end: ordered, with the imprint, on the 24 ordered pages"),
        ("c" * 22 + "bb", 22, 0, "2 blank pages at the end: ordered, on the 24 ordered pages"),
        ("c" * 23 + "f" + "bi", 24, 0, "1 blank page at the end: added by the printer, with the imprint, 26 pages for 24 ordered, "
         "a multiple of 2"),
        ("c" * 24 + "b", 24, 0, "1 blank page at the end: added by the printer, 25 pages for 24 ordered, no more than the 28 of "
         "full sheets"),
        ("c" * 23 + "b" + "bi", 24, 0, "1 blank page at the end: added by the printer, with the imprint, 26 pages for 24 ordered, "
         "a multiple of 2"),
        (
            "c" * 24 + "bbbbbb",
            24,
            2,
            "6 blank pages at the end, 2 more than padding and imprint explain: 24 ordered pages make at most 28, and 30 "
            "were found; content may be missing",
        ),
        ("c" * 24 + "bbbbbi", 24, 2, None),
        ("c" * 24 + "bxb", 24, 0, None),
    ],
)  # fmt: skip
def test_a_run_is_explained_or_said_to_be_too_long(kinds: str, last: int, value: int, words: str | None) -> None:
    end = end_of(kinds, last, 24)
    found = explain(end, FOURS)
    assert (found.value, found.u, found.unit, found.flags) == (value, 0.0, "count", ())
    assert words is None or found.detail["words"] == words
    assert replace(BookEnd.of(found), words=None) == end


def test_blanks_where_the_last_content_page_should_be_are_unexplained() -> None:
    end = end_of("c" * 20 + "bbi", 24, 24)
    assert unexplained(end, FOURS) == (2, "")
    assert "the last content page (24) is not among the scans, and 2 blank pages" in said_of(end, FOURS)


def test_in_a_part_the_last_content_page_may_just_not_have_been_scanned() -> None:
    part = records("cc", 24) + [replace(p, reference_page=None) for p in records("bi")]
    found = explain(book_end(part, complete=False, last_content=24, ordered=24), FOURS)
    assert found.value is None and found.flags == (Flag.LAST_CONTENT_NOT_SEEN,)
    end = book_end(part, complete=False, last_content=24, ordered=24)
    assert blank_pages_at_end(part, True, end).value == 1


def test_content_behind_the_last_page_leaves_the_end_unclear() -> None:
    pages = records("c" * 24 + "bcb", 24)
    found = explain(book_end(pages, complete=True, last_content=24, ordered=24), FOURS)
    assert found.value is None and found.flags == (Flag.END_UNCLEAR,)


def test_without_a_reference_only_a_run_that_no_file_ends_with_is_told() -> None:
    for run, value in ((3, None), (14, None), (20, 6)):
        end = end_of("c" * 22 + "b" * run, None, None)
        assert unexplained(end, FOURS) == (value, "" if value else Flag.NO_REFERENCE)
    assert unexplained(end_of("c" * 22 + "b" * 20, None, None, complete=False), FOURS) == (None, Flag.NO_REFERENCE)
    assert unexplained(end_of("c" * 22 + "b" * 20, None, 40), FOURS) == (None, Flag.NO_REFERENCE)


def test_a_last_page_whose_place_is_only_likely_is_in_doubt() -> None:
    pages = records("c" * 24 + "b" * 8, 24)
    end = book_end(pages, complete=True, last_content=24, ordered=24, doubtful=frozenset({24}))
    found = explain(end, FOURS)
    assert (found.value, found.u, found.flags) == (4.0, 0.0, (Flag.PLACE_UNSURE,))
    (again,) = with_unexplained_blanks([found], FOURS)
    assert again == found


def test_a_policy_that_states_no_padding_explains_nothing() -> None:
    found = explain(end_of("c" * 24 + "bb", 24, 24), None)
    assert found.value is None and found.flags == (Flag.NO_PADDING,)


def test_another_policy_explains_the_same_end_anew() -> None:
    once = explain(end_of("c" * 24 + "b" * 6, 24, 24), FOURS)
    (again,) = with_unexplained_blanks([once], replace(FOURS, sheets=(8,)))
    assert (once.value, again.value) == (2.0, 0.0)
    assert with_unexplained_blanks((again,), FOURS) == (once,)


@pytest.mark.parametrize("name", shipped())
@pytest.mark.parametrize("run", [0, 2, 6, 7, 30])
def test_no_blank_page_at_the_end_is_ever_refunded(name: str, run: int) -> None:
    policy = load_policy(name)
    pages = records("c" * 24 + "b" * run, 24)
    end = book_end(pages, complete=True, last_content=24, ordered=24)
    observations = with_unexplained_blanks([blank_pages_at_end(pages, True, end)], policy.padding)
    findings, verdict = judge(observations, policy, COPY, pages, ReferenceId("pdf", "9780000000002"))
    (found,) = [f for f in findings if f.rule == "blank-pages-unexplained"]
    assert found.outcome is (FindingOutcome.WITHIN if run <= 6 else FindingOutcome.UNDECIDED)
    assert (verdict.outcome is VerdictOutcome.NEEDS_REVIEW) == (run > 6)
    assert verdict.outcome is not VerdictOutcome.DEFECT
    assert decide_refund(verdict, findings, COPY, policy).outcome != "eligible"
    if run > 6:
        assert "content may be missing" in verdict.summary


def test_a_copy_of_an_older_file_may_end_otherwise() -> None:
    policy = load_policy("kdp")
    claim = Claim(printed_on=date(2026, 9, 1), content_updated_on=date(2026, 9, 20))
    pages = records("c" * 24 + "b" * 30, 24)
    found = explain(book_end(pages, complete=True, last_content=24, ordered=24), policy.padding)
    findings, verdict = judge([found], policy, replace(COPY, claim=claim), pages, ReferenceId("pdf", "9780000000002"))
    (judged,) = [f for f in findings if f.rule == "blank-pages-unexplained"]
    assert judged.outcome is FindingOutcome.NOT_JUDGED and verdict.outcome is not VerdictOutcome.NEEDS_REVIEW


TABLE = """
[padding]
round_to = 2
sheets = [4]
imprint_pages = 2
ordered_blanks = 10
clause = "a sentence"
source = "a source"
reason = "a reason"
"""


def test_the_padding_of_a_policy_is_read_and_shown(tmp_path: Path, run_qc: Run) -> None:
    path = write(tmp_path, HEAD + TABLE + RULE)
    assert load_policy(path).padding == FOURS
    assert load_policy(write(tmp_path, HEAD + RULE)).padding is None
    for name in shipped():
        padding = load_policy(name).padding
        assert padding is not None and padding.sheets == (4, 6) and len(padding.reason) > 80
    shown = run_qc("policy", "show", "kdp").out
    assert "filled up to full sheets of 4 or 6 pages" in shown and "GYEKAVKMSE23PFTM" in shown
    (tmp_path / "fours.toml").write_text(HEAD + TABLE + RULE)
    assert "padding sheets: kdp 4 or 6, house 4" in run_qc("policy", "diff", "kdp", tmp_path / "fours.toml").out


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("round_to = 2", "round_to = 0", ["padding", "round_to is 0", "1 or more"]),
        ("round_to = 2", "round_to = true", ["round_to is True", "whole number"]),
        ("sheets = [4]", "sheets = [3]", ["sheets is [3]", "even"]),
        ("sheets = [4]", "sheets = []", ["sheets is []"]),
        ("sheets = [4]", "sheet = [4]", ["'sheet'", "'sheets'"]),
        ("imprint_pages = 2\n", "", ["'imprint_pages'", "missing"]),
        ('source = "a source"\n', "", ["'source'", "missing"]),
    ],
)
def test_a_fault_in_the_padding_is_named(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    path = write(tmp_path, HEAD + TABLE.replace(old, new, 1) + RULE)
    with pytest.raises(UsageError) as fault:
        load_policy(path)
    for word in [path, *words]:
        assert word in str(fault.value)
