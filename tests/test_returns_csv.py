"""returns.csv beside the copies: what it states, how it is refused, and what wins over it."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from conftest import ISBN, Drawn, Run
from hypothesis import given, settings
from hypothesis import strategies as st

from qc.batch.fingerprint import fingerprint
from qc.batch.job import Job, jobs_for
from qc.batch.store import Store
from qc.errors import UsageError
from qc.geometry import Direction
from qc.judge.policy import load_policy
from qc.scan.copy_folder import copies_passed_over, find_copies, open_copy
from qc.scan.returns_csv import COLUMNS, NAME, not_used, returns_in
from qc.scan.statements import statements_of

ALL = {
    "copy": "RMA-1",
    "isbn": ISBN,
    "title": 'The "Long" Field, 2nd',
    "pages_expected": "24",
    "reason": "defective",
    "ordered_isbn": ISBN,
    "received_on": "2026-10-01",
    "notified_on": "2026-10-02",
    "claimed_on": "2026-10-12",
    "content_updated_on": "2026-09-20",
    "printed_on": "2026-09-14",
    "scanner": "flatbed-a3",
    "dpi": "300",
    "backing": "grey",
    "bound": "TRUE",
    "complete": "false",
    "first_page": "3",
    "spine": "printer",
    "cover": "closed",
    "file": "9780000000002",
    "trim": "6 x 9 in",
    "bleed": "true",
    "direction": "rtl",
}


def csv(folder: Path, text: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAME).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def copy(folder: Path, toml: str = "") -> Path:
    """A folder with one file that bears the name of a scan."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "p1.jpg").write_bytes(b"")
    if toml:
        (folder / "copy.toml").write_text(toml)
    return folder


def quoted(cells: list[str], delimiter: str) -> str:
    return delimiter.join('"' + c.replace('"', '""') + '"' for c in cells)


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_every_column_arrives(delimiter: str, start: str, tmp_path: Path) -> None:
    assert list(ALL) == list(COLUMNS)
    lines = [quoted(list(ALL), delimiter), quoted(list(ALL.values()), delimiter), delimiter * 22, "", ""]
    csv(tmp_path, start + "\r\n".join(lines))
    found = open_copy(copy(tmp_path / "RMA-1"))
    assert (found.isbn, found.title, found.pages_expected) == (ISBN, 'The "Long" Field, 2nd', 24)
    claim = found.claim
    assert (claim.reason, claim.ordered_isbn, claim.received_on) == ("defective", ISBN, date(2026, 10, 1))
    assert (claim.notified_on, claim.claimed_on) == (date(2026, 10, 2), date(2026, 10, 12))
    assert (claim.content_updated_on, claim.printed_on) == (date(2026, 9, 20), date(2026, 9, 14))
    scan = found.scan
    assert (scan.scanner, scan.dpi, scan.backing, scan.bound) == ("flatbed-a3", 300.0, "gray", True)
    assert (scan.complete, scan.first_page, scan.spine, scan.cover) == (False, 3, "printer", "closed")
    reference = found.reference
    assert (reference.file, reference.trim, reference.bleed) == (ISBN, "6 x 9 in", True)
    assert reference.direction is Direction.RTL


def test_copy_toml_wins_key_by_key_and_the_usual_scanner_comes_last(tmp_path: Path) -> None:
    csv(tmp_path, "copy,isbn,reason,dpi,scanner\nRMA-1,111,damaged,200,\nRMA-2,222,,,glass-2\n")
    one = statements_of(copy(tmp_path / "a", 'copy = "RMA-1"\nisbn = "333"\n[scan]\nbacking = "black"'), "usual")
    assert (one.isbn, one.claim.reason, one.scan.dpi, one.scan.backing) == ("333", "damaged", 200.0, "black")
    assert one.scan.scanner == "usual"
    assert statements_of(copy(tmp_path / "RMA-2"), "usual").scan.scanner == "glass-2"
    assert statements_of(copy(tmp_path / "RMA-3"), "usual").scan.scanner == "usual"


