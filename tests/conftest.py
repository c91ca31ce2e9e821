"""What several test files share: a small drawn copy, the command line in-process, and a cache of their own."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from qc.cli import entry

settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")
"""A busy machine makes a case slow, not wrong."""

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
"""As `qc` itself sets it; before numpy is imported. Two threads wait for each other twice as long as they work."""

ISBN = "9780000000002"
DPI = 150


@dataclass(frozen=True)
class Drawn:
    """A sound copy of four pages, its title, and the folder of titles that holds it."""

    copy: Path
    title: Path
    titles: Path

    @property
    def pdf(self) -> Path:
        return self.title / "interior.pdf"

    def copied_to(self, folder: Path) -> Path:
        return Path(shutil.copytree(self.copy, folder))


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("QC_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def no_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing that whoever runs the tests has set for the bench."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TITLES", "STORE", "POLICY", "SCANNER", "OUT", "BY", "PROFILES"):
            patch.delenv(f"QC_{name}", raising=False)
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("user")))
        # A home beside the folders of all tests: else these, which hold scans in whatever number, are a folder of copies, below
        # which no qc.toml is read.
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session", autouse=True)
def spared_processor() -> None:
    """One thread of OpenCV, as `qc` has, and a gigabyte of printed pages that are drawn again and again."""
    import cv2

    from qc.synthetic.rasters import RASTERS

    cv2.setNumThreads(1)
    RASTERS.most_bytes = 2**30


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    from qc.synthetic import Scanner, draw_copy, write_title
    from qc.units import parse_trim

    root = tmp_path_factory.mktemp("drawn")
    pages = ("text", "text", "chapter-opener", "text")
    title = write_title(root / "titles" / ISBN / "interior.pdf", pages, trim_mm=parse_trim("4.25 x 6.87 in"))
    draw_copy(root / "RMA-1", title, scanner=Scanner(dpi=DPI), seed=1)
    (root / "RMA-1" / "copy.toml").write_text(f'isbn = "{ISBN}"\n')
    return Drawn(root / "RMA-1", title.path.parent, root / "titles")


@pytest.fixture
def run_qc(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """The command line, in this process and in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*args: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["qc", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            entry()
        out, err = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Ran(end.value.code, out, err)

    return run


@pytest.fixture(scope="module")
def fresh_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A disk cache that no other module of tests has written to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QC_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
