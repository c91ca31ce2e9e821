"""Pixels are read once while there is room, and the room has an end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qc.errors import ScanError
from qc.model import ScanFile
from qc.scan.decoders import png
from qc.scan.image_file import read_header, read_pixels
from qc.scan.scan_reader import ScanReader

SIZE = (40, 60)


@pytest.fixture
def scans(tmp_path: Path) -> list[ScanFile]:
    """Three gray scans of 2,400 pixels."""
    files = [tmp_path / f"p-{n}.png" for n in range(3)]
    for n, file in enumerate(files):
        Image.fromarray(np.full(SIZE[::-1], 40 * n, np.uint8)).save(file)
    return [ScanFile(file, file.name) for file in files]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files in the order in which their pixels are decoded."""
    files: list[Path] = []
    read: Callable[[Path, int, int], object] = png.pixels
    monkeypatch.setattr(png, "pixels", lambda *of: (files.append(of[0]), read(*of))[1])
    return files


def test_it_gives_what_the_loader_gives(scans: list[ScanFile]) -> None:
    reader = ScanReader()
    for scan in scans:
        assert reader.header(scan) == read_header(scan)
        assert np.array_equal(reader.pixels(scan, 2), read_pixels(scan, 2))


def test_pixels_are_decoded_once_for_each_size(scans: list[ScanFile], decoded: list[Path]) -> None:
    reader = ScanReader()
    for scan in [*scans, *scans]:
        reader.pixels(scan)
    assert decoded == [s.path for s in scans]
    reader.pixels(scans[0], 2)
    assert decoded[3:] == [scans[0].path]


def test_what_does_not_fit_is_decoded_anew(scans: list[ScanFile], decoded: list[Path]) -> None:
    reader = ScanReader(2 * SIZE[0] * SIZE[1])
    for scan in [*scans, *scans]:
        reader.pixels(scan)
    assert decoded == [*(s.path for s in scans), scans[2].path]


def test_nobody_writes_to_pixels_that_others_will_see(scans: list[ScanFile]) -> None:
    with pytest.raises(ValueError, match="read-only"):
        ScanReader().pixels(scans[0])[0, 0] = 1


def test_a_bad_scan_stays_one(tmp_path: Path) -> None:
    reader = ScanReader()
    for read in (reader.header, reader.pixels) * 2:
        with pytest.raises(ScanError):
            read(ScanFile(tmp_path / "none.png", "none.png"))


def test_what_is_let_go_makes_room(scans: list[ScanFile], decoded: list[Path]) -> None:
    reader = ScanReader(SIZE[0] * SIZE[1])
    for scan in scans:
        reader.pixels(scan)
        reader.let_go(scan)
    for scan in (scans[1], scans[1], scans[2], scans[2]):
        reader.pixels(scan)
    assert decoded[3:] == [scans[1].path, scans[2].path, scans[2].path]


def test_with_less_room_what_is_kept_stays_until_it_is_let_go(scans: list[ScanFile], decoded: list[Path]) -> None:
    reader = ScanReader(2 * SIZE[0] * SIZE[1])
    for scan in scans[:2]:
        reader.pixels(scan)
    reader.keep_less(SIZE[0] * SIZE[1])
    reader.pixels(scans[0])
    reader.let_go(scans[0])
    for scan in (scans[0], scans[1], scans[0]):
        reader.pixels(scan)
    assert decoded == [s.path for s in (*scans[:2], scans[0], scans[0])]
