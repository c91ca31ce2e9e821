"""What an inspection costs, as ratios measured in one run: against decoding alone, other programs, another checkout.

    python benchmarks/speed.py [--folder FOLDER] [--code CHECKOUT] [--rounds N] [--pages N ...] [--odiff PROGRAM]

Forty-eight different pages of 6 x 9 in are drawn (text, pictures, bleed, tables), in color at 300 dpi as JPEG (quality 85),
LZW TIFF, PNG and a PDF of the JPEGs, in gray, and half of them at 600 dpi; and a color copy with ten faults. An inspection is the
whole command `qc inspect` in a process of its own: start, reports and pictures are in it. Decoding alone is `cv2.imread` to full
size, of a PDF that of the JPEGs, in a process of its own without its start: with the allocator as it comes, which maps and clears
each picture anew, and with buffers kept, which costs half of it. Goals are ratios to the former.

Times are processor times (user and system) of one thread, medians of rounds in which everything takes its turn, so that
a loaded machine loads all alike; take the ratios. Memory is the peak of the process with two threads. `--code` measures another
checkout beside this one, for a comparison in the same minutes. `--folder` keeps what was drawn for the next run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from study_runs import RUN

HERE = Path(__file__).resolve().parents[1]
PAGES = 48
TRIM = "6 x 9 in"
TRIM_MM = (152.4, 228.6)
GOALS = {"jpg": 2.4, "tif": 1.6, "png": 1.5, "600": 0.8, "pdf": 2.6, "gray": None, "faulty": 3.5}
FAULTS = ("band", "fade", "lost-line", "spot", "streak", "void", "lost-ink", "lost-region", "spot", "lost-page", "band")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1")

DECODE = """import ctypes, sys, time
if sys.argv[1] == "kept":
    ctypes.CDLL(None).mallopt(-3, 1 << 28), ctypes.CDLL(None).mallopt(-1, 1 << 28)
import cv2
cv2.setNumThreads(1)
start = time.process_time()
for file in sys.argv[2:]:
    assert cv2.imread(file) is not None, file
print(time.process_time() - start)"""
PAGE = """import sys, time, cv2
sys.path.insert(0, sys.argv[1])
cv2.setNumThreads(1)
from pathlib import Path
from qc.model import ScanFile, ScanSettings
from qc.page import inspect_page
from qc.reference.find import open_reference
from qc.register.page_result import PageJob
reference = open_reference(Path(sys.argv[2]), trim="6 x 9 in", bleed=True)
for _ in range(4):
    start = time.process_time()
    result = inspect_page(PageJob(1, ScanFile(Path(sys.argv[3]), "page"), ScanSettings()), reference)
    spent = time.process_time() - start
assert result.registration is not None, result.error
print(spent)"""
SSIM = """import sys, time, cv2
from skimage.metrics import structural_similarity
start = time.process_time()
structural_similarity(cv2.imread(sys.argv[1]), cv2.imread(sys.argv[2]), channel_axis=2)
print(time.process_time() - start)"""


class Spent(NamedTuple):
    """Seconds of processor and clock, peak of memory in MB, and what was printed."""

    cpu: float
    wall: float
    peak_mb: float
    printed: str


def child(command: Sequence[object], **variables: str) -> Spent:
    """Run a program. This process imports no large library: the peak of a child begins with that of its parent."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as told:
        program = subprocess.Popen(
            [str(c) for c in command], stdout=printed, stderr=told, env={**os.environ, **variables}
        )
        _, status, used = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0), told.seek(0)
        if program.returncode not in (0, 10, 11, 12):
            raise SystemExit(f"{command[:4]}: {program.returncode}\n{told.read().decode()}")
        seconds = used.ru_utime + used.ru_stime
        return Spent(seconds, time.perf_counter() - start, used.ru_maxrss / 1024, printed.read().decode())


def snippet(text: str, *arguments: object) -> float:
    """Seconds that a small program measured of itself."""
    return float(child([sys.executable, "-c", text, *arguments], **ONE_THREAD).printed)


def inspect(code: Path, copy: Path, title: Path, cache: Path, threads: int = 1) -> Spent:
    """`qc inspect` of a checkout."""
    run = RUN.replace("range(1)", f"range({threads})")
    with tempfile.TemporaryDirectory() as out:
        options = ["--reference", title, "--out", out, "--json"]
        return child([sys.executable, "-c", run, code, "inspect", copy, *options], QC_CACHE=str(cache), **ONE_THREAD)


