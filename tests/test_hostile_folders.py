"""Folders, names and texts of strangers against the command line: a documented exit code and one sentence, in seconds.

Nothing outside is read or written, nothing waits for a pipe, and no text of a stranger acts on a terminal, a page or a table.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from conftest import ISBN, Drawn, Ran, Run
from drawn_pdf import page_of, stream
from PIL import Image

SECONDS = 40
VERDICTS = {0, 10, 11, 12}


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """What waits forever fails."""

    def too_long(*_: object) -> None:
        raise AssertionError(f"not done after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def ended(ran: Ran, *codes: int) -> str:
    """The command ended with one of the codes and said what it had to in sentences; the last of them is returned."""
    assert ran.code in codes, (ran.code, ran.err)
    assert "Traceback" not in ran.err and "Internal error" not in ran.err
    assert "\x1b" not in ran.out + ran.err and "\u202e" not in ran.out + ran.err
    lines = [line for line in ran.err.splitlines() if line.startswith("✗ ")]
    assert all(len(line) < 1200 for line in lines)
    return lines[-1] if lines else ""


def noise(path: Path, dpi: int = 100) -> None:
    """A small page of nothing much."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    page = np.full((500, 400), 250, np.uint8)
    page[60:440, 50:350] = np.where(rng.random((380, 300)) < 0.1, 30, 250)
    Image.fromarray(page).save(path, dpi=(dpi, dpi))


# --- what lies in a folder --------------------------------------------------------------------------------------------


def pipe(path: Path) -> None:
    os.mkfifo(path)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def out_of_the_folder(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def dangling(path: Path) -> None:
    path.symlink_to("nowhere.jpg")


def folder(path: Path) -> None:
    path.mkdir()


def empty(path: Path) -> None:
    path.write_bytes(b"")


ODD = [pipe, loop, out_of_the_folder, device, dangling, empty]


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_page_costs_itself_only(odd, run_qc: Run, tmp_path: Path) -> None:
    copy = tmp_path / "RMA-2"
    noise(copy / "p-1.png")
    odd(copy / "p-2.jpg")
    ran = run_qc("inspect", copy, "--json")
    ended(ran, 12)
    assert [(r["file"], bool(r["why"])) for r in json.loads(ran.out)["verdict"]["rescan"]] == [("p-2.jpg", True)]


@pytest.mark.parametrize("odd", ODD)
def test_odd_pages_alone_are_3(odd, run_qc: Run, tmp_path: Path) -> None:
    (tmp_path / "RMA-2").mkdir()
    odd(tmp_path / "RMA-2" / "p-1.jpg")
    assert "RMA-2" in ended(run_qc("inspect", "RMA-2"), 3)


@pytest.mark.parametrize("odd", [pipe, loop, out_of_the_folder, device, dangling, folder])
def test_an_odd_copy_toml_is_said_and_never_waited_for(odd, run_qc: Run, tmp_path: Path) -> None:
    noise(tmp_path / "RMA-2" / "p-1.png")
    odd(tmp_path / "RMA-2" / "copy.toml")
    assert "copy.toml" in ended(run_qc("inspect", "RMA-2"), 2)


def test_a_night_with_odd_copies_ends(run_qc: Run, tmp_path: Path) -> None:
    for n, odd in enumerate([pipe, loop, out_of_the_folder, device]):
        noise(tmp_path / "inbox" / f"RMA-{n}" / "p-1.png")
        odd(tmp_path / "inbox" / f"RMA-{n}" / "copy.toml")
        (tmp_path / "inbox" / f"RMB-{n}").mkdir()
        odd(tmp_path / "inbox" / f"RMB-{n}" / "p-1.jpg")
    ended(run_qc("batch", "inbox", "--jobs", 1, "--store", "qc.db"), 3)
    rows = list(csv.reader((tmp_path / "qc-out" / "summary.csv").open()))
    assert len(rows) == 9 and all(row[5] in ("2", "3") for row in rows[1:])


@pytest.mark.parametrize("odd", [pipe, loop, device, dangling, empty])
@pytest.mark.parametrize("suffix", ["tif", "pdf", "jpg"])
def test_an_odd_file_as_a_copy(odd, suffix: str, run_qc: Run, tmp_path: Path) -> None:
    odd(tmp_path / f"RMA-2.{suffix}")
    assert "RMA-2" in ended(run_qc("inspect", f"RMA-2.{suffix}"), 2, 3)


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "/proc/self/mem", "", "x" * 300, "a/" * 2100, "~", "-"])
def test_an_odd_path_as_a_copy(path: str, run_qc: Run) -> None:
    ended(run_qc("inspect", path), 2, 3)


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "x" * 300, "a/" * 2100])
@pytest.mark.parametrize("option", ["--reference", "--titles", "--policy", "--scanner", "--out"])
def test_an_odd_path_as_an_option(option: str, path: str, run_qc: Run, tmp_path: Path) -> None:
    noise(tmp_path / "RMA-2" / "p-1.png")
    ended(run_qc("inspect", "RMA-2", option, path), 2, 4, 5)


