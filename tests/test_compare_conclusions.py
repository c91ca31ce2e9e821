"""What a comparison comes to: a sentence a copy and property with an outcome of its own, and how the terminal prints it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from itertools import combinations

import pytest
from rich.console import Console

from qc.compare.compare import Comparison
from qc.compare.conclusions import MOST_WORDS, Conclusion, conclude
from qc.compare.outlier import cut_place
from qc.flags import Flag
from qc.geometry import Edge
from qc.judge.judge import judge_between
from qc.judge.policy import load_policy
from qc.measure import MEASURES
from qc.model import FindingOutcome, Observation, Where
from qc.report.comparison_text import summary

POLICY = load_policy()
OUTSIDE, UNDECIDED, WITHIN, NOT_JUDGED = (
    FindingOutcome.OUTSIDE,
    FindingOutcome.UNDECIDED,
    FindingOutcome.WITHIN,
    FindingOutcome.NOT_JUDGED,
)


def cuts(place: Mapping[str, float], u: Mapping[str, float] | None = None, edge: Edge = Edge.HEAD) -> list[Observation]:
    """Differences of copies cut so far out; `u` of those that are not known well."""
    u = u or {}
    return [
        MEASURES["copy-position-difference"].observe(
            place[b] - place[a], max(u.get(a, 0.05), u.get(b, 0.05)), Where(edge=edge, copies=(a, b))
        )
        for a, b in combinations(place, 2)
    ]


def colors(place: Mapping[str, float | None], flag: Flag = Flag.DIFFERENT_RESOLUTIONS) -> list[Observation]:
    """Differences of copies along L*; one without a value cannot be compared with any."""
    known = sorted(v for v in place.values() if v is not None)
    seen = []
    for a, b in combinations(place, 2):
        one, other = place[a], place[b]
        where = Where(copies=(a, b))
        if one is None or other is None:
            seen.append(MEASURES["copy-color-difference"].observe(None, where=where, flags=(flag,)))
        else:
            detail = {"dL": other - one, "da": 0.0, "db": 0.0}
            seen.append(MEASURES["copy-color-difference"].observe(abs(other - one), 0.35, where, detail=detail))
    if len(known) > 2:
        for copy, at in place.items():
            if at is not None:
                off = at - known[len(known) // 2]
                detail = {"dL": off, "da": 0.0, "db": 0.0, "max_page": 3}
                seen.append(MEASURES["copy-color-outlier"].observe(abs(off), 0.35, Where(copy=copy), detail=detail))
    return seen


def concluded(copies: str | list[str], observations: list[Observation]) -> tuple[Conclusion, ...]:
    findings = judge_between(observations, POLICY)
    made = conclude(list(copies), observations, findings, POLICY.k)
    grave = [f for f in findings if f.outcome in (OUTSIDE, UNDECIDED)]
    said = " ".join(c.sentence for c in made).replace(",", " ").replace(".", " ").replace(";", " ").split()
    if len(copies) < 6:
        assert {c for f in grave for c in (f.where.copies or (f.where.copy,))} <= {*said}
    for c in made:
        assert len(c.sentence.split()) <= MOST_WORDS and c.sentence.endswith(".")
        assert not any(rule.id in c.sentence for rule in POLICY.rules)
    return made


def test_each_has_the_outcome_of_its_own_findings() -> None:
    """The sentence on the cut ended in "beyond what the policy expects", as the color of another copy was outside."""
    color, cut = concluded("abc", [*cuts({"a": 0.0, "b": -4.0, "c": 0.05}), *colors({"a": 0.0, "b": 0.1, "c": 9.0})])
    assert (color.copy, color.property, color.outcome) == ("c", "color", OUTSIDE)
    assert "c is the odd one in color: 8.9 (ΔE00) from the median, lighter, most on page 3" in color.sentence
    assert color.sentence.endswith("; outside against a and b.")
    assert (cut.copy, cut.property, cut.outcome) == ("b", "cut", WITHIN)
    assert cut.sentence == "b is the odd one in position: at the head cut 4.0 mm (0.16 in) deeper than a."


def test_the_doubt_of_a_pair_goes_to_the_odd_one() -> None:
    seen = cuts({"a": 0.0, "b": -4.0, "c": 0.0, "d": 0.0}, u={"c": 1.4})
    (cut,) = concluded("abcd", [*seen, *colors(dict.fromkeys("abcd", 0.0))])
    assert (cut.copy, cut.outcome) == ("b", UNDECIDED) and cut.sentence.endswith("; undecided against c.")


def test_copies_that_differ_without_an_odd_one_are_all_named() -> None:
    """Two runs of two copies: nobody is the odd one, and each is off against two others."""
    seen = cuts({"a": 0.0, "b": 0.0, "c": 8.0, "d": 8.0})
    made = concluded("abcd", [*seen, *colors(dict.fromkeys("abcd", 0.0))])
    assert {c.outcome for c in made} == {OUTSIDE} and {c.property for c in made} == {"cut"}
    assert len({c.copy for c in made}) == len(made) == len({c.sentence for c in made})


@pytest.mark.parametrize(
    ("copies", "sentence"),
    [
        ("abc", "No copy stands apart in cut and color."),
        ("ab", "a and b agree in cut and color within the uncertainty of the measurement."),
    ],
)
def test_one_line_says_that_nothing_stands_apart(copies: str, sentence: str) -> None:
    (said,) = concluded(copies, [*cuts(dict.fromkeys(copies, 0.0)), *colors(dict.fromkeys(copies, 0.0))])
    assert (said.copy, said.outcome, said.sentence) == (None, WITHIN, sentence)


def test_two_copies_say_how_the_second_differs() -> None:
    color, cut = concluded("ab", [*cuts({"a": 0.0, "b": -1.0}), *colors({"a": 0.0, "b": 9.0})])
    assert (color.copy, color.outcome) == ("b", OUTSIDE)
    assert (cut.copy, cut.outcome) == ("b", WITHIN)
    assert cut.sentence == "b was cut 1.0 mm (0.04 in) deeper than a at the head."


def test_a_copy_that_was_not_compared_is_named() -> None:
    seen = [*cuts(dict.fromkeys("abcd", 0.0)), *colors({"a": 0.0, "b": None, "c": 0.0, "d": 9.0})]
    *_, gap = concluded("abcd", seen)
    assert (gap.copy, gap.property, gap.outcome) == ("b", "color", NOT_JUDGED)
    assert gap.sentence == "b could not be compared in color: the copies were scanned at different resolutions."


def test_no_ordered_file_is_spoken_of() -> None:
    """Copies are held against each other: a page that none of the others has did not fail to match a file."""
    where = Where(edge=Edge.HEAD, copies=("a", "b"))
    seen = MEASURES["copy-position-difference"].observe(None, where=where, flags=(Flag.NOT_REGISTERED, Flag.FEW_PAGES))
    *_, gap = concluded("ab", [seen, *colors({"a": 0.0, "b": 0.0})])
    assert gap.sentence == "Cut could not be compared: too few pages could be used."


@pytest.mark.parametrize("flag", [f for f in Flag if f is not Flag.DATE_FROM_CODE])
def test_every_reason_fits_into_a_sentence(flag: Flag) -> None:
    """Those of readings aside, which are not compared."""
    made = concluded(["RMA-1", "RMA-2", "RMA-3"], colors({"RMA-1": None, "RMA-2": 0.0, "RMA-3": 0.0}, flag))
    assert len(made) == 3


def test_many_copies_fit_into_a_sentence() -> None:
    copies = [f"RMA-{n}" for n in range(12)]
    at = dict.fromkeys(copies, 0.0) | {"RMA-7": 9.0}
    color, cut = concluded(copies, [*cuts(at), *colors(at)])
    assert color.copy == cut.copy == "RMA-7"
    assert color.sentence.endswith("; outside against 11 others.") and color.outcome is OUTSIDE


def test_a_picture_of_a_cut_shows_a_page_like_the_others() -> None:
    """On an imprint, which lies elsewhere in each copy, two copies seemed cut 4 mm apart."""
    pages = {1: -0.9, 2: -1.4, 3: -1.1, 4: -9.0, 5: -1.05}
    seen = [
        MEASURES["copy-position-difference"].observe(v, 0.02, Where(page=n, edge=Edge.HEAD, copies=("a", "b")))
        for n, v in pages.items()
    ]
    place, turned = cut_place("b", "a", Edge.HEAD, seen, 2.0), cut_place("a", "b", Edge.HEAD, seen, 2.0)
    assert place is not None and (place.page, place.how) == (3, "cut 1.1 mm (0.04 in) deeper")
    assert turned is not None and (turned.page, turned.how) == (3, "cut 1.1 mm (0.04 in) further out")
    assert cut_place("b", "c", Edge.HEAD, seen, 2.0) is None


def test_another_cover_and_another_paper_are_concluded_as_well() -> None:
    other = MEASURES["copy-cover-outlier"].observe(1.0, None, Where(copy="b"), detail={"sides": ["front"]})
    paper = MEASURES["paper-difference"].observe(12.0, 0.5, Where(copies=("a", "c")))
    same = [*cuts(dict.fromkeys("abc", 0.0)), *colors(dict.fromkeys("abc", 0.0))]
    sheet, cover = concluded("abc", [*same, other, paper])
    assert (sheet.property, sheet.outcome) == ("paper", OUTSIDE)
    assert (cover.copy, cover.property, cover.outcome) == ("b", "cover", UNDECIDED)


IDS = ("RMA-10481", "RMA-10482", "RMA-10484", "RMA-10485")
NOTE = "RMA-10481: 1 of its pages cannot be used: p-0007.jpg, lower edge: the page is as dark there as the backing."


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    place = dict(zip(IDS, (0.0, -4.2, 0.1, 0.2), strict=True))
    seen = [o for edge in Edge for o in cuts(place, u={IDS[3]: 1.3}, edge=edge)]
    seen += colors(dict(zip(IDS, (0.0, None, 0.1, 9.0), strict=True)))
    seen += [MEASURES["paper-difference"].observe(0.1, 0.5, Where(copies=p)) for p in combinations(IDS, 2)]
    findings = judge_between(seen, POLICY)
    return Comparison(IDS, IDS[0], tuple(seen), findings, (NOTE,), conclude(IDS, seen, findings, POLICY.k))


def printed(comparison: Comparison, width: int | None) -> list[str]:
    """Lines on a terminal of so many columns, or in a pipe."""
    to = io.StringIO()
    console = Console(file=to, width=width or 80, force_terminal=width is not None, no_color=True, highlight=False)
    summary(comparison, k=2.0, report_path="qc-out/comparison.html", console=console)
    text = to.getvalue()
    return [line for line in _plain(text).splitlines() if line.strip()]


def _plain(text: str) -> str:
    return "".join(part.partition("m")[2] if n else part for n, part in enumerate(text.split("\x1b[")))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_the_terminal_breaks_no_word(comparison: Comparison, width: int) -> None:
    lines, whole = printed(comparison, width), {w for line in printed(comparison, None) for w in line.split()}
    assert max(map(len, lines)) <= width
    told = "left out, as the terminal is narrow: head, tail, fore-edge, color, spine, paper"
    assert {w for line in lines for w in line.split()} <= whole | {*told.split(), *told.replace(",", "").split()}


@pytest.mark.parametrize(("width", "gone"), [(140, []), (100, ["paper", "spine"]), (60, ["paper", "spine", "tail"])])
def test_paper_and_spine_are_left_out_first(comparison: Comparison, width: int, gone: list[str]) -> None:
    lines = printed(comparison, width)
    heads = " ".join(lines[1:3]).split()
    assert [name for name in ("paper", "spine", "tail", "head", "color", "fore-edge") if name not in heads] == gone
    said = [line for line in lines if "left out" in line]
    assert bool(said) == bool(gone)


@pytest.mark.parametrize("width", [None, 60, 100])
def test_the_finding_is_the_second_column(comparison: Comparison, width: int | None) -> None:
    lines = printed(comparison, width)
    header = next(line for line in lines if line.startswith("second"))
    assert header.split()[:4] == ["second", "–", "first", "finding"]
    at = header.index("finding")
    table = lines[lines.index(header) + 1 : lines.index(header) + 2]
    assert table[0][at:].startswith("within")
    assert any(line[at:].startswith("OUTSIDE") for line in lines)


def test_in_a_pipe_a_line_is_a_line(comparison: Comparison) -> None:
    """Whatever width a file is taken for."""
    lines = printed(comparison, None)
    assert any(line.endswith(NOTE) for line in lines)
    *_, color, cut, gap = lines
    assert color.startswith("✖ OUTSIDE    RMA-10485 is the odd one in color: ")
    assert cut.startswith("? undecided  RMA-10482 is the odd one in position: ")
    assert gap.startswith("∅ not judged RMA-10482 could not be compared in color")
    row = next(line for line in lines if line.startswith("RMA-10485 – RMA-10484"))
    assert "OUTSIDE" in row and row.count("±") == 6


@pytest.mark.parametrize("width", [None, 40])
def test_a_long_id_is_never_cut(width: int | None) -> None:
    ids = tuple(f"{c}-{'long' * 20}" for c in "ab")
    seen = cuts(dict.fromkeys(ids, 0.0))
    findings = judge_between(seen, POLICY)
    lines = printed(Comparison(ids, ids[0], tuple(seen), findings, (), conclude(ids, seen, findings, POLICY.k)), width)
    table = lines[[line.startswith("second") for line in lines].index(True) + 1 :]
    assert table[0].startswith(ids[1]) and ids[0] in (table[0] if width is None else table[1])
    assert "within" in table[0].split()