def medians(works: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """Each in turn, again and again."""
    return [statistics.median(times) for times in zip(*([w() for w in works] for _ in range(rounds)), strict=True)]


def draw(folder: Path) -> None:
    """The titles and their scans in all formats."""
    from dataclasses import replace

    import numpy as np
    from PIL import Image
    from synthetic_model import draw as draw_copy

    from qc.synthetic import Kind, draw_scan, sample_conditions, write_scan, write_title

    kinds = (Kind.TEXT, Kind.PICTURE, Kind.TEXT, Kind.BLEED_MIXED, Kind.TABLE, Kind.TEXT)
    title = write_title(folder / "title" / "interior.pdf", kinds * (PAGES // 6), trim_mm=TRIM_MM, bleed=True, seed=5100)
    (folder / "title" / "title.toml").write_text(f'trim = "{TRIM}"\nbleed = true\n')
    for name in ("jpg", "tif", "png", "gray", "600"):
        (folder / name).mkdir(exist_ok=True)
    for page in title.pages:
        for dpi in (300, 600)[: 1 + page.number % 2]:
            seed = 5100 + page.number
            printed, cut, scanner = sample_conditions(np.random.default_rng(seed), "black", dpi, 2.0)
            scanner = replace(scanner, mode="color", quality=85, subsampling="4:2:0")
            image, _ = draw_scan(page, printed, cut, scanner, np.random.default_rng(seed))
            file = folder / ("jpg" if dpi == 300 else "600") / f"p-{page.number:04d}.jpg"
            write_scan(file, image, scanner)
            if dpi == 300:
                # What the JPEG holds, so that all formats show the same picture.
                shown = np.asarray(Image.open(file))
                tiff = replace(scanner, format="tiff", compression="lzw")
                write_scan(folder / "tif" / f"{file.stem}.tif", shown, tiff)
                write_scan(folder / "png" / f"{file.stem}.png", shown, replace(scanner, format="png"))
                gray = np.asarray(Image.open(file).convert("L"))
                write_scan(folder / "gray" / file.name, gray, replace(scanner, mode="gray"))
    _write_pdf(folder / "pdf.pdf", sorted((folder / "jpg").iterdir()))
    plants = [(kind, 2 * n + 3) for n, kind in enumerate(FAULTS)]
    truth = draw_copy(folder / "drawn", 5101, pages=24, color=True, plants=plants)
    shutil.copytree(folder / "drawn" / "sound", folder / "faulty")
    shutil.copy(folder / "drawn" / "copy.toml", folder / "faulty")
    for plant in truth["plants"]:
        scan = folder / "drawn" / "faulty" / plant["file"]
        shutil.copy(scan, folder / "faulty" / scan.name.removeprefix(f"{plant['kind']}-"))
    (folder / "done").touch()


def _write_pdf(path: Path, jpegs: Sequence[Path]) -> None:
    import pypdfium2
    from PIL import Image

    document = pypdfium2.PdfDocument.new()
    for jpeg in jpegs:
        with Image.open(jpeg) as opened:
            width, height = (n * 72 / 300 for n in opened.size)
        image = pypdfium2.PdfImage.new(document)
        image.load_jpeg(jpeg)
        image.set_matrix(pypdfium2.PdfMatrix().scale(width, height))
        page = document.new_page(width, height)
        page.insert_obj(image)
        page.gen_content()
    document.save(path)
    document.close()


def long_copy(folder: Path, pages: int) -> tuple[Path, Path]:
    """Copy and title of many pages: the 48, again and again."""
    if pages == PAGES:
        return folder / "jpg", folder / "title"
    copy, title = folder / f"copy-{pages}", folder / f"title-{pages}"
    if not title.exists():
        import pypdfium2

        copy.mkdir(exist_ok=True)
        for n in range(pages):
            # A file that is there twice is not inspected twice: a few bytes behind the picture tell them apart.
            scan = (folder / "jpg" / f"p-{n % PAGES + 1:04d}.jpg").read_bytes()
            (copy / f"p-{n + 1:04d}.jpg").write_bytes(scan + f"{n}".encode())
        title.mkdir()
        source = pypdfium2.PdfDocument(folder / "title" / "interior.pdf")
        many = pypdfium2.PdfDocument.new()
        for start in range(0, pages, PAGES):
            many.import_pages(source, list(range(min(PAGES, pages - start))))
        many.save(title / "interior.pdf")
        shutil.copy(folder / "title" / "title.toml", title)
    return copy, title


def against_decoding(folder: Path, codes: Sequence[Path], rounds: int) -> None:
    print(
        f"{'ms of processor a page':24} pages  decode  kept   "
        + "".join(f"{c.name:>9} ratio  " for c in codes)
        + " goal"
    )
    caches = [folder / f"cache-{n}" for n in range(len(codes))]
    for name, goal in GOALS.items():
        copy = folder / ("pdf.pdf" if name == "pdf" else name)
        decoded = sorted(p for p in (folder / ("jpg" if name == "pdf" else name)).iterdir() if p.suffix != ".toml")
        title = folder / ("drawn/title" if name == "faulty" else "title")
        works = [lambda how=how, decoded=decoded: snippet(DECODE, how, *decoded) for how in ("fresh", "kept")]
        for code, cache in zip(codes, caches, strict=True):
            inspect(code, copy, title, cache)  # fills the cache
            works.append(lambda a=(code, copy, title, cache): inspect(*a).cpu)
        fresh, kept, *whole = (1000 * s / len(decoded) for s in medians(works, rounds))
        cells = "".join(f"{w:9.1f} {w / fresh:5.2f}  " for w in whole)
        print(
            f"{'qc inspect, ' + name:24} {len(decoded):5} {fresh:7.1f} {kept:5.1f}   {cells} {goal or ''}", flush=True
        )


def memory(folder: Path, codes: Sequence[Path], counts: Sequence[int]) -> None:
    print(f"\n{'two threads':24} pages   " + "".join(f"{c.name:>9} ms  peak MB   " for c in codes))
    for pages in counts:
        copy, title = long_copy(folder, pages)
        for which in ("first", "second") if pages == PAGES else ("second",):
            cells = ""
            for n, code in enumerate(codes):
                with tempfile.TemporaryDirectory() as empty:
                    cache = Path(empty) if which == "first" else folder / f"cache-{n}-{pages}"
                    if which == "second" and not cache.exists():
                        inspect(code, copy, title, cache)
                    spent = inspect(code, copy, title, cache, threads=2)
                cells += f"{1000 * spent.cpu / pages:12.1f} {spent.peak_mb:8.0f}   "
            print(f"{which + ' copy of a title':24} {pages:5}   {cells}", flush=True)


def against_programs(folder: Path, codes: Sequence[Path], rounds: int, odiff: str | None) -> None:
    """One pair of PNG pictures of the same size: the scan of a text page, and the next text page."""
    first, other = folder / "png" / "p-0001.png", folder / "pair.png"
    if not other.exists():
        from PIL import Image

        with Image.open(first) as one, Image.open(folder / "png" / "p-0003.png") as two:
            two.resize(one.size).save(other)
    works = [lambda code=code: snippet(PAGE, code, folder / "title", first) for code in codes]
    works.append(lambda: snippet(SSIM, first, other))
    programs = {"ImageMagick compare": ["compare", "-metric", "RMSE", first, other, "null:"]}
    if odiff:
        programs["odiff"] = [odiff, first, other, folder / "difference.png"]
    programs = {name: command for name, command in programs.items() if shutil.which(str(command[0]))}
    works += [lambda c=c: _program(c) for c in programs.values()]
    times = medians(works, rounds)
    ours, theirs = times[: len(codes)], times[len(codes) :]
    print(
        "\npair of PNG pictures, ms: " + ", ".join(f"{c.name} {1000 * t:.0f}" for c, t in zip(codes, ours, strict=True))
    )
    for name, t in zip(("scikit-image SSIM", *programs), theirs, strict=True):
        print(f"  {name:22} {1000 * t:6.0f}   qc / it: " + ", ".join(f"{o / t:.3f}" for o in ours))


def _program(command: Sequence[object]) -> float:
    before = os.times()
    subprocess.run([str(c) for c in command], capture_output=True, env={**os.environ, "MAGICK_THREAD_LIMIT": "1"})
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def two_workers(folder: Path) -> None:
    """`qc batch` on eight copies of 24 pages, by one worker and by two, each after a run that fills the cache."""
    scans = folder / "batch"
    (folder / "titles").mkdir(exist_ok=True)
    if not (folder / "titles" / "drawn").exists():
        (folder / "titles" / "drawn").symlink_to(folder / "title")
    for n in range(8):
        (scans / f"c{n}").mkdir(parents=True, exist_ok=True)
        (scans / f"c{n}" / "copy.toml").write_text('[reference]\nfile = "drawn/interior.pdf"\n')
        for page in range(1, 25):
            scan = scans / f"c{n}" / f"p-{page:04d}.jpg"
            if not scan.exists():
                os.link(folder / "jpg" / scan.name, scan)
    walls: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as out:
        for run, workers in enumerate((2, 1, 2, 1, 2)):
            command = [
                sys.executable,
                "-m",
                "qc",
                "batch",
                scans,
                "--titles",
                folder / "titles",
                "--out",
                f"{out}/{run}",
            ]
            wall = child([*command, "--jobs", workers], QC_CACHE=f"{out}/cache", PYTHONPATH=str(HERE)).wall
            if run:
                walls[workers] = min(wall, walls.get(workers, wall))
    print(
        f"\ntwo workers, 8 copies of 24 pages, wall-clock: {walls[1] / walls[2]:.2f} x one; load {os.getloadavg()[0]:.1f}"
    )


def help_times(codes: Sequence[Path]) -> None:
    for command in (["--help"], ["inspect", "--help"]):
        spent = [min(child([sys.executable, "-c", RUN, code, *command]).cpu for _ in range(5)) for code in codes]
        print(f"qc {' '.join(command)}: " + ", ".join(f"{s:.2f} s" for s in spent))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--code", type=Path, action="append", default=[], help="a further checkout of the project")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, nargs="*", default=(PAGES, 800))
    parser.add_argument("--odiff", help="the program; npm install odiff-bin has it")
    parser.add_argument("--draw", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.draw:
        draw(given.folder)
        return
    codes = [HERE, *(c.resolve() for c in given.code)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "done").exists():
            child([sys.executable, __file__, "--draw", "--folder", folder], PYTHONPATH=str(HERE))
        against_decoding(folder, codes, given.rounds)
        memory(folder, codes, given.pages)
        against_programs(folder, codes, given.rounds, given.odiff)
        two_workers(folder)
        help_times(codes)


if __name__ == "__main__":
    main()
