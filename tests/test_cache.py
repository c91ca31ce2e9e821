"""What is kept of titles: until what draws them changes, and within bounds."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from pathlib import Path

import numpy as np
import pytest
from measure_versions import essence

from qc.reference import cache

DRAWING = (
    "qc.reference.pdf", "qc.reference.base", "qc.reference.crop_marks", "qc.reference.pdf_boxes", "qc.reference.pdf_colors",
    "qc.reference.pdf_color_reader", "qc.scan.pdfium", "qc.register.prepared_page", "qc.register.fourier", "qc.features.page_maps",
    "qc.resample", "qc.geometry", "qc.units", "qc.colorimetry",
)  # fmt: skip
"""Modules that decide what is kept of a title."""
OF_NO_MATTER = {
    "qc.errors", "qc.model", "qc.reference", "qc.reference.title_toml", "qc.reference.find", "qc.normalize.page_image",
    "qc.normalize.scan_color",
}  # fmt: skip
"""Modules they import besides: nouns, and what is said of scans."""
PINNED = {2: "c31ed087b1e1"}
"""Digest of their sources by `cache.DRAWN`. Where numbers may have changed, raise that; else write the new digest here."""


def source(module: str) -> str:
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).read_text("utf-8")


def test_what_is_kept_of_a_title_is_of_its_version() -> None:
    digest = hashlib.sha256("\n".join(essence(source(m)) for m in DRAWING).encode()).hexdigest()[:12]
    assert {cache.DRAWN: digest} == PINNED


def test_no_module_that_draws_is_left_out() -> None:
    imported = {m for module in DRAWING for m in re.findall(r"^from (qc[\w.]*) import", source(module), re.MULTILINE)}
    assert imported <= {*DRAWING, *OF_NO_MATTER}


def test_titles_used_longest_ago_make_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QC_CACHE", str(tmp_path))
    monkeypatch.setattr("qc.reference.cache.MOST_BYTES", 2500)
    for age, name in enumerate("abc"):
        cache.arrays(f"reference/{name}/page", lambda: {"x": np.zeros(900, np.uint8)}, packed=False)
        os.utime(tmp_path / "reference" / name, (1000 + age, 1000 + age))
    assert cache.load("reference/a/page") is not None
    cache.store("reference/d/page", b"x")
    assert sorted(p.name for p in (tmp_path / "reference").iterdir()) == ["a", "c", "d"]
