"""Whatever bytes are handed in, a reader gives what it promises or one documented error.

Sixty examples each, always the same. For a long run of other ones: ``QC_FUZZ=20000 pytest tests/test_fuzz.py``.
"""

from __future__ import annotations

import io
import math
import os
import struct
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from drawn_pdf import flate, image, page_of
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from inspection_example import example
from PIL import Image

from calibration.cgats import read_cgats
from qc.batch.store import Store
from qc.errors import QcError, ReferenceFault, ScanError, UsageError
from qc.judge.policy import load_policy, parse_policy
from qc.model import ScanFile
from qc.reference.title_toml import read_title
from qc.report.record import record, to_json
from qc.scan.copy_toml import read_copy_toml
from qc.scan.image_file import count_frames, read_header, read_pixels
from qc.scan.profile_file import read_profile

_LONG = int(os.environ.get("QC_FUZZ", "0"))
settings.register_profile(
    "fuzz",
    max_examples=_LONG or 60,
    derandomize=not _LONG,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
fuzzed = settings.get_profile("fuzz")

MOST_LETTERS = 900


def clear(fault: QcError, *names: str) -> None:
    """An error is one sentence or a few: it names the file, and is short enough to be read."""
    text = str(fault)
    assert len(text) < MOST_LETTERS and text.rstrip().endswith((".", "?")), text
    assert any(name in text for name in names), text


# --- bytes ------------------------------------------------------------------------------------------------------------

_EXTREMES = [
    b"\0",
    b"\xff",
    b"\x7f\xff",
    b"\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\xff" * 4,
    b"\0" * 4,
    b"\x80\0\0\0",
    b"\xff" * 8,
]
_PLACE = st.floats(0, 1, exclude_max=True)
_EDIT = st.one_of(
    st.tuples(st.just("put"), _PLACE, st.one_of(st.sampled_from(_EXTREMES), st.binary(min_size=1, max_size=8))),
    st.tuples(st.just("insert"), _PLACE, st.binary(min_size=1, max_size=40)),
    st.tuples(st.just("remove"), _PLACE, st.integers(1, 400)),
    st.tuples(st.just("zero"), _PLACE, st.integers(1, 4000)),
    st.tuples(st.just("repeat"), _PLACE, st.integers(1, 400)),
    st.tuples(st.just("cut"), _PLACE, st.just(0)),
)
EDITS = st.lists(_EDIT, min_size=1, max_size=6)


def edited(data: bytes, edits: list, head: int) -> bytes:
    """`data` after the edits; half of the places fall into its first `head` bytes, where headers are."""
    for kind, place, what in edits:
        span = min(head, len(data)) if place < 0.5 else len(data)
        at = int((place * 2 % 1) * span)
        if kind == "put":
            data = data[:at] + what + data[at + len(what) :]
        elif kind == "insert":
            data = data[:at] + what + data[at:]
        elif kind == "remove":
            data = data[:at] + data[at + what :]
        elif kind == "zero":
            data = data[:at] + bytes(len(data[at : at + what])) + data[at + what :]
        elif kind == "repeat":
            data = data[: at + what] + data[at:]
        elif place > 0.25:
            data = data[:at]
    return data


def _pixels() -> np.ndarray:
    y, x = np.mgrid[:60, :80]
    return np.stack([x * 3, y * 4, (x * y) % 256], axis=-1).astype(np.uint8)


def _saved(kind: str, mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(_pixels()).convert(mode).save(buffer, kind, dpi=(300, 300), **options)
    return buffer.getvalue()


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[274], exif[282], exif[283], exif[296] = 6, 300.0, 300.0, 2
    return exif


def _two_frames() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.fromarray(_pixels()), Image.fromarray(_pixels()[..., 0])]
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:], compression="tiff_adobe_deflate")
    return buffer.getvalue()


def _fax() -> bytes:
    with Image.open(io.BytesIO(_saved("TIFF", "1", compression="group4"))) as tiff:
        (at,), (length,) = tiff.tag_v2[273], tiff.tag_v2[279]
    return _saved("TIFF", "1", compression="group4")[at : at + length]


