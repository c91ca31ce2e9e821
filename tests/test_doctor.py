"""`qc doctor`: what it says of a bench, and the code of what is wrong."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import Run

from qc.batch import checkup
from qc.batch.store import Store
from qc.features.text import ocr

PROFILE = """schema = 1
name = "a3"
made = 2026-01-01
expires = {expires}
"""


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A bench where nothing is wrong."""
    monkeypatch.setattr(checkup, "check_reader", lambda: checkup.Check("text reader", 0, "Reads eng."))
    monkeypatch.setenv("QC_PROFILES", str(tmp_path / "profiles"))
    (tmp_path / "profiles").mkdir()
    (tmp_path / "titles").mkdir()
    monkeypatch.setenv("QC_TITLES", str(tmp_path / "titles"))
    with Store(tmp_path / "qc.db", create=True):
        pass
    (tmp_path / "qc.toml").write_text('store = "qc.db"\nby = "anna"')
    return tmp_path


def profile(folder: Path, expires: date, name: str = "a3") -> None:
    (folder / "profiles" / f"{name}.toml").write_text(PROFILE.format(expires=expires))


def test_all_is_well_and_every_setting_has_its_origin(sound: Path, run_qc: Run) -> None:
    profile(sound, date.today() + timedelta(days=3))
    before = (sound / "qc.db").read_bytes()
    ran = run_qc("doctor", "--json")
    assert ran.code == 0, ran.out
    told = json.loads(ran.out)
    origins = {s["name"]: (s["value"], s["origin"]) for s in told["settings"]}
    assert origins == {
        "titles": (str(sound / "titles"), "QC_TITLES"),
        "store": (str(sound / "qc.db"), str(sound / "qc.toml")),
        "policy": ("kdp", "default"),
        "scanner": (None, ""),
        "out": ("qc-out", "default"),
        "by": ("anna", str(sound / "qc.toml")),
    }
    said = {c["part"]: c["message"] for c in told["checks"]}
    assert "opencv" in said["versions"] and "SQLite 3." in said["versions"] and "Python 3." in said["versions"]
    assert "in 3 days" in said["profile a3"] and "version" in said["store"] and "GB free" in said["out"]
    text = run_qc("doctor").out
    assert "All is well." in text and f"anna ({sound / 'qc.toml'})" in text
    assert (sound / "qc.db").read_bytes() == before and not (sound / "qc-out").exists()


@pytest.mark.parametrize(
    ("break_it", "part", "code"),
    [
        (lambda at, patch: (at / "qc.toml").write_text('stroe = "x"'), "settings", 2),
        (lambda at, patch: patch.setenv("QC_POLICY", "kpd"), "policy", 2),
        (lambda at, patch: patch.setenv("QC_TITLES", "nowhere"), "titles", 2),
        (lambda at, patch: patch.setenv("QC_SCANNER", "gone"), "profile gone", 4),
        (lambda at, patch: profile(at, date(2026, 1, 2)), "profile a3", 4),
        (lambda at, patch: (at / "profiles" / "bad.toml").write_text("x ="), "profile bad", 4),
        (lambda at, patch: (at / "qc.db").write_bytes(b"no database " * 20), "store", 5),
        (lambda at, patch: patch.setenv("QC_STORE", str(at / "qc.toml" / "qc.db")), "store", 5),
        (lambda at, patch: patch.setenv("QC_OUT", str(at / "qc.toml" / "out")), "out", 5),
        (lambda at, patch: patch.setattr(checkup, "LEAST_FREE_BYTES", 10**18), "out", 5),
    ],
)
def test_what_is_wrong_is_named_with_its_code(break_it, part, code, sound, run_qc, monkeypatch) -> None:
    break_it(sound, monkeypatch)
    ran = run_qc("doctor", "--json")
    told = json.loads(ran.out)
    assert ran.code == told["exit"] == code
    assert [c["part"] for c in told["checks"] if c["exit"]] == [part]
    assert f"1 of {len(told['checks'])} parts are not right: {part}" in run_qc("doctor").out


def test_without_a_text_reader_it_is_6_and_of_several_the_smallest(
    run_qc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ocr, "missing", lambda: "no text reader is installed")
    assert run_qc("doctor").code == 6
    monkeypatch.setenv("QC_POLICY", "kpd")
    ran = run_qc("doctor")
    assert ran.code == 2 and "text reader, policy" in ran.out


def test_a_store_of_an_older_version_is_told_and_left_as_it_is(sound: Path, run_qc: Run) -> None:
    old = bytearray((sound / "qc.db").read_bytes())
    old[60:64] = (1).to_bytes(4, "big")
    (sound / "qc.db").write_bytes(old)
    shutil.rmtree(sound / "profiles")
    ran = run_qc("doctor")
    assert ran.code == 0 and "version 1, brought up to" in ran.out
    assert (sound / "qc.db").read_bytes() == old
