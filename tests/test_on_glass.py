"""A mark at the same place of the glass in every scan is the scanner's; one on a single page is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qc.judge.policy import load_policy
from qc.model import Inspection, PageKind
from qc.pipeline import inspect_copy
from qc.reference.find import open_reference
from qc.scan.copy_folder import open_copy
from qc.synthetic import Faults, Kind, Print, Scanner, draw_copy, write_title

TRIM = (88.9, 127.0)
KINDS = [Kind.TEXT, Kind.TEXT, Kind.BLANK, Kind.TEXT, Kind.TEXT, Kind.BLANK, Kind.TEXT, Kind.TEXT]
SCANNER = Scanner(dpi=150.0)
SPECK = replace(SCANNER, specks=((60.0, 70.0, 3.0),))
BLOB = Print(spots=((40.0, 55.0, 3.0),))
LINE = replace(SCANNER, specks=tuple((55.0, float(y), 1.2) for y in np.arange(0, 150, 0.8)))
Inspect = Callable[..., Inspection]


@pytest.fixture(scope="module")
def inspected(tmp_path_factory: pytest.TempPathFactory) -> Inspect:
    root = tmp_path_factory.mktemp("glass")
    title = write_title(root / "title" / "interior.pdf", KINDS, trim_mm=TRIM, seed=4)
    reference = open_reference(title.path, trim=f"{TRIM[0]} x {TRIM[1]} mm", bleed=False)

    def draw_and_inspect(name: str, *, with_reference: bool = True, **how: object) -> Inspection:
        folder: Path = root / name
        if not folder.exists():
            draw_copy(folder, title, seed=3, **how)  # type: ignore[arg-type]
        return inspect_copy(open_copy(folder), reference if with_reference else None, load_policy("kdp"))

    return draw_and_inspect


def marks(inspection: Inspection, kind: PageKind = PageKind.BLANK) -> list[int | None]:
    """Positions of pages of a kind with a blob or a streak."""
    found = [o for o in inspection.observations if o.measure == "print-defect" and o.value]
    pages = [o.where.page for o in found if o.detail["code"] in ("spot", "streak")]
    return [p for p in pages if p and inspection.pages[p - 1].kind is kind]


@pytest.mark.parametrize("scanner", [SPECK, LINE], ids=["speck", "line"])
def test_dirt_on_the_glass_sends_no_page_to_a_person(inspected: Inspect, scanner: Scanner) -> None:
    inspection = inspected(f"dirty-{len(scanner.specks)}", scanner=scanner)
    for page in (3, 6):
        assert inspection.pages[page - 1].kind is PageKind.BLANK
        assert "dirt of the scanner" in inspection.pages[page - 1].reason
    assert not marks(inspection) and not marks(inspection, PageKind.CONTENT)


def test_without_a_reference_it_is_told_as_well(inspected: Inspect) -> None:
    inspection = inspected("dirty-1", with_reference=False, scanner=SPECK)
    assert "dirt of the scanner" in inspection.pages[2].reason and not marks(inspection)


def test_a_blob_on_one_page_stays_its_defect_on_a_dirty_glass(inspected: Inspect) -> None:
    inspection = inspected("blob", scanner=SPECK, faults=Faults(prints={3: BLOB}))
    assert marks(inspection) == [3]
    assert "defect" in inspection.pages[2].reason and "dirt of the scanner" in inspection.pages[5].reason


def test_a_blob_on_every_page_is_the_press_where_the_pages_lie_differently(inspected: Inspect) -> None:
    assert marks(inspected("press", scanner=SCANNER, printed=BLOB)) == [3, 6]


def test_where_all_pages_lie_alike_one_of_them_is_left_to_a_person(inspected: Inspect) -> None:
    inspection = inspected("alike", scanner=SPECK, margin_sd_mm=0.0, skew_sd_deg=0.0)
    assert marks(inspection, PageKind.CONTENT) == [1] and not marks(inspection)
    for page in (3, 6):
        assert "same place of the scan as on p-0001" in inspection.pages[page - 1].reason


def test_blank_pages_that_all_lie_alike_leave_the_first_to_a_person(inspected: Inspect) -> None:
    inspection = inspected("alike", with_reference=False, scanner=SPECK, margin_sd_mm=0.0, skew_sd_deg=0.0)
    assert marks(inspection) == [3]
    assert "same place of the scan as on p-0003" in inspection.pages[5].reason
