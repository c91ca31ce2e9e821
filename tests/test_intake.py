from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from qc.errors import ScanError, UsageError
from qc.model import Role
from qc.scan.copy_folder import find_copies, open_copy
from qc.scan.file_roles import role_of
from qc.scan.image_file import read_pixels

PIXELS = Image.fromarray(np.full((6, 4), 200, np.uint8))


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        PIXELS.save(folder / name)
    return folder


def put_pdf(path: Path, pages: int = 2) -> Path:
    canvas = Canvas(str(path), pagesize=(72, 72))
    for _ in range(pages):
        canvas.rect(10, 10, 20, 20)
        canvas.showPage()
    canvas.save()
    return path


def put_tiff(path: Path, frames: int = 3) -> Path:
    PIXELS.save(path, save_all=True, append_images=[PIXELS] * (frames - 1))
    return path


def toml(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "copy.toml").write_text(text)
    return folder


def names(path: Path) -> list[str]:
    return [scan.name for scan in open_copy(path).scans]


# --- order and roles ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ordered",
    [
        ["out1.png", "out2.png", "out10.png"],
        ["Scan.png", "Scan (2).png", "Scan (10).png"],
        ["IMG_001.jpg", "IMG_001(1).jpg", "IMG_002.jpg"],
        ["img009.jpg", "img010.jpg", "img1000.jpg"],
        ["p1.png", "p01a.png", "p002.png"],
        ["page-1.png", "Page-2.png", "page-10.png"],
        ["scan.1.png", "scan.2.png", "scan.11.png"],
        ["docs0001Fron.png", "docs0001Back.png", "docs0002Fron.png", "docs0002Back.png"],
        ["d1_front.png", "d1_back.png", "d2_front.png", "d2_back.png"],
        ["cover-front.jpg", "p-0001.jpg", "p-0002.jpg", "cover-back.jpg", "spine.jpg", "target.png"],
        ["cover-wrap.jpg", "a.jpg", "b.jpg"],
        ["AAA01011450000_00001.jpg", "AAA01011450000_00002.jpg", "AAA01011450000_00010.jpg"],
    ],
)
def test_natural_reading_order(tmp_path, ordered):
    assert names(put(tmp_path / "c", *reversed(ordered))) == ordered


def test_composed_and_decomposed_names_sort_alike(tmp_path):
    put(tmp_path / "c", "Bu\u0308ch 2.png", "B\u00fcch 1.png", "B\u00fcch 10.png")
    assert [n[-6:-4] for n in names(tmp_path / "c")] == [" 1", " 2", "10"]


@pytest.mark.parametrize(
    "name, role",
    [
        ("cover-front.jpg", Role.COVER_FRONT),
        ("front-cover.tif", Role.COVER_FRONT),
        ("Cover Front.PNG", Role.COVER_FRONT),
        ("cover.jpg", Role.COVER_FRONT),
        ("cover_back.jpg", Role.COVER_BACK),
        ("RMA-10482_COVER_BACK_300.jpg", Role.COVER_BACK),
        ("cover-wrap.pdf", Role.COVER_WRAP),
        ("cover-spine.jpg", Role.SPINE),
        ("spine.jpg", Role.SPINE),
        ("target.tif", Role.TARGET),
        ("frontispiece.jpg", Role.PAGE),
        ("spineless.jpg", Role.PAGE),
        ("discover-front.jpg", Role.PAGE),
        ("coverage.jpg", Role.PAGE),
        ("docs0001Back.tif", Role.PAGE),
        ("back.jpg", Role.PAGE),
        ("p-0001.jpg", Role.PAGE),
    ],
)
def test_roles_by_whole_words(name, role):
    assert role_of(name) is role


def test_pages_are_the_scans_without_the_rest(tmp_path):
    copy = open_copy(put(tmp_path / "RMA-10482", "p-0001.jpg", "p-0002.jpg", "cover-front.jpg", "spine.jpg"))
    assert copy.id == "RMA-10482"
    assert [s.name for s in copy.pages] == ["p-0001.jpg", "p-0002.jpg"]


# --- what is taken --------------------------------------------------------------------------------------------------


