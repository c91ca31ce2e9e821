"""One sheet scanned twice is one sheet: files copied, passes delivered in two formats, sheets fed again, second prints."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from qc.geometry import Edge
from qc.judge.policy import load_policy
from qc.measure.context.sheet_twice import Again, SheetIdentity, seen_again, two_copies
from qc.model import Inspection, Observation, PageKind, PageRecord, Role, ScanFile, VerdictOutcome, Where
from qc.pipeline import inspect_copy
from qc.reference.find import open_reference
from qc.register.alignment import align
from qc.report.record import record
from qc.scan.copy_folder import open_copy
from qc.scan.same_capture import same_capture

CASE = Path(__file__).parent / "data" / "field" / "13-file-copied"
DPI = 150
Gray = NDArray[np.uint8]


def copied(folder: Path, pages: Sequence[int] = (1, 2, 3, 4)) -> Path:
    copy = folder / "copy"
    copy.mkdir()
    for n in pages:
        shutil.copy(CASE / "copy" / f"p-000{n}.jpg", copy / f"p-000{n}.jpg")
    return copy


def inspect(copy: Path) -> Inspection:
    return inspect_copy(open_copy(copy), open_reference(CASE / "reference.pdf"), load_policy("kdp"))


def pixels(n: int) -> Gray:
    return np.asarray(Image.open(CASE / "copy" / f"p-000{n}.jpg").convert("L"))


def save(image: Gray, path: Path, dpi: float = DPI, **options: object) -> None:
    Image.fromarray(image).save(path, dpi=(dpi, dpi), **options)


def laid_again(image: Gray, dx: float = 3.3, dy: float = -2.6, turn: float = 0.12, seed: int = 0) -> Gray:
    """The sheet in another pass: elsewhere on the glass, with noise of its own."""
    h, w = image.shape
    to = cv2.getRotationMatrix2D((w / 2, h / 2), turn, 1.0) + np.array([[0, 0, dx], [0, 0, dy]])
    moved = cv2.warpAffine(image, to, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(moved + np.random.default_rng(seed).normal(0, 1.5, moved.shape), 0, 255).astype(np.uint8)


def same_as(inspection: Inspection) -> dict[str, str]:
    pages = record(inspection)["pages"]
    return {p["file"]: p["same_as"] for p in pages if p["same_as"] is not None}


def doubled(inspection: Inspection) -> list[tuple[float | None, tuple[str, ...]]]:
    return [(o.value, o.flags) for o in inspection.observations if o.measure == "pages-duplicated"]


def numbers(inspection: Inspection) -> list[tuple[str, object, object, object]]:
    """What was measured of the copy as a whole, with the number of pages it rests on."""
    return [
        (o.measure, o.where.edge, o.value, o.detail.get("pages"))
        for o in inspection.observations
        if o.where.page is None and o.measure not in ("pages-missing",)
    ]


def test_a_file_copied_is_one_scan_and_its_page_is_asked_for() -> None:
    inspection = inspect(CASE / "copy")
    assert same_as(inspection) == {"p-0001_1.jpg": "p-0001.jpg", "p-0005.jpg": "p-0004.jpg"}
    assert not any(o.where.page in (2, 6) for o in inspection.observations)
    assert doubled(inspection) == [(0.0, ())]
    assert inspection.verdict.outcome is VerdictOutcome.NO_DEFECT
    assert [n.reference_page for n in inspection.not_seen] == [5, 6]
    assert [p.reference_page for p in inspection.pages] == [1, None, 2, 3, 4, None]


def test_what_is_missing_beside_a_copied_file_is_never_certain(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(CASE / "copy", copy)
    (copy / "copy.toml").write_text("schema = 1\n[scan]\ncomplete = true\n")
    inspection = inspect(copy)
    assert inspection.verdict.outcome is not VerdictOutcome.DEFECT
    assert [n.reference_page for n in inspection.not_seen] == [5, 6]


VERSIONS: dict[str, Callable[[Gray, Path], None]] = {
    "the same pixels as PNG": lambda image, path: save(image, path.with_suffix(".png")),
    "a poor JPEG": lambda image, path: save(image, path.with_name(f"{path.stem}_q.jpg"), quality=25),
    "half the size": lambda image, path: (
        Image.fromarray(image)
        .resize((image.shape[1] // 2, image.shape[0] // 2), Image.Resampling.BICUBIC)
        .save(path.with_suffix(".png"), dpi=(DPI / 2, DPI / 2))
    ),
    "one bit": lambda image, path: Image.fromarray(image > 140).save(path.with_suffix(".tif"), dpi=(DPI, DPI)),
    "other tones and name": lambda image, path: save(
        (255 * (image / 255.0) ** 0.7).astype(np.uint8), path.with_name(f"z{path.stem}.jpg"), quality=70
    ),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_one_pass_delivered_in_two_ways_is_one_capture(tmp_path: Path, version: str) -> None:
    copy = copied(tmp_path)
    for n in (1, 2, 3, 4):
        VERSIONS[version](pixels(n), copy / f"p-000{n}.jpg")
    inspection = inspect(copy)
    assert len(same_as(inspection)) == 4
    assert set(same_as(inspection).values()) == {f"p-000{n}.jpg" for n in (1, 2, 3, 4)}
    assert inspection.verdict.outcome is VerdictOutcome.NO_DEFECT
    (tmp_path / "once").mkdir()
    assert numbers(inspection) == numbers(inspect(copied(tmp_path / "once")))


def test_color_stands_for_gray_whatever_comes_first(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    for n in (1, 2, 3, 4):
        Image.fromarray(pixels(n)).convert("RGB").save(copy / f"p-000{n}.png", dpi=(DPI, DPI))
    assert same_as(inspect(copy)) == {f"p-000{n}.jpg": f"p-000{n}.png" for n in (1, 2, 3, 4)}


def test_blank_sides_in_two_formats_are_told_by_their_edges_or_their_names(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    blank = pixels(2).copy()
    blank[60:-60, 60:-60] = np.median(blank[70:-70, 70:-70])
    save(blank, copy / "p-0005.jpg")
    save(np.full_like(blank, 235), copy / "p-0006.jpg")
    for n in range(1, 7):
        Image.open(copy / f"p-000{n}.jpg").save(copy / f"p-000{n}.tif", dpi=(DPI, DPI))
    assert len(same_as(inspect(copy))) == 6


def test_two_passes_are_not_one_capture(tmp_path: Path) -> None:
    first = pixels(3)
    save(first, tmp_path / "one.png")
    for k, how in enumerate([{"dx": 0.3, "dy": 0.2, "turn": 0.0}, {"dx": 0.0, "dy": 0.0, "turn": 0.03}, {}]):
        save(laid_again(first, **how), tmp_path / f"{k}.png")
        assert same_capture(*(ScanFile(tmp_path / n, n) for n in ("one.png", f"{k}.png"))) is False


@pytest.mark.parametrize(("again", "flag"), [((3,), "one-side"), ((3, 4), "maybe-same-sheet")])
def test_a_sheet_fed_again_in_a_short_copy_is_for_a_person(tmp_path: Path, again: tuple[int, ...], flag: str) -> None:
    copy = copied(tmp_path)
    for n in again:
        save(laid_again(pixels(n)), copy / f"p-0004_{n}.jpg", quality=90)
    inspection = inspect(copy)
    assert not same_as(inspection)
    assert doubled(inspection) == [(1.0, (flag,))] * len(again)
    assert inspection.verdict.outcome is VerdictOutcome.NEEDS_REVIEW


# --- print against cut, as drawn in numbers ---------------------------------------------------------------------------

U_MM = {"u_edge": 0.006, "u_registration": 0.006, "u_local": 0.03, "u_system": 0.018}
"""As of a page scanned on a flatbed; passes then differ by 0.01 mm, less than the u of a difference, 0.02."""
ERROR_MM = 0.010


def drawn(
    rng: np.random.Generator,
    jitter: float,
    leaves: int,
    again: dict[int, Sequence[bool]],
    sides: int = 2,
    error: float = ERROR_MM,
) -> tuple[dict[int, Again], list[int]]:
    """A copy of which the leaves `again` (0-based) were seen again, each time as a second print or not."""
    places: list[int] = []
    offsets: list[Observation] = []

    def scan(number: int, at: NDArray[np.float64]) -> None:
        places.append(number)
        for edge, axis, sign in ((Edge.FORE_EDGE, 0, -1), (Edge.HEAD, 1, 1), (Edge.TAIL, 1, -1)):
            value = sign * float(at[axis]) + float(rng.normal(0, error))
            u = float(np.sqrt(sum(v**2 for v in U_MM.values())))
            detail = {**U_MM, "correlation": 0.99}
            offsets.append(Observation("trim-offset", 1, Where(len(places), edge), value, "mm", u, (), detail))

    for leaf in range(leaves):
        where = rng.normal(0, jitter, (2, 2))
        scan(2 * leaf + 1, where[0])
        scan(2 * leaf + 2, where[1])
        for second_print in again.get(leaf, ()):
            here = rng.normal(0, jitter, (2, 2)) if second_print else where
            for side in range(sides):
                scan(2 * leaf + 1 + side, here[side])
    alignment = align(places, [True] * (2 * leaves))
    pages = [
        PageRecord("p", i, Role.PAGE, n, None, PageKind.CONTENT, "", None, 0.0, False) for i, n in enumerate(places)
    ]
    found = seen_again(alignment, pages, offsets, bench_cut=True)
    return found, [places[i - 1] for i in sorted(found)]


def shares(
    jitter: float, second_print: bool, leaves: int = 10, runs: int = 150, error: float = ERROR_MM
) -> Counter[SheetIdentity]:
    rng = np.random.default_rng(17)
    told = Counter[SheetIdentity]()
    for _ in range(runs):
        found, _ = drawn(rng, jitter, leaves, {int(rng.integers(leaves)): [second_print]}, error=error)
        assert len(found) == 2 and len({a.sheet for a in found.values()}) == 1
        told[next(iter(found.values())).sheet] += 1
    return told


@pytest.mark.parametrize("jitter", [0.03, 0.05, 0.08, 0.15, 0.3])
def test_a_sheet_fed_again_is_never_a_second_print_and_mostly_one_sheet(jitter: float) -> None:
    told = shares(jitter, second_print=False)
    assert told[SheetIdentity.OTHER] == 0
    assert jitter < 0.15 or told[SheetIdentity.SAME] >= 0.95 * told.total()


@pytest.mark.parametrize("jitter", [0.02, 0.03, 0.05, 0.08, 0.15, 0.3])
def test_a_second_print_hardly_ever_passes_for_one_sheet(jitter: float) -> None:
    told = shares(jitter, second_print=True)
    assert told[SheetIdentity.SAME] <= 0.05 * told.total()
    assert jitter < 0.15 or (
        told[SheetIdentity.OTHER] >= 0.55 * told.total() and told[SheetIdentity.SAME] <= 0.01 * told.total()
    )


def test_a_scanner_whose_errors_exceed_its_u_makes_nothing_certain() -> None:
    for second_print in (False, True):
        told = shares(0.05, second_print, error=0.15)
        assert told[SheetIdentity.OTHER] == 0 and told[SheetIdentity.SAME] <= 0.02 * told.total()


def test_a_short_copy_a_single_side_and_a_sheet_thrice() -> None:
    rng = np.random.default_rng(3)
    few, _ = drawn(rng, 0.3, 3, {1: [True]})
    assert {a.sheet for a in few.values()} == {SheetIdentity.OPEN}
    side, pages = drawn(rng, 0.3, 10, {4: [False]}, sides=1)
    assert pages == [9] and [(a.sheet, a.both_sides) for a in side.values()] == [(SheetIdentity.OPEN, False)]
    thrice, pages = drawn(rng, 0.3, 10, {4: [False, False]})
    assert pages == [9, 10, 9, 10] and {a.sheet for a in thrice.values()} == {SheetIdentity.SAME}


@pytest.mark.parametrize("second_print", [False, True])
def test_a_whole_copy_fed_twice_and_two_copies_in_one_folder(second_print: bool) -> None:
    rng = np.random.default_rng(5)
    found, pages = drawn(rng, 0.3, 12, {leaf: [second_print] for leaf in range(12)})
    told = Counter(a.sheet for a in found.values())
    assert told[SheetIdentity.OTHER if second_print else SheetIdentity.SAME] >= 0.8 * len(found)
    alignment = align([*range(1, 25), *pages], [True] * 24)
    second = {24 + k: a for k, a in enumerate((found[i] for i in sorted(found)), 1)}
    assert two_copies(alignment, second) is second_print
