"""A release says one version everywhere, and its changelog is in order."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

from conftest import Run

from qc.measure import MEASURES

ROOT = Path(__file__).parent.parent
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
HEADING = re.compile(r"^## (\d+\.\d+\.\d+)(?:, (\d{4}-\d\d-\d\d))?$", re.MULTILINE)


def test_project_program_and_changelog_say_one_version(run_qc: Run) -> None:
    said = run_qc("--version").out.split()[-1]
    assert said == VERSION, "installed is another version: pip install -e . installs this one"
    released = HEADING.findall((ROOT / "CHANGELOG.md").read_text("utf-8"))
    versions = [tuple(map(int, version.split("."))) for version, _ in released]
    assert released[0][0] == VERSION and versions == sorted(versions, reverse=True)
    assert date.fromisoformat(released[0][1])


def test_the_upgrade_page_is_about_this_version() -> None:
    assert (ROOT / "docs" / "upgrade.md").read_text("utf-8").startswith(f"# Upgrading to {VERSION}\n")


def test_the_changelog_names_the_version_of_every_measure_that_changed() -> None:
    newest = (ROOT / "CHANGELOG.md").read_text("utf-8").split("\n## ")[1]
    listed = newest.partition("with their version now:")[2].partition(".\n")[0]
    named = {name: int(number) for name, number in re.findall(r"`([\w-]+)`\s+(\d+)", listed)}
    assert named == {m.id: m.version for m in MEASURES.values() if m.version > 1}