@pytest.mark.parametrize("option", ["--reference", "--titles", "--policy", "--scanner", "--out"])
def test_a_pipe_as_an_option(option: str, run_qc: Run, tmp_path: Path) -> None:
    noise(tmp_path / "RMA-2" / "p-1.png")
    os.mkfifo(tmp_path / "pipe")
    ended(run_qc("inspect", "RMA-2", option, "pipe"), 2, 4, 5)


@pytest.mark.parametrize("store", ["/dev/null", "/dev/zero", "pipe", "x" * 300, "RMA/qc.db/x"])
def test_an_odd_store(store: str, run_qc: Run, tmp_path: Path) -> None:
    noise(tmp_path / "inbox" / "RMA-2" / "p-1.png")
    (tmp_path / "RMA").mkdir()
    (tmp_path / "RMA" / "qc.db").write_text("no store")
    os.mkfifo(tmp_path / "pipe")
    ended(run_qc("batch", "inbox", "--store", store), 2, 5)
    ended(run_qc("export", "--store", store, "--format", "csv"), 2, 5)
    ended(run_qc("judge", "--store", store), 2, 5)


def test_deep_and_looped_folders(run_qc: Run, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "loop").symlink_to(inbox)
    here = os.open(inbox, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    try:
        assert "no copy" in ended(run_qc("batch", "inbox"), 3)
        noise(inbox / "RMA-2" / "p-1.png")
        ended(run_qc("batch", "inbox", "--jobs", 1), 0)
    finally:
        subprocess.run(["rm", "-rf", inbox / "d"], check=True)


def test_thousands_of_empty_files(run_qc: Run, tmp_path: Path) -> None:
    copy = tmp_path / "RMA-2"
    copy.mkdir()
    for n in range(2000):
        (copy / f"p-{n}.jpg").write_bytes(b"")
    assert "p-0.jpg" in ended(run_qc("inspect", copy), 3)


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/usr/bin/setpriv").exists(), reason="needs another user")
@pytest.mark.parametrize("what", ["folder", "page", "copy.toml", "title"])
def test_what_may_not_be_read(what: str, drawn: Drawn, tmp_path: Path) -> None:
    os.chmod(tmp_path.parent.parent, 0o755)
    os.chmod(tmp_path.parent, 0o755)
    os.chmod(tmp_path, 0o777)
    copy = tmp_path / "inbox" / "RMA-2"
    for n in (1, 2):
        noise(copy / f"p-{n}.png")
    (copy / "copy.toml").write_text(f'isbn = "{ISBN}"\n')
    titles = Path(shutil.copytree(drawn.titles, tmp_path / "titles"))
    closed = {"folder": copy, "page": copy / "p-1.png", "copy.toml": copy / "copy.toml", "title": titles / ISBN}[what]
    closed.chmod(0)
    other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    environment = os.environ | {"HOME": str(tmp_path), "QC_CACHE": str(tmp_path / "cache")}
    for command in (["inspect", copy],):
        arguments = [
            *other,
            sys.executable,
            "-m",
            "qc",
            *map(str, command),
            "--titles",
            str(titles),
            "--out",
            str(tmp_path / "out"),
        ]
        done = subprocess.run(arguments, capture_output=True, text=True, env=environment)
        if "No module named qc" in done.stderr or "Permission denied: '/" in done.stderr:
            pytest.skip("the other user cannot read qc itself")
        code = {"folder": (2, 3), "page": (0, 12), "copy.toml": (2, 3), "title": (0, 12)}[what]
        ended(Ran(done.returncode, done.stdout, done.stderr), *code)
    closed.chmod(0o755)


def test_pages_that_vanish_midway(drawn: Drawn, run_qc: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = drawn.copied_to(tmp_path / "RMA-2")
    for n in range(5, 40):
        shutil.copy(copy / "p-0001.jpg", copy / f"p-{n:04}.jpg")

    def vanish() -> None:
        while not (tmp_path / "qc-out").exists():
            time.sleep(0.01)
        for page in sorted(copy.glob("p-00[1-3]*.jpg")):
            page.unlink(missing_ok=True)

    thread = threading.Thread(target=vanish)
    thread.start()
    ran = run_qc("inspect", copy, "--reference", drawn.title, "--json")
    thread.join()
    ended(ran, *VERDICTS)


def test_a_copy_that_vanishes_before_its_turn(run_qc: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qc.batch import job as command

    noise(tmp_path / "RMA-2" / "p-1.png")
    before = command.jobs_for

    def jobs_for(*args: object, **options: object):
        jobs = before(*args, **options)
        shutil.rmtree(tmp_path / "RMA-2")
        return jobs

    monkeypatch.setattr(command, "jobs_for", jobs_for)
    assert "RMA-2" in ended(run_qc("inspect", "RMA-2"), 2)


# --- names and texts --------------------------------------------------------------------------------------------------

NAMES = [
    "\x1b[2J\x1b]0;owned\x07p.png",
    "‮gnp.exe.png",
    "<img src=x onerror=alert(1)>.png",
    "=cmd|' /C calc'!A1.png",
    "p\n✗ all is well.png",
    "{{7*7}}{% raw %}.png",
    "javascript:alert(1).png",
    "%s%n%00.png",
    "a" * 240 + ".png",
    "\udcff\udcfe.png",
    "[red]x[/red].png",
    "'; DROP TABLE verdicts;--.png",
]
TITLE = "</title><script>alert(1)</script> \u202e =1+1 \x1b[31m {{7*7}} [bold]"


class Tags(HTMLParser):
    """Elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def harmless(page: Path) -> None:
    text = page.read_text("utf-8")
    tags = Tags()
    tags.feed(text)
    assert "\x1b" not in text and "\u202e" not in text and "49" not in text.partition("{{7*7}}")[0][-1:]
    for tag, attributes in tags.seen:
        assert tag != "script" or page.name == "index.html"
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("href", "src"):
            value = attributes.get(name) or ""
            beside = (
                ("RMA", "inbox", "copy", "-", "report-files/", "../index.html", "file:///") if name == "href" else ()
            )
            assert value.startswith(("data:image/", "#", *beside)) or not value, value
    assert sum(tag == "script" for tag, _ in tags.seen) == (1 if page.name == "index.html" else 0)
    assert not [1 for tag, _ in tags.seen if tag in ("iframe", "object", "base", "link", "form")]


def test_names_and_titles_act_on_nothing(run_qc: Run, tmp_path: Path) -> None:
    copy = tmp_path / "inbox" / "RMA-2"
    for name in NAMES:
        noise(copy / os.fsencode(name).decode("utf-8", "surrogateescape"))
    (copy / os.fsdecode(b"q-\xff\x1b[5m.jpg")).write_bytes(b"no scan")
    escaped = TITLE.replace("\x1b", "\\u001b").replace("\u202e", "\\u202e")
    (copy / "copy.toml").write_text(f'title = "{escaped}"\nisbn = "<b>=1+1</b>"\n[reference]\nfile = "<i>x</i>"\n')
    for arguments in (["inspect", copy], ["inspect", copy, "-v"], ["batch", "inbox", "--jobs", 1, "--store", "qc.db"]):
        ended(run_qc(*arguments), 0, 12)
    for page in ("RMA-2/report.html", "index.html"):
        harmless(tmp_path / "qc-out" / page)
    ran = run_qc("export", "--store", "qc.db", "--format", "csv")
    ended(ran, 0)
    tables = [ran.out, (tmp_path / "qc-out" / "summary.csv").read_text()]
    for what in ("observations", "findings", "verdicts"):
        tables.append(run_qc("export", "--store", "qc.db", "--format", "csv", "--what", what).out)
    for table in tables:
        for cell in (cell for row in csv.reader(io.StringIO(table)) for cell in row):
            number = cell.lstrip("-").replace(".", "").replace("e-", "").isdigit()
            assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")), cell
            assert cell.isprintable()
    ended(run_qc("compare", copy, copy, "--out", "compared"), 0, 2, 3)


def test_a_policy_of_a_stranger_acts_on_no_terminal(run_qc: Run, tmp_path: Path) -> None:
    from qc.judge.policy import load_policy

    text = load_policy().toml.replace('id = "kdp"', 'id = "k\\u001b[2Jdp"', 1)
    stranger = r"\\u001b]0;x\\u0007\\u202e</td><script>alert(1)</script>"
    text = re.sub(r'\b(clause|reason|source) = ("""|")', rf"\1 = \2{stranger}", text)
    (tmp_path / "house.toml").write_text(text)
    for arguments in (["show", "house.toml"], ["check", "house.toml"], ["diff", "kdp", "house.toml"]):
        ended(run_qc("policy", *arguments), 0)
    noise(tmp_path / "RMA-2" / "p-1.png")
    ended(run_qc("inspect", "RMA-2", "--policy", "house.toml", "-v"), 12)
    harmless(tmp_path / "qc-out" / "RMA-2" / "report.html")


def test_errors_are_short(run_qc: Run, tmp_path: Path) -> None:
    noise(tmp_path / "RMA-2" / "p-1.png")
    for text in (f"{'k' * 90_000} = 1", f'copy = "{"/" * 90_000}"', f"isbn = [{'1,' * 90_000}]"):
        (tmp_path / "RMA-2" / "copy.toml").write_text(text)
        ended(run_qc("inspect", "RMA-2"), 2)
        (tmp_path / "p.toml").write_text(text)
        ended(run_qc("policy", "check", "p.toml"), 2)


# --- nothing outside --------------------------------------------------------------------------------------------------

OUTSIDE = [
    "../secret",
    "/secret",
    "x/../../secret",
    "..",
    ".",
    "",
    "link",
    "link/",
    "folder-with-link",
    "x\\u0000y",
    "a" * 300,
    "a/" * 2100,
]


@pytest.mark.parametrize("key", ["file", "isbn"])
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_reference_is_never_looked_up_outside(name: str, key: str, drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    secret = Path(shutil.copytree(drawn.title, tmp_path / "secret"))
    titles, copy = tmp_path / "shop" / "titles", tmp_path / "shop" / "inbox" / "RMA-2"
    titles.mkdir(parents=True)
    noise(copy / "p-1.png")
    (titles / "link").symlink_to(secret)
    (titles / "folder-with-link").mkdir()
    (titles / "folder-with-link" / "interior.pdf").symlink_to(secret / "interior.pdf")
    value = name.replace("/secret", str(secret)) if name == "/secret" else name
    (copy / "copy.toml").write_text(f'[reference]\nfile = "{value}"\n' if key == "file" else f'isbn = "{value}"\n')
    ran = run_qc("inspect", copy, "--titles", titles, "--json")
    ended(ran, 2, 12)
    if ran.code == 12:
        assert json.loads(ran.out)["reference"]["kind"] == "none"


def test_a_reference_of_giant_pages_is_4(run_qc: Run, tmp_path: Path) -> None:
    noise(tmp_path / "RMA-2" / "p-1.png")
    (tmp_path / "ordered.pdf").write_bytes(page_of(stream(b"", b""), b"0 0 9 9 re f", b"/MediaBox[0 0 14400 14400]"))
    assert "200 x 200 in" in ended(run_qc("inspect", "RMA-2", "--reference", "ordered.pdf"), 4)


@pytest.mark.parametrize("value", ["../x", "/etc/hostname", "..", "", "a/b", "x\\u0000", "a" * 300])
def test_a_profile_in_copy_toml_is_a_name(value: str, run_qc: Run, tmp_path: Path) -> None:
    noise(tmp_path / "RMA-2" / "p-1.png")
    (tmp_path / "RMA-2" / "copy.toml").write_text(f'[scan]\nscanner = "{value}"\n')
    ended(run_qc("inspect", "RMA-2"), 2, 12)


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "", "x\\u0000", "‮x", "a b"])
def test_an_id_never_leads_out_of_the_results(name: str, run_qc: Run, tmp_path: Path) -> None:
    noise(tmp_path / "RMA-2" / "p-1.png")
    (tmp_path / "RMA-2" / "copy.toml").write_text(f'copy = "{name}"\n')
    ended(run_qc("inspect", "RMA-2", "--out", "results/here"), 2)
    assert not list(tmp_path.rglob("report.html"))


def test_a_device_or_pipe_is_never_replaced_by_a_result(run_qc: Run, tmp_path: Path) -> None:
    noise(tmp_path / "RMA-2" / "p-1.png")
    (tmp_path / "qc-out" / "RMA-2").mkdir(parents=True)
    for name in ("qc-out/RMA-2/report.html", "target.pdf"):
        os.mkfifo(tmp_path / name)
    ended(run_qc("inspect", "RMA-2"), 5)
    ended(run_qc("calibrate", "target", "--out", "target.pdf"), 5)
    assert (tmp_path / "qc-out/RMA-2/report.html").is_fifo() and (tmp_path / "target.pdf").is_fifo()


def test_an_id_of_any_length_ends_in_a_sentence(run_qc: Run, tmp_path: Path) -> None:
    noise(tmp_path / "RMA-2" / "p-1.png")
    (tmp_path / "RMA-2" / "copy.toml").write_text(f'copy = "{"a" * 300}"\n')
    ended(run_qc("inspect", "RMA-2"), 2, 5)
