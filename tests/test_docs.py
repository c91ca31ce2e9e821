"""The commands and the Python of docs/ run, links lead somewhere, and options that are named exist."""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from conftest import Run

from qc.cli import main

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
GUIDES = [p for p in PAGES if p.stem in ("analyst", "bench", "night", "policy", "questions", "scanning")]
COPIES = ("RMA-10481", "RMA-10482", "RMA-10484", "RMA-10488")
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.M | re.S)


def blocks(page: Path, *languages: str) -> list[str]:
    return [text for language, text in FENCE.findall(page.read_text("utf-8")) if language in languages]


def commands(page: Path, *languages: str) -> Iterator[list[str]]:
    """Calls of `qc` in the blocks of a page, without what a block says beside them."""
    for block in blocks(page, *languages):
        for line in block.splitlines():
            if line.strip().startswith("qc "):
                yield shlex.split(re.split(r"\s{3,}", line.strip())[0])[1:]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the samples a page speaks of, fewer copies and the same titles."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "samples" / "returns").mkdir(parents=True)
    for name in ("titles", "calibration"):
        (folder / "samples" / name).symlink_to(ROOT / "samples" / name)
    for copy in COPIES:
        shutil.copytree(ROOT / "samples" / "returns" / copy, folder / "samples" / "returns" / copy)
    return folder


def test_the_commands_run(bench: Path, run_qc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bench)
    ran = 0
    for page in sorted(GUIDES, key=lambda p: p.stem != "night"):
        for words in commands(page, "sh"):
            words, into = (words[:-2], words[-1]) if ">" in words else (words, "")
            done = run_qc(*words)
            assert done.code in (0, 10, 11, 12), (page.name, words, done.err)
            if into:
                Path(into).write_text(done.out, "utf-8")
            ran += 1
    assert ran >= 10
    for block in blocks(ROOT / "docs" / "analyst.md", "python"):
        exec(compile(block.replace("to_pandas()", "rows"), "analyst.md", "exec"), (names := globals().copy()))
        globals().update({k: names[k] for k in ("night", "qc") if k in names})


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda p: p.stem)
def test_named_commands_and_options_exist(page: Path) -> None:
    for words in commands(page, "sh", ""):
        context = click.Context(main, info_name="qc")
        command: click.Command = main
        while isinstance(command, click.Group) and words:
            found = command.get_command(context, words[0])
            assert found is not None, (page.name, words)
            command, words = found, words[1:]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {w for w in words if w.startswith("--")} <= known | {"--help"}, (page.name, words)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda p: p.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert os.path.exists(page.parent / target), (page.name, target)


def test_the_page_of_keys_is_made_from_the_code() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        page = import_module("make_keys").page()
    finally:
        sys.path.remove(str(ROOT / "docs"))
    assert (ROOT / "docs" / "keys.md").read_text("utf-8") == page, (
        "write it anew: python docs/make_keys.py > docs/keys.md"
    )
