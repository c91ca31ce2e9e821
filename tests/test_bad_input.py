"""Everything that can be wrong with what is handed in: the documented exit code, one clear sentence, nothing lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
import tifffile
from conftest import DPI, ISBN, Drawn, Run
from PIL import Image

from qc.synthetic import Scanner, draw_copy, write_title

VERDICTS = {0, 10, 11, 12}


def sentence(err: str) -> str:
    """The one line that says what went wrong."""
    (line,) = [line for line in err.splitlines() if line.startswith("✗ ")]
    assert len(line) < 700 and "Traceback" not in err
    return line


def scans(copy: Path) -> list[Path]:
    return sorted(copy.glob("p-*"))


def picture(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


# --- nothing to inspect -----------------------------------------------------------------------------------------------


def test_an_empty_folder_is_3_and_says_what_belongs_there(run_qc: Run, tmp_path: Path) -> None:
    (tmp_path / "RMA-2").mkdir()
    ran = run_qc("inspect", "RMA-2")
    assert ran.code == 3
    assert "RMA-2" in sentence(ran.err) and "no scans" in ran.err


def test_a_missing_folder_is_2(run_qc: Run) -> None:
    ran = run_qc("inspect", "nowhere")
    assert ran.code == 2
    assert "nowhere does not exist" in sentence(ran.err)


def test_a_folder_with_texts_only_is_3(run_qc: Run, tmp_path: Path) -> None:
    (tmp_path / "RMA-2").mkdir()
    (tmp_path / "RMA-2" / "notes.txt").write_text("not a scan")
    assert run_qc("inspect", "RMA-2").code == 3


# --- one bad file among good ones, and all bad ------------------------------------------------------------------------


def empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def a_text(path: Path) -> Path:
    path.write_text("this is no picture\n" * 50)
    return path


def cut_short(path: Path) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


def as_tiff(path: Path) -> Path:
    picture(path).save(path.with_suffix(".tif"), dpi=(DPI, DPI))
    path.unlink()
    return path.with_suffix(".tif")


def as_png(path: Path) -> Path:
    picture(path).save(path.with_suffix(".png"), dpi=(DPI, DPI), compress_level=1)
    path.unlink()
    return path.with_suffix(".png")


DAMAGE = {
    "zero-byte": empty,
    "text-named-jpg": a_text,
    "truncated-jpeg": cut_short,
    "truncated-tiff": lambda path: cut_short(as_tiff(path)),
    "truncated-png": lambda path: cut_short(as_png(path)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=list(DAMAGE))
def test_one_bad_page_is_to_be_rescanned_and_the_verdict_comes_from_the_rest(
    damage, drawn: Drawn, run_qc: Run, tmp_path: Path
) -> None:
    copy = drawn.copied_to(tmp_path / "RMA-2")
    bad = damage(scans(copy)[1])
    ran = run_qc("inspect", copy, "--reference", drawn.title, "--json")
    found = json.loads(ran.out)
    assert ran.code in VERDICTS
    (wanted,) = found["verdict"]["rescan"]
    assert (wanted["file"], wanted["reference_page"]) == (bad.name, 2)
    assert wanted["why"].startswith(bad.name)
    head = next(f for f in found["findings"] if f["rule"] == "trim-offset-block" and f["where"]["edge"] == "head")
    assert head["outcome"] == "within"
    assert [p["kind"] for p in found["pages"]].count("unreadable") == 1


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=list(DAMAGE))
def test_all_pages_bad_is_3_and_names_the_first(damage, drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    copy = drawn.copied_to(tmp_path / "RMA-2")
    bad = [damage(path) for path in scans(copy)]
    ran = run_qc("inspect", copy, "--reference", drawn.title)
    assert ran.code == 3
    assert bad[0].name in sentence(ran.err) and "RMA-2" in ran.err
    assert not (tmp_path / "qc-out" / "RMA-2" / "inspection.json").exists()


def retagged(copy: Path, dpi: int | None) -> None:
    for path in scans(copy):
        options = {} if dpi is None else {"dpi": (dpi, dpi)}
        picture(path).save(path, quality=90, **options)


@pytest.mark.parametrize("tag", [None, 72, 1])
def test_no_credible_resolution_is_3_and_dpi_helps(tag: int | None, drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    copy = drawn.copied_to(tmp_path / "RMA-2")
    retagged(copy, tag)
    ran = run_qc("inspect", copy, "--reference", drawn.title)
    assert ran.code == 3
    assert "--dpi" in sentence(ran.err)
    if tag is None:
        assert run_qc("inspect", copy, "--reference", drawn.title, "--dpi", DPI).code == 0


# --- references, profiles, policies -----------------------------------------------------------------------------------


def encrypted(path: Path) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), encrypt=StandardEncryption("secret"))
    canvas.drawString(100, 100, "text")
    canvas.save()


def without_pages(path: Path) -> None:
    document = pypdfium2.PdfDocument.new()
    document.save(path)
    document.close()


REFERENCES = {
    "unreadable": lambda path: path.write_bytes(b"%PDF-1.7\nnothing of a PDF follows"),
    "text": lambda path: path.write_text("no PDF"),
    "empty-file": lambda path: path.write_bytes(b""),
    "encrypted": encrypted,
    "without-pages": without_pages,
    "missing": lambda path: None,
}


@pytest.mark.parametrize("make", REFERENCES.values(), ids=list(REFERENCES))
def test_a_bad_reference_on_the_command_line_is_4(make, drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    pdf = tmp_path / "ordered.pdf"
    make(pdf)
    ran = run_qc("inspect", drawn.copy, "--reference", pdf)
    assert ran.code == 4
    assert "ordered.pdf" in sentence(ran.err)


def test_an_isbn_not_under_titles_goes_on_without_reference(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    (tmp_path / "titles").mkdir()
    ran = run_qc("inspect", drawn.copy, "--titles", "titles")
    assert ran.code == 12
    assert ISBN in ran.out and "not found" in ran.out


def test_a_scanner_profile_that_is_not_there_is_4_on_the_command_line(drawn: Drawn, run_qc: Run) -> None:
    ran = run_qc("inspect", drawn.copy, "--scanner", "flatbed-a3")
    assert ran.code == 4
    assert "flatbed-a3" in sentence(ran.err)


def test_a_scanner_profile_that_is_no_toml_is_4(
    drawn: Drawn, run_qc: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QC_PROFILES", str(tmp_path))
    (tmp_path / "flatbed-a3.toml").write_text("= broken")
    ran = run_qc("inspect", drawn.copy, "--scanner", "flatbed-a3")
    assert ran.code == 4
    assert "flatbed-a3.toml" in sentence(ran.err)


def test_a_scanner_profile_that_is_not_there_is_said_when_copy_toml_names_it(
    drawn: Drawn, run_qc: Run, tmp_path: Path
) -> None:
    copy = drawn.copied_to(tmp_path / "RMA-2")
    (copy / "copy.toml").write_text('[scan]\nscanner = "flatbed-a3"\n')
    ran = run_qc("inspect", copy, "--reference", drawn.title, "--json")
    assert ran.code == 0
    assert "flatbed-a3" in ran.err and "wider uncertainty" in ran.err
    assert "flatbed-a3" in json.loads(ran.out)["provenance"]["scanner"]["note"]


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[scan]\nscaner = "x"\n', "scanner"),
        ("isbn = 978\n", "isbn"),
        ("copy = [\n", "TOML"),
        ('copy = "../../etc"\n', "copy"),
    ],
    ids=["unknown-key", "wrong-type", "no-toml", "id-with-slashes"],
)
def test_a_wrong_copy_toml_is_2_and_names_the_place(
    toml: str, said: str, drawn: Drawn, run_qc: Run, tmp_path: Path
) -> None:
    copy = drawn.copied_to(tmp_path / "RMA-2")
    (copy / "copy.toml").write_text(toml)
    ran = run_qc("inspect", copy)
    assert ran.code == 2
    assert "copy.toml" in sentence(ran.err) and said in ran.err


def test_a_wrong_policy_is_2(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("schema = 1\ntolerance = 3\n")
    for policy, said in (("kpd", "kdp"), ("p.toml", "tolerance")):
        ran = run_qc("inspect", drawn.copy, "--policy", policy)
        assert ran.code == 2
        assert said in sentence(ran.err)


# --- output -----------------------------------------------------------------------------------------------------------


def test_an_output_folder_that_is_a_file_is_5(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    ran = run_qc("inspect", drawn.copy, "--out", "taken")
    assert ran.code == 5
    assert "taken" in sentence(ran.err) and "--out" in ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_stdout_is_5() -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run([sys.executable, "-m", "qc", "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert ended.returncode == 5
    assert "Traceback" not in ended.stderr


def test_ctrl_c_is_130(drawn: Drawn, tmp_path: Path) -> None:
    copy = tmp_path / "RMA-2"
    copy.mkdir()
    for n in range(60):
        os.link(scans(drawn.copy)[n % 4], copy / f"p-{n:04}.jpg")
    arguments = [sys.executable, "-m", "qc", "inspect", copy, "--reference", drawn.title, "--out", tmp_path / "out"]
    # With nothing in the cache the title is drawn first, so that the inspection is under way for seconds.
    env = os.environ | {"QC_CACHE": str(tmp_path / "cache")}
    # A shell that runs the tests in the background has its children ignore the signal.
    listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(arguments, env=env, preexec_fn=listen, **pipes)
    deadline = time.monotonic() + 30
    while not (tmp_path / "out").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Interrupted" in err and "Traceback" not in err


# --- odd but sound ----------------------------------------------------------------------------------------------------


def rewritten(copy: Path, suffix: str, change, **options) -> None:
    for path in scans(copy):
        changed = change(picture(path))
        path.unlink()
        changed.save(path.with_suffix(suffix), dpi=(DPI, DPI), **options)


def sixteen_bit(copy: Path) -> None:
    for path in scans(copy):
        deep = np.asarray(picture(path)).astype(np.uint16) * 257
        path.unlink()
        tifffile.imwrite(
            path.with_suffix(".tif"), deep, resolution=(DPI, DPI), resolutionunit="INCH", photometric="rgb"
        )


ODD = {
    "1-bit": lambda copy: rewritten(
        copy, ".tif", lambda i: i.convert("L").point(lambda v: 255 * (v > 127), mode="1"), compression="group4"
    ),
    "16-bit": sixteen_bit,
    "cmyk": lambda copy: rewritten(copy, ".tif", lambda i: i.convert("CMYK")),
    "turned-90": lambda copy: rewritten(copy, ".jpg", lambda i: i.transpose(Image.Transpose.ROTATE_90), quality=95),
    "turned-180": lambda copy: rewritten(copy, ".jpg", lambda i: i.transpose(Image.Transpose.ROTATE_180), quality=95),
    "fewer-pages": lambda copy: scans(copy)[-1].unlink(),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_but_sound_copies_are_inspected(name: str, drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    copy = drawn.copied_to(tmp_path / "RMA-2")
    ODD[name](copy)
    ran = run_qc("inspect", copy, "--reference", drawn.title, "--json")
    assert ran.code in VERDICTS - {10}, ran.err
    places = [page["reference_page"] for page in json.loads(ran.out)["pages"]]
    # Thin strokes drop out of one bit a pixel, so a page of few words may stay without a match.
    assert len(places) >= 3
    assert all(place in (number, *[None] * (name == "1-bit")) for number, place in enumerate(places, 1))


@pytest.mark.parametrize("where", ["instead", "added"])
def test_a_page_of_another_book_is_inspected(where: str, drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    copy = drawn.copied_to(tmp_path / "RMA-2")
    other = write_title(tmp_path / "other.pdf", ["text"], trim_mm=(107.95, 174.498), seed=9)
    draw_copy(tmp_path / "other", other, scanner=Scanner(dpi=DPI), seed=9)
    (foreign,) = scans(tmp_path / "other")
    foreign.replace(copy / ("p-0002.jpg" if where == "instead" else "p-0005.jpg"))
    ran = run_qc("inspect", copy, "--reference", drawn.title, "--json")
    assert ran.code in VERDICTS
    place = 2 if where == "instead" else 5
    found = json.loads(ran.out)
    assert found["pages"][place - 1]["reference_page"] is None
    assert sum(o["value"] or 0 for o in found["observations"] if o["measure"] == "pages-foreign") == 1