_G4 = b"/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 80/Rows 60>>"
_RGB8 = b"/ColorSpace/DeviceRGB/BitsPerComponent 8"
SCANS: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: _saved("JPEG", exif=_exif()),
    "JPEG gray progressive": lambda: _saved("JPEG", "L", progressive=True),
    "JPEG CMYK": lambda: _saved("JPEG", "CMYK"),
    "PNG": lambda: _saved("PNG", exif=_exif()),
    "PNG palette": lambda: _saved("PNG", "P", transparency=0),
    "PNG 16": lambda: _saved("PNG", "I;16"),
    "TIFF": lambda: _saved("TIFF"),
    "TIFF LZW": lambda: _saved("TIFF", compression="tiff_lzw"),
    "TIFF JPEG": lambda: _saved("TIFF", compression="jpeg"),
    "TIFF G4": lambda: _saved("TIFF", "1", compression="group4"),
    "TIFF of two": _two_frames,
    "PDF JPEG": lambda: page_of(image(_RGB8 + b"/Filter/DCTDecode", _saved("JPEG"))),
    "PDF flate": lambda: page_of(flate(_RGB8, _pixels().tobytes())),
    "PDF G4": lambda: page_of(image(_G4, _fax())),
    "PDF JPEG 2000": lambda: page_of(image(_RGB8 + b"/Filter/JPXDecode", _saved("JPEG2000"))),
    "PDF of two": lambda: page_of(
        image(_RGB8 + b"/Filter/DCTDecode", _saved("JPEG")),
        b"q 80 0 0 30 0 0 cm /I Do Q q 80 0 0 30 0 30 cm /J Do Q",
        others=[flate(_RGB8, _pixels().tobytes())],
    ),
}
_sound = cache(lambda name: SCANS[name]())


@pytest.mark.parametrize("name", SCANS)
@fuzzed
@given(edits=EDITS)
def test_a_damaged_scan_is_pixels_or_a_scan_error(name: str, edits: list, tmp_path: Path) -> None:
    path = tmp_path / "p.bin"
    path.write_bytes(edited(_sound(name), edits, 700))
    try:
        frames = count_frames(path)
        scan = ScanFile(path, path.name, min(frames, 2) - 1)
        header = read_header(scan)
        # what is large only on paper would make the run slow, and is refused where its bytes are not there
        assume(header.width_px * header.height_px < 4e7)
        pixels, half = read_pixels(scan, deep=True), read_pixels(scan, 2)
    except ScanError as fault:
        clear(fault, "p.bin")
        return
    assert pixels.shape[:2] == (header.height_px, header.width_px)
    assert (pixels.ndim == 2) == header.gray and pixels.dtype == (np.uint16 if header.bits == 16 else np.uint8)
    assert half.shape[:2] == (math.ceil(pixels.shape[0] / 2), math.ceil(pixels.shape[1] / 2))
    if header.resolution is not None:
        assert 50 <= header.resolution.x_dpi <= 4800 and 50 <= header.resolution.y_dpi <= 4800


@fuzzed
@given(
    start=st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0+", b"%PDF-1.4\n", b""]),
    rest=st.binary(),
)
def test_a_beginning_alone_makes_no_scan(start: bytes, rest: bytes, tmp_path: Path) -> None:
    path = tmp_path / "p.bin"
    path.write_bytes(start + rest)
    for read in (count_frames, lambda p: read_header(ScanFile(p, p.name)), lambda p: read_pixels(ScanFile(p, p.name))):
        try:
            read(path)
        except ScanError as fault:
            clear(fault, "p.bin")


