"""Copies with their covers: from closed scans to verdict, report, record and store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import ISBN, Drawn, Run
from drawn_closed import COARSE, FLAT
from golden_values import inspected

from qc.batch.store import Store
from qc.judge.policy import load_policy
from qc.judge.rejudge import under
from qc.model import Finding, FindingOutcome, Inspection, VerdictOutcome
from qc.report.record import record, to_json
from qc.report.schema import schema
from qc.report.shapes import Inspection as InspectionShape
from qc.synthetic import Art, Bound, ClosedTruth, Wrap, draw_cover, write_wrap

SPINE_MM = 1.7
"""Four pages fill no more of a spine that is believed."""
OTHER = Art("Eleven Yards", color=(0.55, 0.3, 0.25), picture="above", seed=5)


@dataclass(frozen=True)
class Book:
    """The drawn copy of four sound pages, its title with a cover, another cover, and a folder for more copies."""

    drawn: Drawn
    titles: Path
    wrap: Wrap
    other: Wrap
    folder: Path

    def copy(self, name: str, bound: Bound | None = None, **drawn: Any) -> tuple[Path, ClosedTruth]:
        """The sound pages, with closed scans drawn beside them."""
        path = self.drawn.copied_to(self.folder / name)
        return path, draw_cover(path, self.wrap, bound, **{"scanner": COARSE} | drawn)

    def inspect(self, path: Path) -> Inspection:
        return inspected(path, self.folder / "out", titles=self.titles)


@pytest.fixture(scope="module")
def book(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> Book:
    root = tmp_path_factory.mktemp("covers")
    shutil.copytree(drawn.titles, root / "titles")
    wrap = write_wrap(root / "titles" / ISBN / "cover.pdf", replace(FLAT, isbn=ISBN), spine_mm=SPINE_MM)
    other = write_wrap(root / "other.pdf", OTHER, spine_mm=SPINE_MM)
    return Book(drawn, root / "titles", wrap, other, root)


CASES: Mapping[str, tuple[Bound, Callable[[Book], dict[str, Any]], VerdictOutcome]] = {
    "sound": (Bound(0.3, 0.1, 0.4, -0.5, (0.6, -0.3)), lambda book: {}, VerdictOutcome.NO_DEFECT),
    "within": (Bound(2.6, head_mm=2.9, tail_mm=-2.9), lambda book: {}, VerdictOutcome.NO_DEFECT),
    "shifted": (Bound(4.0), lambda book: {}, VerdictOutcome.DEFECT),
    "shifted-back": (Bound(-4.0), lambda book: {}, VerdictOutcome.DEFECT),
    "cut": (Bound(fore_edge_mm=(0.0, -4.0)), lambda book: {}, VerdictOutcome.DEFECT),
    "one-side": (Bound(4.2), lambda book: {"sides": ("front",)}, VerdictOutcome.NEEDS_REVIEW),
    "cut-off": (Bound(0.0, 9.0, round_mm=0.0), lambda book: {}, VerdictOutcome.NO_DEFECT),
    "wrong-front": (Bound(), lambda book: {"other": {"front": book.other}}, VerdictOutcome.NEEDS_REVIEW),
}


@pytest.fixture(scope="module")
def inspections(book: Book) -> dict[str, Inspection]:
    return {name: book.inspect(book.copy(name, bound, **how(book))[0]) for name, (bound, how, _) in CASES.items()}


def of_rule(inspection: Inspection, rule: str) -> list[Finding]:
    return [f for f in inspection.findings if f.rule == rule]


@pytest.mark.parametrize("name", CASES)
def test_verdict_of_a_copy_with_its_cover(name: str, inspections: dict[str, Inspection]) -> None:
    assert inspections[name].verdict.outcome is CASES[name][2], inspections[name].verdict


def test_a_cover_that_was_looked_at_is_not_said_to_be_unchecked(inspections: dict[str, Inspection]) -> None:
    assert not [gap for gap in inspections["sound"].verdict.not_checked if "cover" in gap and "orientation" not in gap]
    assert "the back of the cover" in inspections["one-side"].verdict.not_checked
    roles = {p.file: p.role for p in inspections["sound"].pages}
    assert roles["cover-front.jpg"] == "cover-front" and roles["cover-back.jpg"] == "cover-back"


@pytest.mark.parametrize("name", ["shifted", "shifted-back"])
def test_a_shift_is_found_at_its_place(name: str, inspections: dict[str, Inspection]) -> None:
    shift = CASES[name][0].shift_mm
    outside = {(f.rule, f.where.side): f for f in inspections[name].findings if f.outcome is FindingOutcome.OUTSIDE}
    assert set(outside) == {
        ("spine-centering", None),
        ("cover-fold-offset", "front"),
        ("cover-fold-offset", "back"),
        ("spine-text-clearance", None),
    }
    for place, truth in (("front", shift), ("back", -shift)):
        found = outside["cover-fold-offset", place]
        assert found.value is not None and found.u is not None and abs(found.value - truth) <= 2 * found.u
        assert found.evidence and found.evidence[0].file == f"cover-{place}.jpg"


def test_within_the_policy_lettering_over_the_fold_is_a_note(inspections: dict[str, Inspection]) -> None:
    (note,) = of_rule(inspections["within"], "spine-text-clearance")
    assert note.severity == "note" and note.value is not None and note.value == pytest.approx(0.49 - 2.6, abs=0.25)
    assert note.outcome is FindingOutcome.OUTSIDE and "designed 0.5 mm (0.019 in) from a fold" in note.message
    for rule in ("spine-centering", "cover-trim-offset", "cover-fold-offset"):
        assert {f.outcome for f in of_rule(inspections["within"], rule)} == {FindingOutcome.WITHIN}


def test_a_fold_seen_on_one_side_goes_to_a_person(inspections: dict[str, Inspection]) -> None:
    (fold,) = of_rule(inspections["one-side"], "cover-fold-offset")
    assert fold.outcome is FindingOutcome.UNDECIDED and fold.doubt == ("fold-not-proven",)


def test_a_cover_cut_off_with_its_pages_shows_no_fold(inspections: dict[str, Inspection]) -> None:
    folds = of_rule(inspections["cut-off"], "cover-fold-offset")
    assert {f.outcome for f in folds} == {FindingOutcome.NOT_JUDGED} and len(folds) == 2
    assert {f.flags for f in folds} == {("cover-off",)}


@pytest.mark.parametrize("sides", [("front", "back"), ("front",), ("back",)])
def test_a_sound_block_in_another_cover_never_passes(sides: tuple[str, ...], book: Book) -> None:
    path, _ = book.copy("wrong-" + "-".join(sides) + "-only", sides=sides, other=dict.fromkeys(sides, book.other))
    found = book.inspect(path)
    wanted = {VerdictOutcome.DEFECT, VerdictOutcome.NEEDS_REVIEW} if len(sides) == 2 else {VerdictOutcome.NEEDS_REVIEW}
    assert found.verdict.outcome in wanted, found.verdict


def test_the_cover_of_the_same_series_never_passes(book: Book, tmp_path: Path) -> None:
    sibling = write_wrap(tmp_path / "cover.pdf", replace(FLAT, title="THE LAST FIELD"), spine_mm=SPINE_MM)
    path, _ = book.copy("series", other={"front": sibling, "back": sibling})
    found = book.inspect(path)
    assert found.verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    (identity,) = of_rule(found, "cover-identity")
    assert identity.doubt == ("like-ordered",) and "other words" in identity.message


def test_covers_that_cannot_be_read_do_not_stop_the_copy(book: Book) -> None:
    path, _ = book.copy("unreadable", sides=("front",))
    (path / "cover-front.jpg").write_bytes(b"no picture")
    (path / "cover-back.jpg").write_bytes(b"")
    found = book.inspect(path)
    assert found.verdict.outcome is VerdictOutcome.NO_DEFECT
    assert "cover (the file could not be read)" in found.verdict.not_checked
    assert {p.kind for p in found.pages if p.file.startswith("cover")} == {"unreadable"}


def test_a_design_that_is_no_wrap_is_said(book: Book, tmp_path: Path) -> None:
    titles = Path(shutil.copytree(book.titles, tmp_path / "titles"))
    write_wrap(titles / ISBN / "cover.pdf", FLAT, spine_mm=12.0)
    path, _ = book.copy("no-wrap", Bound(4.0))
    found = inspected(path, tmp_path / "out", titles=titles)
    assert found.verdict.outcome is VerdictOutcome.NO_DEFECT
    assert {o.measure: o.flags for o in found.observations if o.measure.startswith(("cover-", "spine-"))} == {
        "cover-identity": ("no-wrap",)
    }
    said = json.dumps(record(found)) + (tmp_path / "out" / "no-wrap" / "report.html").read_text("utf-8")
    assert "4 pages make" in said
    (gap,) = [gap for gap in found.verdict.not_checked if gap.startswith("cover")]
    assert "4 pages make" in gap and gap.endswith(")")


def test_stated_off_nothing_is_said_of_folds(book: Book) -> None:
    path, _ = book.copy("stated-off", Bound(4.0))
    (path / "copy.toml").write_text(f'isbn = "{ISBN}"\n[scan]\ncover = "off"\n')
    found = book.inspect(path)
    assert {f.outcome for f in of_rule(found, "cover-fold-offset")} == {FindingOutcome.NOT_JUDGED}
    assert found.verdict.outcome is VerdictOutcome.NO_DEFECT


def test_isbn_is_read_off_the_back(inspections: dict[str, Inspection]) -> None:
    (isbn,) = [o for o in inspections["sound"].observations if o.measure == "isbn"]
    assert ISBN in json.dumps(dict(isbn.detail))


@pytest.mark.parametrize("name", ["sound", "one-side", "wrong-front", "shifted"])
def test_record_keeps_to_its_schema_and_comes_back_from_the_store(
    name: str, inspections: dict[str, Inspection], tmp_path: Path
) -> None:
    inspection, policy = inspections[name], load_policy()
    made = json.loads(to_json(record(inspection)))
    jsonschema.validate(made, schema(InspectionShape))
    sides = {o["where"].get("side") for o in made["observations"] if o["measure"] == "cover-fold-offset"}
    assert sides == ({"front"} if name == "one-side" else {"front", "back"})
    with Store(tmp_path / "qc.db", create=True) as store:
        stored = store.inspection(store.add(inspection, policy, store.begin_run("test")))
    assert stored is not None and stored.observations == inspection.observations
    assert to_json(record(stored)) == to_json(record(inspection))
    assert under(stored, policy).findings == inspection.findings


MEASURES = (
    "cover-trim-offset",
    "cover-fold-offset",
    "spine-centering",
    "spine-width",
    "spine-text-clearance",
    "cover-skew",
    "cover-color-difference",
    "cover-identity",
    "cover-upside-down",
)


@pytest.mark.parametrize("measure", MEASURES)
def test_each_measure_is_explained(measure: str, run_qc: Run) -> None:
    ran = run_qc("explain", measure)
    assert ran.code == 0 and ran.out.startswith(f"{measure} (What is measured)")


def test_plan_names_the_covers(book: Book, run_qc: Run) -> None:
    path, _ = book.copy("planned")
    ran = run_qc("plan", path, "--titles", book.titles)
    assert ran.code == 0 and "cover-front.jpg" in ran.out and "cover-back.jpg" in ran.out
