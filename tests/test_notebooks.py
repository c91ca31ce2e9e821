"""Notebooks are kept as a script and an .ipynb without outputs that say the same, and each script runs."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
SCRIPTS = sorted(NOTEBOOKS.glob("*.py"))
CONCLUSIONS = {
    "01_first_look": "Verdict  defect",
    "02_threshold": "Outside beyond 2.9 mm is argued for",
    "03_gauge": "It is the book",
    "04_color_copies": 'within = "<= 5 dE00"',
}
CELL = re.compile(r"^# %%(?: \[(markdown)\])?\n", re.MULTILINE)


def cells_of_script(text: str) -> list[tuple[str, str]]:
    """Kind and source of each cell of a percent script."""
    parts = CELL.split(text)[1:]
    cells = []
    for kind, source in zip(parts[::2], parts[1::2], strict=True):
        source = source.strip("\n")
        if kind:
            source = "\n".join(line.removeprefix("#").removeprefix(" ") for line in source.splitlines())
        cells.append((kind or "code", source))
    return cells


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_notebook_matches_its_script(script: Path) -> None:
    notebook = json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))
    stored = [(c["cell_type"], "".join(c["source"])) for c in notebook["cells"]]
    assert stored == cells_of_script(script.read_text(encoding="utf-8"))
    code = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    assert code and all(c["outputs"] == [] and c["execution_count"] is None for c in code)


def test_there_are_notebooks() -> None:
    assert [p.stem for p in SCRIPTS] == sorted(p.stem for p in NOTEBOOKS.glob("*.ipynb")) != []


@pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="needs the extra 'notebooks'")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_notebook_runs_to_its_conclusion(script: Path, tmp_path: Path) -> None:
    environment = os.environ | {"MPLBACKEND": "agg", "MPLCONFIGDIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, str(script)],
        cwd=NOTEBOOKS.parent,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert CONCLUSIONS[script.stem] in ran.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_notebook_asks_a_question_and_checks_its_answer(script: Path) -> None:
    cells = cells_of_script(script.read_text(encoding="utf-8"))
    first = cells[0][1].splitlines()[0]
    assert cells[0][0] == "markdown" and first.startswith("# ") and first.endswith("?")
    assert any("assert " in source for kind, source in cells[-3:] if kind == "code")