@fuzzed
@given(
    tags=st.lists(
        st.tuples(st.integers(0, 65535), st.integers(0, 20), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
        max_size=12,
    )
)
def test_a_tiff_directory_of_anything(tags: list, tmp_path: Path) -> None:
    """Tags a scan has, with wild types, counts and values."""
    known = (
        256,
        257,
        258,
        259,
        262,
        273,
        274,
        277,
        278,
        279,
        282,
        283,
        284,
        296,
        317,
        320,
        322,
        323,
        324,
        325,
        330,
        338,
    )
    entries = b"".join(struct.pack("<HHII", known[t % len(known)], k, n, v) for t, k, n, v in tags)
    path = tmp_path / "p.bin"
    path.write_bytes(b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + bytes(range(256)))
    try:
        read_pixels(ScanFile(path, path.name))
    except ScanError as fault:
        clear(fault, "p.bin")


# --- TOML -------------------------------------------------------------------------------------------------------------

_COPY = """schema = 1
copy = "RMA-10482"
isbn = "9780000000002"
title = "The Long Field"
pages_expected = 24
[claim]
reason = "defective"
received_on = 2026-10-01
[scan]
scanner = "flatbed-a3"
dpi = 300
backing = "auto"
bound = false
first_page = 1
[reference]
file = "9780000000002"
trim = "6 x 9 in"
bleed = false
"""
_TITLE = 'trim = "6 x 9 in"\nbleed = true\npaper = "cream"\nink = "black"\npages = 24\n[cover]\nspine_mm = 2.4\nbleed_mm = 3\n'
_VALUES = st.one_of(
    st.sampled_from(
        [
            "true", "1", "-1", "0", "1e400", "-inf", "nan", "9" * 5000, "1." + "0" * 5000, '""', "''", "[]", "{}", "[[]]",
            "[" * 2000 + "]" * 2000, "{a=" * 400 + "1" + "}" * 400, "2026-10-01", "2026-13-45", "12:00:00", "0001-01-01T00:00:00Z",
            '"../../etc/passwd"', '"/dev/zero"', '"\\u0000"', '"\\u202Egnp"', '"\\u001b[2J"', '"=1+1"', '"1/0 x 9 in"',
            '"9e99 x 9 in"', '"1 x ' + "9" * 5000 + ' in"', '"< 1/0 in"', '"< ' + "9" * 4000 + ' mm"', '"> -1 in"', '"never"',
        ]
    ),
    st.text(max_size=20).map(lambda t: '"' + t + '"'),
    st.integers().map(str),
    st.floats().map(str),
)  # fmt: skip
_LINE = st.tuples(_PLACE, st.sampled_from(["value", "drop", "twice", "key"]), _VALUES)


def rewritten(toml: str, changes: list) -> bytes:
    """The TOML with some values, lines or keys replaced."""
    lines = toml.splitlines()
    for place, kind, value in changes:
        at = int(place * len(lines)) if lines else 0
        line = lines[at] if lines else ""
        key = line.partition("=")[0].strip() or "x"
        lines[at : at + 1] = {
            "value": [f"{key} = {value}"],
            "drop": [],
            "twice": [line, line],
            "key": [line, f"{value} = 1"],
        }[kind]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


TOML = st.one_of(
    st.tuples(st.just(rewritten), st.lists(_LINE, min_size=1, max_size=4)),
    st.tuples(st.just(lambda toml, edits: edited(toml.encode(), edits, 10_000)), EDITS),
)


@fuzzed
@given(change=TOML)
def test_copy_toml(change: tuple, tmp_path: Path) -> None:
    how, what = change
    (tmp_path / "copy.toml").write_bytes(how(_COPY, what))
    try:
        found = read_copy_toml(tmp_path)
    except UsageError as fault:
        clear(fault, "copy.toml")
        return
    copy = found.get("copy")
    assert copy is None or ("/" not in copy and not copy.startswith("."))
    dpi = found.get("scan", {}).get("dpi")
    assert dpi is None or 10 <= dpi <= 20_000
    assert 1 <= found.get("pages_expected", 1) <= 10_000


@fuzzed
@given(change=TOML)
def test_title_toml(change: tuple, tmp_path: Path) -> None:
    how, what = change
    (tmp_path / "title.toml").write_bytes(how(_TITLE, what))
    try:
        found = read_title(tmp_path / "title.toml")
    except UsageError as fault:
        clear(fault, "title.toml")
        return
    assert found.trim is None or 20 <= min(found.trim.width_mm, found.trim.height_mm) < 1201


@fuzzed
@given(change=TOML)
def test_a_policy(change: tuple) -> None:
    how, what = change
    try:
        found = parse_policy(how(load_policy().toml, what), Path("house.toml"))
    except UsageError as fault:
        clear(fault, "house.toml")
        return
    assert found.rules and all(math.isfinite(rule.within.value) for rule in found.rules) and 0 < found.k < math.inf


_PROFILE = """schema = 1
name = "bench"
made = 2026-01-01
expires = 2099-01-01
[scale]
stated_dpi = [300.0, 300.0]
dpi = [300.1, 299.9]
shear = 0.0001
u = [0.0001, 0.0001]
u_shear = 0.0001
u_local_mm = [0.01, 0.01]
frame_mm = [216.0, 297.0]
[map]
start_mm = [0.0, 0.0]
step_mm = [50.0, 50.0]
rms_mm = [0.01, 0.01]
dx_mm = [[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
dy_mm = [[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
[white.bias_mm]
left = 0.1
top = 0.1
right = 0.1
bottom = 0.1
[white.u_mm]
left = 0.1
top = 0.1
right = 0.1
bottom = 0.1
"""


def test_the_profile_that_is_changed_is_one(tmp_path: Path) -> None:
    (tmp_path / "bench.toml").write_text(_PROFILE)
    assert read_profile(tmp_path / "bench.toml").name == "bench"


@pytest.mark.parametrize(
    "line",
    [
        "u = [-0.1, 0.1]",
        "u_shear = nan",
        "stated_dpi = [0, 300]",
        "dpi = [-300.1, -299.9]",
        "step_mm = [0, 50]",
        "shear = inf",
    ],
)
def test_a_profile_without_honest_numbers_is_refused(line: str, tmp_path: Path) -> None:
    key = line.partition(" =")[0]
    lines = [line if old.startswith(f"{key} =") else old for old in _PROFILE.splitlines()]
    (tmp_path / "bench.toml").write_text("\n".join(lines))
    with pytest.raises(ReferenceFault, match=r"bench\.toml"):
        read_profile(tmp_path / "bench.toml")


@fuzzed
@given(change=TOML)
def test_a_scanner_profile(change: tuple, tmp_path: Path) -> None:
    how, what = change
    (tmp_path / "bench.toml").write_bytes(how(_PROFILE, what))
    try:
        found = read_profile(tmp_path / "bench.toml")
    except ReferenceFault as fault:
        clear(fault, "bench.toml")
        return
    numbers = (
        []
        if found.scale is None
        else [*found.scale.dpi, *found.scale.u_scale, *found.scale.u_local_mm, found.scale.u_shear]
    )
    numbers += [] if found.white is None else [*found.white.u_mm]
    assert all(math.isfinite(n) and n >= 0 for n in numbers)


# --- charts and stores ------------------------------------------------------------------------------------------------

_CHART = (Path(__file__).parent / "data" / "color" / "R160727WhiteBacking.it8").read_bytes()[:6000]


@fuzzed
@given(edits=EDITS)
def test_a_chart(edits: list, tmp_path: Path) -> None:
    text = _CHART[: _CHART.rindex(b"\n")].replace(b"288", b"%d" % 0) + b"\nEND_DATA\n"
    (tmp_path / "chart.it8").write_bytes(edited(text, edits, 1500))
    try:
        found = read_cgats(tmp_path / "chart.it8")
    except ScanError as fault:
        clear(fault, "chart.it8")
        return
    assert found.lab is not None and found.lab.shape == (len(found.ids), 3) and np.isfinite(found.lab).all()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("store") / "qc.db"
    policy = load_policy()
    with Store(path, create=True) as store:
        run = store.begin_run("batch")
        store.add(example(), policy, run)
        store.add_failure("RMA-2", Path("RMA-2"), run, key="", exit_code=3, message="no scans", seconds=0.1)
    return path.read_bytes()


def everything(path: Path) -> Iterator[str]:
    """All that commands read of a store."""
    with Store(path) as store:
        for entry in store.copies():
            inspection = None if entry.failed else store.inspection(entry.id)
            if inspection is not None:
                yield to_json(record(inspection))
                store.policy(inspection.policy.sha256)
        for view in ("latest_verdicts", "latest_observations", "findings", "verdicts", "decision_history"):
            yield from (str(row) for row in store.view(view))


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (b"CREATE TABLE inspections", b"CREATE TABL\xff inspections"),
        (b"AS where_copy", b"AS wh\xffre_copy"),
        (b"v.summary, i.message", b"v.summ\xffry, i.message"),
    ],
)
def test_a_store_whose_schema_is_no_text(was: bytes, now: bytes, stored: bytes, tmp_path: Path) -> None:
    path = tmp_path / "qc.db"
    path.write_bytes(stored.replace(was, now))
    with pytest.raises(QcError, match=r"qc\.db cannot be used: it holds text that is no UTF-8"):
        list(everything(path))


@fuzzed
@given(edits=EDITS)
def test_a_damaged_store(edits: list, stored: bytes, tmp_path: Path) -> None:
    path = tmp_path / "qc.db"
    for left in tmp_path.glob("qc.db*"):
        left.unlink()
    path.write_bytes(edited(stored, edits, len(stored)))
    try:
        list(everything(path))
    except QcError as fault:
        clear(fault, "qc.db")
