"""A hot folder: what is complete is inspected once, what is not is waited for, and a kill loses nothing."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import night_study
import numpy as np
import pytest
import tifffile
from conftest import ISBN, Drawn, Run
from PIL import Image

from qc.batch.hot_folder import PATIENCE, HotFolder
from qc.batch.job import Job
from qc.batch.store import Store
from qc.judge.policy import load_policy
from qc.scan.unfinished import ends_early, is_temporary

QUIET_S = 10.0


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["a.jpg", "a.png", "a.pdf", "plain.tif", "lzw.tif", "big.tif", "tiles.tif", "pages.tif"]
)
def test_a_file_that_is_cut_anywhere_ends_early(name: str, tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (60, 50, 3), np.uint8)
    picture, path, cut = Image.fromarray(pixels), tmp_path / name, tmp_path / f"cut-{name}"
    match name:
        case "lzw.tif":
            picture.save(path, compression="tiff_lzw")
        case "big.tif":
            tifffile.imwrite(path, pixels, photometric="rgb", bigtiff=True, compression="zlib")
        case "tiles.tif":
            tifffile.imwrite(path, pixels, photometric="rgb", byteorder=">", tile=(32, 32))
        case "pages.tif":
            picture.save(path, save_all=True, append_images=[picture, picture], compression="tiff_deflate")
        case _:
            picture.save(path)
    whole = path.read_bytes()
    assert not ends_early(path)
    # a TIFF may end in a byte that only makes its length even
    for size in [*range(0, len(whole) - 8, 97), len(whole) - 8]:
        cut.write_bytes(whole[:size])
        assert ends_early(cut), f"{size} of {len(whole)} bytes"
    cut.write_bytes(bytes(len(whole)))
    assert ends_early(cut)


def test_a_damaged_tiff_is_told_without_end(tmp_path: Path) -> None:
    """A directory that names itself as the next, and one of 65,535 entries."""
    path = tmp_path / "a.tif"
    entry = b"\0\1\3\0\1\0\0\0\1\0\0\0"
    path.write_bytes(b"II*\0\10\0\0\0" + b"\1\0" + entry + b"\10\0\0\0")
    assert not ends_early(path)
    path.write_bytes(b"II*\0\10\0\0\0" + b"\xff\xff" + entry + b"\10\0\0\0")
    assert ends_early(path)


@pytest.mark.parametrize(
    ("name", "temporary"),
    [("p-1.jpg.part", True), ("p-1.tmp", True), ("~p-1.jpg", True), ("p-1.jpg~", True), (".p-1.jpg.Xa81Qw", True),
     ("p-1.jpg", False), (".DS_Store", False), ("._p-1.jpg", False), ("Thumbs.db", False), ("READY", False)],
)  # fmt: skip
def test_names_of_files_that_are_copied(name: str, temporary: bool) -> None:
    assert is_temporary(name) is temporary


# --- when a copy is complete ------------------------------------------------------------------------------------------


class Looks:
    """A hot folder of one copy, looked at as time is moved."""

    def __init__(self, drawn: Drawn, folder: Path, marker: str | None = None) -> None:
        self.copy = drawn.copied_to(folder / "RMA-1")
        self.titles = folder / "titles"
        self.job = Job(self.copy, "RMA-1", folder / "out", load_policy(), titles=self.titles)
        self.now, self.said = 0.0, list[str]()
        self.hot = HotFolder(QUIET_S, marker, self.said.append, lambda: self.now)

    def after(self, seconds: float, *more: Job) -> list[str]:
        """Ids of the copies that are complete after so long."""
        self.now += seconds
        return [job.id for job in self.hot.complete([self.job, *more])]

    def stays(self) -> bool:
        """Whether the copy stayed as it was; it is dealt with."""
        stays = self.hot.stays(self.job)
        self.hot.leave(self.job)
        return stays


@pytest.fixture
def looks(drawn: Drawn, tmp_path: Path) -> Looks:
    return Looks(drawn, tmp_path)


def test_a_copy_is_given_once_when_it_is_quiet_and_again_when_it_changed(looks: Looks) -> None:
    assert looks.after(0) == looks.after(QUIET_S - 1) == [] and not looks.hot.at_rest
    assert looks.after(1) == ["RMA-1"]
    assert not looks.hot.at_rest and looks.after(50) == []
    assert looks.stays() and looks.hot.at_rest
    assert looks.after(50) == []
    (looks.copy / "p-0001.jpg").touch()
    assert looks.after(50) == [] and looks.after(9) == [] and looks.after(1) == ["RMA-1"]


def test_what_changes_while_it_is_inspected_is_given_again(looks: Looks) -> None:
    looks.after(0)
    assert looks.after(QUIET_S) == ["RMA-1"]
    with (looks.copy / "copy.toml").open("a") as file:
        file.write('title = "Another"\n')
    assert looks.after(2 * QUIET_S) == looks.after(2 * QUIET_S) == []
    assert not looks.stays()
    assert looks.after(QUIET_S) == ["RMA-1"] and looks.stays()


@pytest.mark.parametrize(
    "what", ["another page", "a title", "returns.csv", "a page less", "an older page of the same size"]
)
def test_each_thing_that_an_inspection_reads_counts(what: str, looks: Looks, drawn: Drawn) -> None:
    looks.after(0)
    assert looks.after(QUIET_S) == ["RMA-1"] and looks.stays()
    match what:
        case "another page":
            (looks.copy / "p-0009.jpg").write_bytes((looks.copy / "p-0001.jpg").read_bytes())
        case "a title":
            looks.titles.mkdir()
            (looks.titles / f"{ISBN}.pdf").write_bytes(drawn.pdf.read_bytes())
        case "returns.csv":
            (looks.copy.parent / "returns.csv").write_text("copy,title\nRMA-1,Another\n")
        case "a page less":
            (looks.copy / "p-0004.jpg").unlink()
        case _:
            # a server whose clock is wrong by years
            os.utime(looks.copy / "p-0001.jpg", (1e8, 1e8))
    assert looks.after(QUIET_S) == [] and looks.after(QUIET_S) == ["RMA-1"]


@pytest.mark.parametrize("name", ["p-0005.jpg.part", ".DS_Store", "notes.txt"])
def test_any_file_in_a_folder_is_a_sign_of_work_and_a_temporary_one_is_waited_for(name: str, looks: Looks) -> None:
    looks.after(0)
    (looks.copy / name).write_bytes(b"...")
    assert looks.after(QUIET_S) == []
    assert looks.after(QUIET_S) == ([] if "part" in name else ["RMA-1"])
    assert [name in said for said in looks.said] == ([True] if "part" in name else [])


@pytest.mark.parametrize("how", ["a half", "nothing"])
def test_a_scan_that_ends_early_is_waited_for_longer_and_not_for_ever(how: str, looks: Looks) -> None:
    page = looks.copy / "p-0002.jpg"
    page.write_bytes(page.read_bytes()[: page.stat().st_size // 2] if how == "a half" else b"")
    looks.after(0)
    assert looks.after(QUIET_S) == looks.after((PATIENCE - 1) * QUIET_S - 1) == []
    assert looks.after(1) == ["RMA-1"]
    (said,) = looks.said
    assert said.startswith("RMA-1 waits: p-0002.jpg ends early") and "after 100 s" in said


def test_with_a_marker_nothing_is_waited_for(drawn: Drawn, tmp_path: Path) -> None:
    looks = Looks(drawn, tmp_path, marker="READY")
    (looks.copy / "p-0002.jpg").write_bytes(b"")
    assert looks.after(0) == looks.after(1) == []
    (looks.copy / "READY").touch()
    assert looks.after(1) == [] and looks.after(1) == ["RMA-1"]


def test_two_copies_of_one_id_are_left_alone_and_told_once(looks: Looks, drawn: Drawn, tmp_path: Path) -> None:
    other = Job(drawn.copied_to(tmp_path / "other"), "RMA-1", tmp_path / "out", looks.job.policy)
    for _ in range(3):
        assert looks.after(QUIET_S, other) == []
    (said,) = looks.said
    assert "RMA-1 is the id of more than one copy" in said
    looks.after(0)
    assert looks.after(QUIET_S) == ["RMA-1"]


def test_a_folder_that_goes_and_comes_back_as_it_was_is_not_given_again(looks: Looks) -> None:
    looks.after(0)
    assert looks.after(QUIET_S) == ["RMA-1"] and looks.stays()
    away = looks.copy.rename(looks.copy.with_name("away"))
    assert list(looks.hot.complete([])) == []
    away.rename(looks.copy)
    assert looks.after(QUIET_S) == looks.after(QUIET_S) == []


# --- the command ------------------------------------------------------------------------------------------------------


class Watching:
    """`qc watch inbox` in a folder, as a process."""

    def __init__(self, folder: Path, drawn: Drawn) -> None:
        self.folder, self.inbox = folder, folder / "inbox"
        self.call = ["inbox", "--titles", str(drawn.titles), "--store", "qc.db", "--jobs", "1"]
        self.log = folder / "log"

    @contextmanager
    def begun(self, *more: str) -> Iterator[subprocess.Popen[bytes]]:
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
        command = [sys.executable, "-m", "qc", "watch", *self.call, "--quiet", "0.3", *more]
        with self.log.open("wb") as log:
            process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def rows(self) -> list[tuple[str, str]]:
        """Copy and status of each row, which is none of comparing copies of a title."""
        if not (self.folder / "qc.db").exists():
            return []
        with Store(self.folder / "qc.db") as store:
            seen = {(r["copy"], r["inspected"]): r["status"] for r in store.view("inspections")}
        return [(copy, status) for (copy, _), status in seen.items()]

    def until(self, true: Callable[[], bool]) -> None:
        began = time.monotonic()
        while not true():
            assert time.monotonic() < began + 120, self.log.read_text()
            time.sleep(0.2)

    def said(self, text: str) -> bool:
        return text in self.log.read_text()


@pytest.fixture
def watching(drawn: Drawn, tmp_path: Path) -> Watching:
    return Watching(tmp_path, drawn)


def test_copies_come_change_and_fail_while_the_folder_is_watched_and_ctrl_c_is_0(
    drawn: Drawn, run_qc: Run, watching: Watching, tmp_path: Path
) -> None:
    watching.inbox.mkdir()
    drawn.copied_to(watching.inbox / "RMA-1")
    (watching.inbox / "RMA-2").mkdir()
    (watching.inbox / "RMA-2/p-1.jpg").write_bytes(b"no image " * 9)
    with watching.begun() as process:
        watching.until(lambda: len(watching.rows()) == 2)
        assert sorted(watching.rows()) == [("RMA-1", "done"), ("RMA-2", "failed")]
        # A second one is refused, a decision is not.
        ran = run_qc("batch", *watching.call)
        assert ran.code == 5 and "another qc batch or qc watch is at work on it" in ran.err
        decided = run_qc("decide", "RMA-1", "no-defect", "--store", "qc.db", "--by", "A. Mueller", "--reason", "Seen.")
        assert decided.code == 0, decided.err
        # Gone for a while, as a network drive may be.
        watching.inbox.rename(tmp_path / "away")
        watching.until(lambda: watching.said("inbox is gone; waiting"))
        (tmp_path / "away").rename(watching.inbox)
        watching.until(lambda: watching.said("It is there again."))
        # A rescan of the one, and a page of the other.
        (watching.inbox / "RMA-1/p-0004.jpg").unlink()
        (watching.inbox / "RMA-2/p-1.jpg").write_bytes(b"still no image " * 9)
        (watching.inbox / "alone.jpg").write_bytes(b"no copy")
        watching.until(lambda: len(watching.rows()) == 4)
        assert sorted(watching.rows()) == 2 * [("RMA-1", "done")] + 2 * [("RMA-2", "failed")]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    log = watching.log.read_text()
    assert "Passed over inbox: single images in it are no copy" in log
    assert "policy kdp" in log and "store qc.db" in log and "1 processes" in log and "Traceback" not in log
    assert log.count("inbox is gone") == 1 and log.count(" RMA-1 no-defect ") == 2 and log.count("✗ RMA-2") == 2
    summary = (tmp_path / "qc-out/summary.csv").read_text("utf-8").splitlines()
    assert [line.split(",")[0] for line in summary] == ["copy", "RMA-1", "RMA-2"]
    assert "RMA-1/report.html" in (tmp_path / "qc-out/index.html").read_text("utf-8")
    # What a watch has done a batch need not do, and the other way round.
    ran = run_qc("batch", *watching.call)
    assert ran.code == 3 and "2 done before" in ran.err
    assert not list(watching.inbox.rglob(".qc*"))


def test_a_watch_needs_a_folder_and_a_store(run_qc: Run, tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    for call, said in ((["inbox"], "--store"), (["nowhere", "--store", "qc.db"], "nowhere is no folder")):
        ran = run_qc("watch", *call)
        assert (ran.code, ran.out) == (2, "") and said in ran.err


def test_a_killed_lock_is_no_lock(watching: Watching, tmp_path: Path) -> None:
    watching.inbox.mkdir()
    with watching.begun() as process:
        watching.until(lambda: watching.said("Watching"))
        with Store(tmp_path / "qc.db") as store, pytest.raises(Exception, match="at work on it"):
            store.keep_others_out()
        process.send_signal(signal.SIGKILL)
        process.wait()
    with Store(tmp_path / "qc.db") as store:
        store.keep_others_out()
        assert sqlite3.connect(tmp_path / "qc.db").execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_short_night_of_kills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two kills of a watch while six copies come, one of a batch; `benchmarks/night_study.py` is the long one."""
    call = "--copies 6 --kills 3 --jobs 1 --seconds 6 --quiet 0.7 --life 0 2"
    assert night_study.study(tmp_path, night_study.parsed([str(tmp_path), *call.split()])) == []
    assert "kills {'watch': 2" in capsys.readouterr().out
