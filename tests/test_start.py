"""What a command waits for before it begins: libraries are imported where something needs them, and not before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from conftest import Drawn
from PIL import Image

ALWAYS = {"cv2", "numpy", "PIL", "pypdfium2", "simplejpeg", "jinja2", "rich"}
SELDOM = {"scipy", "skimage", "pypdf", "tifffile", "matplotlib", "pandas", "distributed"}


def imported(*args: str | Path) -> set[str]:
    """The larger libraries that a command has imported when it ends, in a process of its own."""
    code = f"""
import sys
from qc.cli import entry
sys.argv = ["qc", *{[str(a) for a in args]!r}]
try:
    entry()
except SystemExit:
    print("imported:", *sorted({ALWAYS | SELDOM!r} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(ran.stdout.splitlines()[-1].split()[1:])


def test_help_of_inspecting_needs_no_library() -> None:
    assert imported("inspect", "--help") == set()


def test_an_inspection_of_gray_jpegs_needs_what_decodes_draws_and_reports_them(drawn: Drawn, tmp_path: Path) -> None:
    copy = drawn.copied_to(tmp_path / "gray")
    for scan in copy.glob("*.jpg"):
        with Image.open(scan) as page:
            page.convert("L").save(scan, dpi=page.info["dpi"])
    command = ("inspect", copy, "--titles", drawn.titles, "--out", tmp_path / "out")
    # What a PDF says of its colors is read once a title.
    assert imported(*command) - {"pypdf"} == ALWAYS
    assert imported(*command) == ALWAYS


def test_scikit_image_and_the_scipy_in_it_are_imported_where_colors_are_compared(drawn: Drawn, tmp_path: Path) -> None:
    command = ("inspect", drawn.copy, "--titles", drawn.titles, "--out", tmp_path)
    assert imported(*command) - {"pypdf"} == ALWAYS | {"skimage", "scipy"}


def test_a_copy_without_a_reference_waits_for_scipy_to_find_its_lines(drawn: Drawn, tmp_path: Path) -> None:
    assert imported("inspect", drawn.copy, "--out", tmp_path) & SELDOM == {"scipy"}