def test_it_states_facts_of_a_file_of_scans_too(tmp_path: Path) -> None:
    (tmp_path / "RMA-1.tif").write_bytes(b"")
    csv(tmp_path, "sep=;\r\ncopy;isbn\r\nRMA-1;9780000000002\r\n")
    assert statements_of(tmp_path / "RMA-1.tif").isbn == ISBN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("copy,isbn\nRMA-1,1\n\nRMA-1,2\n", "row 4: RMA-1 stands in row 2, too"),
        ("copy;received_on\nRMA-1;01.10.2026\n", "row 2: received_on is '01.10.2026'; write a date like 2026-10-01"),
        ("copy,received_on\nRMA-1,20261001\n", "write a date like"),
        ("copy,received_on\nRMA-1,2026-02-30\n", "there is no such day"),
        ("copy,isbn\nRMA-0,1\nRMA-1,9.78E+12\n", "row 3: isbn is '9.78E+12'; a spreadsheet has cut its digits"),
        ('copy;ordered_isbn\nRMA-1;"9,78E+12"\n', "row 2: ordered_isbn is '9,78E+12'"),
        ("copy,reason\nRMA-1,defect\n", "row 2: reason is 'defect'; write one of defective"),
        ("copy,bound\nRMA-1,maybe\n", "write true or false"),
        ("copy,pages_expected\nRMA-1,24.0\n", "write a whole number"),
        ("copy,dpi\nRMA-1,fine\n", "write a number"),
        ("copy,dpi\nRMA-1,nan\n", "dots per inch"),
        ("copy,scanner\nRMA-1,../../x\n", "write the name of a scanner profile"),
        ("copy,isbn\nRMA 1,1\n", "an id consists of"),
        ("copy,isbn\n,1\n", "row 2: it names no copy"),
        ("isbn,title\n1,x\n", "row 1: there is no column 'copy'"),
        ("", "there is no column 'copy'"),
        ("copy,isbn,isbn\nRMA-1,1,2\n", "the column 'isbn' stands there twice"),
        ("copy,title\nRMA-1,Field, Long\n", "row 2: it has more cells than the header"),
        ("copy,title\nRMA-1,a\0b\n", "row 2: it has a NUL byte"),
        ('copy,title\nRMA-1,"open\n', "it is no CSV"),
        (b"copy,title\nRMA-1,B\xfccher\n", "is not UTF-8"),
        ("copy,isbn\nRMA-1,1\n".encode("utf-16"), "is not UTF-8"),
    ],
)
def test_what_is_wrong_is_said_with_its_row(text: str | bytes, said: str, tmp_path: Path) -> None:
    csv(tmp_path, text)
    with pytest.raises(UsageError) as fault:
        returns_in(tmp_path)
    assert str(fault.value).startswith(str(tmp_path / NAME)) and said in str(fault.value)


def test_a_wrong_one_is_2_before_anything_is_inspected(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    inbox = csv(tmp_path / "inbox", "copy,received_on\nRMA-2,soon\n")
    drawn.copied_to(inbox / "RMA-1")
    for command in (["batch", inbox], ["plan", inbox], ["inspect", inbox / "RMA-1"]):
        ran = run_qc(*command)
        assert (ran.code, ran.out) == (2, "")
        assert "row 2: received_on" in ran.err


def test_a_link_to_elsewhere_is_not_read(tmp_path: Path) -> None:
    csv(tmp_path / "other", "copy\nRMA-1\n")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / NAME).symlink_to(tmp_path / "other" / NAME)
    with pytest.raises(UsageError, match="link to a place outside"):
        returns_in(tmp_path / "inbox")


