"""How many workers an inspection begins with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qc.batch.cores import cores


@pytest.fixture(autouse=True)
def sixteen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)))


def group(root: Path, own: str, files: dict[str, str]) -> tuple[Path, Path]:
    (root / "own").write_text(own)
    for name, text in files.items():
        (root / "fs" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "fs" / name).write_text(text)
    return root / "own", root / "fs"


def test_without_groups_there_are_as_many_as_the_process_is_bound_to(tmp_path: Path) -> None:
    assert cores(tmp_path / "none", tmp_path) == 16


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/a/b\n", {"cpu.max": "max 100000\n", "a/b/cpu.max": "max 100000\n"}, 16),
        ("0::/a/b\n", {"a/b/cpu.max": "250000 100000\n"}, 3),
        ("0::/a/b\n", {"a/cpu.max": "50000 100000\n", "a/b/cpu.max": "max 100000\n"}, 1),
        ("4:cpu,x:/j\n3:cpuset:/\n", {"cpu,x/j/cpu.cfs_quota_us": "400000", "cpu,x/j/cpu.cfs_period_us": "100000"}, 4),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 16),
        ("0::/../outside\n", {"cpu.max": "200000 100000"}, 2),
        ("nonsense of 100000\n", {}, 16),
    ],
)  # fmt: skip
def test_a_group_that_is_given_less_has_fewer(tmp_path: Path, own: str, files: dict[str, str], expected: int) -> None:
    assert cores(*group(tmp_path, own, files)) == expected
