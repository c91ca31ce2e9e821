"""Holds a built wheel and sdist to the checkout, and the sample copies that the wheel inspected to their expected verdicts.

``check_release.py files DIST`` and ``check_release.py verdicts SAMPLES OUT``; only the standard library is needed.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def tracked(*folders: str) -> set[str]:
    """Paths of the files under version control, relative to the checkout."""
    listed = subprocess.run(["git", "ls-files", "-z", *folders], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(listed.stdout.split("\0")) - {""}


def check_files(dist: Path) -> str:
    """The wheel holds each file of the packages and the license, the sdist each file of the project; nothing else is there."""
    (wheel,), (source,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())
    about = {name for name in in_wheel if name.split("/")[0].endswith(".dist-info")}
    with tarfile.open(source) as archive:
        in_source = {m.name.partition("/")[2] for m in archive.getmembers() if m.isfile()}
    made = {n for n in in_source if n in ("PKG-INFO", "setup.cfg") or n.split("/")[0].endswith(".egg-info")}
    assert any(name.endswith("licenses/LICENSE") for name in about), about
    _same(wheel.name, in_wheel - about, tracked("qc", "calibration"))
    _same(source.name, in_source - made, tracked())
    sizes = ", ".join(f"{p.name} {p.stat().st_size / 1e6:.1f} MB" for p in (wheel, source))
    return f"{sizes}: complete"


def check_verdicts(samples: Path, out: Path) -> str:
    """Each sample copy has the verdict and the refund of ``expected.csv``."""
    expected = {r["copy"]: (r["verdict"], r["refund"]) for r in _rows(samples / "expected.csv")}
    got = {r["copy"]: (r["outcome"], r["refund"]) for r in _rows(out / "summary.csv")}
    assert got == expected, f"got {got}, expected {expected}"
    return f"{len(got)} sample copies inspected from the wheel: as expected"


def _same(name: str, there: set[str], wanted: set[str]) -> None:
    assert there == wanted, f"{name} lacks {sorted(wanted - there)} and has besides {sorted(there - wanted)}"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    what, *paths = sys.argv[1:]
    print({"files": check_files, "verdicts": check_verdicts}[what](*map(Path, paths)))