def test_what_is_no_image_is_ignored(tmp_path):
    folder = put(tmp_path / "c", "p1.jpg", ".p0.jpg", "._p1.jpg", "~p2.jpg")
    other = (
        "notes.txt list.csv a.json r.html READY Thumbs.db desktop.ini p3.jpg.part p4.tif.tmp p5.jpg.crdownload x.toml"
    )
    for name in other.split():
        (folder / name).write_bytes(b"x")
    put(folder / "older", "p9.jpg")
    (folder / "folder.jpg").mkdir()
    assert names(folder) == ["p1.jpg"]


@pytest.mark.parametrize("name", ["p2.jpg", "p2.tif", "p2.pdf", "p2.heic", "p2.jp2"])
def test_a_file_that_cannot_be_read_keeps_its_position(tmp_path, name):
    folder = put(tmp_path / "c", "p1.jpg", "p3.jpg")
    (folder / name).write_bytes(b"not an image")
    copy = open_copy(folder)
    assert [s.name for s in copy.pages] == ["p1.jpg", name, "p3.jpg"]
    with pytest.raises(ScanError, match=rf"^{name} .*supported format: export it as TIFF, JPEG, PNG or PDF"):
        read_pixels(copy.pages[1])


def test_frames_of_a_file_within_a_folder(tmp_path):
    folder = put(tmp_path / "c", "p1.jpg", "p3.jpg")
    put_tiff(folder / "p2.tif", 3)
    put_pdf(folder / "p4.pdf", 2)
    scans = open_copy(folder).scans
    assert [(s.name, s.frame) for s in scans] == [
        ("p1.jpg", 0),
        ("p2.tif", 0),
        ("p2.tif", 1),
        ("p2.tif", 2),
        ("p3.jpg", 0),
        ("p4.pdf", 0),
        ("p4.pdf", 1),
    ]


@pytest.mark.parametrize("put_file, name", [(put_tiff, "RMA-10483.tif"), (put_pdf, "RMA 10483.PDF")])
def test_a_file_is_a_copy(tmp_path, put_file, name):
    copy = open_copy(put_file(tmp_path / name, 4))
    assert copy.id == "RMA-10483"
    assert [(s.name, s.frame, s.role) for s in copy.scans] == [(name, frame, Role.PAGE) for frame in range(4)]


def test_link_out_of_the_folder_is_an_unreadable_page(tmp_path):
    put(tmp_path / "elsewhere", "secret.png")
    folder = put(tmp_path / "c", "p1.png", "p3.png")
    (folder / "p2.png").symlink_to(tmp_path / "elsewhere" / "secret.png")
    (folder / "p4.png").symlink_to(folder / "p1.png")
    copy = open_copy(folder)
    assert [s.name for s in copy.scans] == ["p1.png", "p2.png", "p3.png", "p4.png"]
    with pytest.raises(ScanError, match=r"^p2\.png is a link to a place outside"):
        read_pixels(copy.scans[1])
    assert read_pixels(copy.scans[3]).shape == (6, 4)