def test_a_lost_copy_needs_no_folder_and_any_other_without_one_is_named(tmp_path: Path) -> None:
    csv(tmp_path, "copy,reason,notified_on\nRMA-1,,\nRMA-2,lost,2026-10-02\nRMA-3,defective,\nRMA-4,lost,\n")
    copy(tmp_path / "RMA-1")
    (tmp_path / "RMA-4").mkdir()
    assert [p.name for p in find_copies(tmp_path)] == ["RMA-1", "RMA-2", "RMA-4"]
    lost = open_copy(tmp_path / "RMA-2")
    assert (lost.scans, lost.claim.notified_on) == ((), date(2026, 10, 2))
    assert copies_passed_over(tmp_path) == {}
    said = f"row 4 of {tmp_path / NAME} names it, and there are no scans of it"
    assert not_used([tmp_path, tmp_path], {"RMA-1", "RMA-2", "RMA-4"}) == {"RMA-3": said}
    with pytest.raises(UsageError, match="does not exist"):
        open_copy(tmp_path / "RMA-3")


def test_a_lost_row_is_12_and_eligible_in_a_batch_and_alone(run_qc: Run, tmp_path: Path) -> None:
    inbox = csv(tmp_path / "inbox", "copy,reason,notified_on,claimed_on,shelf\nRMA-2,lost,2026-10-02,2026-10-12,7\n")
    ran = run_qc("batch", inbox)
    assert ran.code == 0
    assert ran.err.count("shelf") == 1
    assert "RMA-2,insufficient-evidence,eligible" in (tmp_path / "qc-out" / "summary.csv").read_text()
    assert run_qc("inspect", inbox / "RMA-2").code == 12
    assert run_qc("plan", inbox / "RMA-2").code == 0


def test_only_the_row_of_a_copy_counts_for_its_key(tmp_path: Path) -> None:
    copy(tmp_path / "RMA-1")
    job = Job(tmp_path / "RMA-1", "RMA-1", tmp_path / "out", load_policy())

    def key(text: str) -> str:
        csv(tmp_path, text)
        with Store(tmp_path / "qc.db", create=True) as store:
            return fingerprint(job, store)

    first = key("copy,isbn\nRMA-1,111\n")
    assert key("shelf;copy;isbn;title\n7;RMA-9;999;x\n8;RMA-1;111;\n") == first
    assert key("copy,isbn\nRMA-1,112\n") != first
    assert key("copy,isbn\nRMA-9,111\n") != first


def test_the_book_is_looked_up_by_what_is_ordered_where_no_isbn_is_stated(drawn: Drawn, tmp_path: Path) -> None:
    from qc.inputs import open_with

    csv(tmp_path, f"copy,ordered_isbn\nRMA-1,978-0-00-000000-2\nRMA-2,{ISBN}\n")
    found = open_with(Path(shutil.copytree(drawn.copy, tmp_path / "RMA-1", ignore=_no_toml)), titles=drawn.titles)
    assert found.reference is not None and found.copy.isbn is None
    # What the command line states is believed over it, and a file that is named over both.
    assert open_with(tmp_path / "RMA-1", titles=drawn.titles, isbn="9791111111111").reference is None
    (tmp_path / "RMA-1" / "copy.toml").write_text(f'[reference]\nfile = "{ISBN}"')
    assert open_with(tmp_path / "RMA-1", titles=drawn.titles, isbn="9791111111111").reference is not None


def test_jobs_carry_what_the_command_line_states(drawn: Drawn, tmp_path: Path) -> None:
    (job,) = jobs_for([drawn.copy], tmp_path, load_policy(), titles=drawn.titles, isbn="1")
    assert job.isbn == "1"


def _no_toml(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "copy.toml"]


@settings(max_examples=200)
@given(
    text=st.one_of(
        st.binary(max_size=300),
        st.text(st.sampled_from('copyisbn,;"\r\n\0 1RMA-=+é\ufeff'), max_size=200).map(str.encode),
        st.lists(st.lists(st.text(max_size=12), max_size=5), max_size=6).map(
            lambda rows: "\n".join(["copy,isbn,received_on,dpi", *map(",".join, rows)]).encode()
        ),
    )
)
def test_whatever_stands_in_it_is_read_or_said(text: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = csv(tmp_path_factory.mktemp("csv"), text)
    try:
        found = returns_in(folder)
    except UsageError as fault:
        assert NAME in str(fault)
    else:
        assert all(name == row.tables["copy"] and row.number > 1 for name, row in found.rows.items())