def test_nothing_there(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        open_copy(tmp_path / "gone")
    with pytest.raises(UsageError, match="neither TIFF nor PDF"):
        open_copy(put(tmp_path, "p1.jpg") / "p1.jpg")
    with pytest.raises(ScanError, match="holds no scans"):
        open_copy(toml(tmp_path / "empty", "schema = 1"))
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(ScanError, match=r"^broken\.pdf "):
        open_copy(tmp_path / "broken.pdf")


def test_a_lost_copy_needs_no_scans(tmp_path):
    copy = open_copy(toml(tmp_path / "RMA-1", '[claim]\nreason = "lost"\nnotified_on = 2026-10-02'))
    assert copy.scans == () and copy.claim.notified_on == date(2026, 10, 2)


@pytest.mark.parametrize(
    "folder, expected",
    [("RMA-10482", "RMA-10482"), ("RMA 10482 (2)", "RMA-10482-2-"), ("..hidden", "hidden"), ("B\u00fcch", "B-ch")],
)
def test_id_from_the_folder_name(tmp_path, folder, expected):
    assert open_copy(put(tmp_path / folder, "p.png")).id == expected


def test_id_of_the_folder_one_is_in(tmp_path, monkeypatch):
    monkeypatch.chdir(put(tmp_path / "RMA-7", "p.png"))
    assert open_copy(Path()).id == "RMA-7"


# --- copy.toml ------------------------------------------------------------------------------------------------------

FULL = """
schema = 1
copy = "RMA-10482"
isbn = "9780000000002"
title = "The Long Field"
pages_expected = 24
[claim]
reason = "defective"
ordered_isbn = "9780000000002"
received_on = 2026-10-01
notified_on = 2026-10-02
claimed_on = 2026-10-12
content_updated_on = 2026-09-20
printed_on = 2026-09-14
[scan]
scanner = "flatbed-a3"
dpi = 300
backing = "grey"
bound = true
complete = true
first_page = 3
spine = "printer"
cover = "closed"
[reference]
file = "9780000000002"
trim = "6 x 9 in"
bleed = false
"""


def test_every_key_arrives(tmp_path):
    copy = open_copy(toml(put(tmp_path / "other name", "p.png"), FULL))
    assert (copy.id, copy.isbn, copy.title, copy.pages_expected) == (
        "RMA-10482",
        "9780000000002",
        "The Long Field",
        24,
    )
    assert copy.claim.reason == "defective" and copy.claim.ordered_isbn == "9780000000002"
    assert copy.claim.received_on == date(2026, 10, 1) and copy.claim.claimed_on == date(2026, 10, 12)
    assert copy.claim.content_updated_on == date(2026, 9, 20) and copy.claim.printed_on == date(2026, 9, 14)
    scan = copy.scan
    assert (scan.scanner, scan.dpi, scan.backing, scan.bound) == ("flatbed-a3", 300.0, "gray", True)
    assert (scan.complete, scan.first_page, scan.spine, scan.cover) == (True, 3, "printer", "closed")
    assert (copy.reference.file, copy.reference.trim, copy.reference.bleed) == ("9780000000002", "6 x 9 in", False)


def test_defaults_without_a_file(tmp_path):
    copy = open_copy(put(tmp_path / "c", "p.png"))
    assert (copy.isbn, copy.claim.reason, copy.scan.backing, copy.scan.first_page) == (None, None, "auto", 1)
    assert (copy.scan.bound, copy.scan.complete, copy.scan.spine, copy.scan.dpi) == (False, False, "bench", None)
    assert copy.scan.cover == "auto"


@pytest.mark.parametrize(
    "text, parts",
    [
        ('isnb = "9780000000002"', ["isnb", "did you mean 'isbn'?"]),
        ('zzz = "1"', ["zzz", "Allowed are schema, copy"]),
        ("[scan]\nfirst_pgae = 2", ["[scan]: unknown key 'first_pgae'", "'first_page'"]),
        ('[claim]\nbacking = "gray"', ["[claim]: unknown key 'backing'", "Allowed are reason"]),
        ("schema = 2", ["schema is 2", "the only schema is 1"]),
        ("schema = true", ["schema"]),
        ("isbn = 9780000000002", ["isbn is 9780000000002", "text in quotes"]),
        ('title = " "', ["title"]),
        ('copy = ".hidden"', ["copy", "does not begin with a dot"]),
        ('copy = "a/b"', ["copy"]),
        ('copy = "a\\n"', ["copy"]),
        ('copy = ""', ["copy"]),
        ("pages_expected = 0", ["pages_expected", "1 or more"]),
        ("pages_expected = 24.0", ["pages_expected"]),
        ("[scan]\nfirst_page = 0", ["first_page", "1 or more"]),
        ("[scan]\ndpi = 0", ["dpi", "greater than 0"]),
        ("[scan]\ndpi = nan", ["dpi"]),
        ("[scan]\ndpi = inf", ["dpi"]),
        ('[scan]\ndpi = "300"', ["dpi"]),
        ("[scan]\ndpi = true", ["dpi"]),
        ('[scan]\nbacking = "blck"', ["backing is 'blck'", "did you mean 'black'?"]),
        ("[scan]\nbacking = 3", ["backing"]),
        ('[scan]\nspine = "mill"', ["spine", "bench, printer"]),
        ('[scan]\ncover = "flat"', ["cover", "auto, closed, off"]),
        ('[scan]\nbound = "false"', ["bound", "true or false"]),
        ("[scan]\ncomplete = 1", ["complete"]),
        ('[claim]\nreason = "defect"', ["reason", "did you mean 'defective'?"]),
        ('[claim]\nreceived_on = "2026-10-01"', ["received_on", "2026-10-01, without quotes"]),
        ("[claim]\nreceived_on = 2026-10-01T08:00:00", ["received_on", "without a time"]),
        ('[reference]\ntrim = "6 by 9"', ["trim", "6 x 9 in"]),
        ("scan = 300", ["scan", "it is a table"]),
        ("[[claim]]\n", ["claim", "it is a table"]),
        ("isbn = \nx = 1", ["no valid TOML", "line 1"]),
        ("x = " + "[" * 5000, ["no valid TOML"]),
        ("# " + "x" * 1_000_001, ["larger than"]),
    ],
)
def test_wrong_copy_toml(tmp_path, text, parts):
    folder = toml(put(tmp_path / "c", "p.png"), text)
    with pytest.raises(UsageError) as caught:
        open_copy(folder)
    message = str(caught.value)
    assert message.startswith(str(folder / "copy.toml")) and len(message) < 600
    for part in parts:
        assert part in message


def test_encodings_of_copy_toml(tmp_path):
    folder = put(tmp_path / "c", "p.png")
    (folder / "copy.toml").write_bytes('\ufefftitle = "Das weite Feld"\r\n'.encode())
    assert open_copy(folder).title == "Das weite Feld"
    (folder / "copy.toml").write_bytes('title = "B\xfccher"'.encode("latin-1"))
    with pytest.raises(UsageError, match="not UTF-8"):
        open_copy(folder)


def test_copy_toml_is_not_read_from_elsewhere(tmp_path):
    (tmp_path / "other.toml").write_text('title = "secret"')
    folder = put(tmp_path / "c", "p.png")
    (folder / "copy.toml").symlink_to(tmp_path / "other.toml")
    with pytest.raises(UsageError, match="link to a place outside"):
        open_copy(folder)


# --- an inbox -------------------------------------------------------------------------------------------------------


def test_copies_of_an_inbox(tmp_path):
    inbox = tmp_path / "inbox"
    put(inbox / "RMA-10", "p1.jpg")
    put(inbox / "RMA-9", "p1.jpg")
    put(inbox / "week 2" / "monday" / "RMA-1", "p1.png")
    put_tiff(inbox / "RMA-11.tif")
    put_pdf(inbox / "RMA-12.pdf", 1)
    (inbox / "manifest.csv").write_text("copy")
    (inbox / "empty").mkdir()
    toml(inbox / "unclear", "schema = 1")
    toml(inbox / "RMA-13", '[claim]\nreason = "lost"')
    put(inbox / ".trash", "p1.jpg")
    put(inbox / "qc-out" / "RMA-9", "p1.jpg")
    (inbox / "titles" / "978").mkdir(parents=True)
    put_pdf(inbox / "titles" / "978" / "interior.pdf")
    put(inbox / "titles" / "979", "p1.jpg")
    put(tmp_path / "elsewhere", "p1.jpg")
    (inbox / "link").symlink_to(tmp_path / "elsewhere")
    put_tiff(tmp_path / "outside.tif")
    (inbox / "RMA-14.tif").symlink_to(tmp_path / "outside.tif")
    found = find_copies(inbox, skip=inbox / "qc-out")
    assert [p.relative_to(inbox).as_posix() for p in found] == [
        "RMA-9",
        "RMA-10",
        "RMA-11.tif",
        "RMA-12.pdf",
        "RMA-13",
        "week 2/monday/RMA-1",
    ]


def test_a_folder_named_titles_without_references_is_searched(tmp_path):
    put(tmp_path / "titles" / "RMA-1", "p1.jpg")
    assert find_copies(tmp_path) == [tmp_path / "titles" / "RMA-1"]


def test_a_damaged_copy_in_the_inbox_is_not_passed_over(tmp_path):
    (tmp_path / "RMA-1.tif").write_bytes(b"")
    (tmp_path / "RMA-2.pdf").write_bytes(b"%PDF-1.4")
    put_tiff(tmp_path / "RMA-3.tif")
    assert [p.name for p in find_copies(tmp_path)] == ["RMA-1.tif", "RMA-2.pdf", "RMA-3.tif"]


def test_a_folder_of_pages_is_a_copy_itself(tmp_path):
    put(tmp_path / "RMA-1", "p1.tif", "p2.tif", "p3.jpg")
    put_pdf(tmp_path / "RMA-1" / "cover-wrap.pdf", 1)
    assert find_copies(tmp_path / "RMA-1") == [tmp_path / "RMA-1"]


def test_inbox_that_is_missing(tmp_path):
    with pytest.raises(UsageError, match="is no folder"):
        find_copies(tmp_path / "gone")
    assert find_copies(tmp_path) == []
