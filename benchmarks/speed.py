"""What an inspection costs, as ratios measured in one run: against decoding alone, other programs, and itself.

    python benchmarks/speed.py [--folder FOLDER] [--odiff PROGRAM] [--pages N ...]

Six drawn pages of 6 x 9 in, 85 % JPEG in color, repeated to make copies of many pages; what is printed makes the difference,
so text, picture, table and bleed are among them. Every figure is CPU time (user and system, one thread) but for the speed-up of
two workers. Times of a page are the medians of interleaved repeats. Decoding alone is `cv2.imread` to full size, of a PDF
that of the JPEG inside it. `--folder` keeps the drawn pages for the next run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from PIL import Image

from qc.judge.policy import load_policy
from qc.model import ScanFile, ScanSettings
from qc.page import inspect_page
from qc.pipeline import inspect_copy
from qc.reference.find import Reference, open_reference
from qc.register.page_result import PageJob
from qc.scan.copy_folder import open_copy
from qc.synthetic import Kind, draw_scan, sample_conditions, write_scan, write_title

TRIM_MM = (152.4, 228.6)
TRIM = "6 x 9 in"
KINDS = (Kind.TEXT, Kind.PICTURE, Kind.TEXT, Kind.BLEED_MIXED, Kind.TABLE, Kind.TEXT)
FORMATS = ("jpg", "tif", "png", "pdf")
GOALS = {("jpg", 300): 2.0, ("jpg", 600): 0.8, ("tif", 300): 1.3, ("png", 300): 1.2}
REPEATS = 7


def draw(folder: Path) -> None:
    """The title and its scans in all formats, where they are not there yet."""
    if (folder / "done").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    title = write_title(folder / "title" / "interior.pdf", KINDS, trim_mm=TRIM_MM, bleed=True, seed=5100)
    for dpi in (300, 600):
        for page in title.pages:
            seed = 5100 + page.number
            printed, cut, scanner = sample_conditions(np.random.default_rng(seed), "black", dpi, 2.0)
            scanner = replace(scanner, mode="color", quality=85, subsampling="4:2:0")
            image, _ = draw_scan(page, printed, cut, scanner, np.random.default_rng(seed))
            file = folder / f"{dpi}-{page.number}.jpg"
            write_scan(file, image, scanner)
            # What a JPEG holds, so that all formats show the same picture.
            shown = np.asarray(Image.open(file))
            write_scan(file.with_suffix(".tif"), shown, replace(scanner, format="tiff", compression="lzw"))
            write_scan(file.with_suffix(".png"), shown, replace(scanner, format="png"))
            write_pdf(file.with_suffix(".pdf"), file, shown.shape[1] / dpi * 72, shown.shape[0] / dpi * 72)
    (folder / "done").touch()


def write_pdf(path: Path, jpeg: Path, width_pt: float, height_pt: float) -> None:
    document = pypdfium2.PdfDocument.new()
    image = pypdfium2.PdfImage.new(document)
    image.load_jpeg(jpeg)
    image.set_matrix(pypdfium2.PdfMatrix().scale(width_pt, height_pt))
    page = document.new_page(width_pt, height_pt)
    page.insert_obj(image)
    page.gen_content()
    document.save(path)
    document.close()


def long_copy(folder: Path, pages: int) -> tuple[Path, Path]:
    """Copy and title of many pages: the six, again and again."""
    copy, title = folder / f"copy-{pages}", folder / f"title-{pages}" / "interior.pdf"
    if not title.exists():
        copy.mkdir(exist_ok=True)
        for n in range(pages):
            scan = copy / f"{n + 1:04d}.jpg"
            scan.unlink(missing_ok=True)
            os.link(folder / f"300-{n % len(KINDS) + 1}.jpg", scan)
        title.parent.mkdir(exist_ok=True)
        source, many = pypdfium2.PdfDocument(folder / "title" / "interior.pdf"), pypdfium2.PdfDocument.new()
        for _ in range(pages // len(KINDS)):
            many.import_pages(source)
        many.save(title)
    return copy, title


def reference_at(pdf: Path) -> Reference:
    return open_reference(pdf, trim=TRIM, bleed=True)


def cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def medians(works: Sequence[Callable[[], object]]) -> list[float]:
    """CPU seconds of each, the first round left out."""
    rounds = [[cpu(work) for work in works] for _ in range(REPEATS + 1)][1:]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def decode(files: Sequence[Path]) -> None:
    for file in files:
        assert cv2.imread(str(file.with_suffix(".jpg") if file.suffix == ".pdf" else file)) is not None


def examine(files: Sequence[Path], reference: Reference) -> None:
    for page, file in enumerate(files, 1):
        result = inspect_page(PageJob(page, ScanFile(file, file.name), ScanSettings()), reference)
        assert result.registration is not None, (file, result.error)


def against_decoding(folder: Path) -> None:
    reference = reference_at(folder / "title" / "interior.pdf")
    print("page examined / decoded alone, reference cached   CPU ms    CPU ms   ratio   goal")
    for suffix in FORMATS:
        for dpi in (300, 600):
            files = [folder / f"{dpi}-{n}.{suffix}" for n in range(1, len(KINDS) + 1)]
            alone, full = medians([partial(decode, files), partial(examine, files, reference)])
            goal = GOALS.get((suffix, dpi))
            each = 1000 / len(files)
            print(
                f"  {suffix} {dpi} dpi, decoded and examined:        {alone * each:8.1f}  {full * each:8.1f}  {full / alone:6.2f}"
                + (f"   {goal}" if goal else "")
            )


def child(work: Sequence[object], **variables: str) -> tuple[float, float, str]:
    """CPU and wall-clock seconds of a program, and what it printed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([str(w) for w in work], capture_output=True, text=True, env={**os.environ, **variables})
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, wall, done.stdout


def against_programs(folder: Path, odiff: str | None) -> None:
    """One pair of PNG pictures of the same size: the scan, and the page as it was ordered."""
    from skimage.metrics import structural_similarity

    scan = folder / "300-1.png"
    reference = reference_at(folder / "title" / "interior.pdf")
    ordered = folder / "ordered-1.png"
    pixels = cv2.imread(str(scan))
    assert pixels is not None
    h, w = pixels.shape[:2]
    # As large as the scan and about in its place: those programs lay nothing on anything.
    page = reference.crop(1, (0.0, 0.0, *TRIM_MM), 300.0)[:h, :w]
    aim = np.zeros_like(pixels)
    aim[(h - len(page)) // 2 :, (w - page.shape[1]) // 2 :][: len(page), : page.shape[1]] = page
    cv2.imwrite(str(ordered), aim)

    def ssim() -> None:
        pair = [cv2.imread(str(file)) for file in (scan, ordered)]
        structural_similarity(*pair, channel_axis=2)

    ours, theirs = medians([lambda: examine([scan], reference), ssim])
    print(f"\npair of PNG pictures, {w} x {h} px                    CPU ms   qc / it   goal")
    print(f"  qc, page against its cached reference        {1000 * ours:8.0f}")
    print(f"  scikit-image structural_similarity           {1000 * theirs:8.0f}  {ours / theirs:8.3f}")
    programs = {"ImageMagick compare -metric RMSE": ["compare", "-metric", "RMSE", scan, ordered, "null:"]}
    if odiff:
        programs["odiff"] = [odiff, scan, ordered, folder / "difference.png"]
    else:
        print("  odiff: not given; npm install odiff-bin, then --odiff node_modules/odiff-bin/bin/odiff...")
    for name, work in programs.items():
        if shutil.which(str(work[0])) is None:
            print(f"  {name}: {work[0]} is not installed")
            continue
        spent = statistics.median(child(work, MAGICK_THREAD_LIMIT="1")[0] for _ in range(REPEATS))
        goal = "   0.7" if name == "odiff" else ""
        print(f"  {name:44s} {1000 * spent:8.0f}  {ours / spent:8.3f}{goal}")


def copies(folder: Path, counts: Sequence[int]) -> None:
    """Whole inspections in processes of their own: memory, first and second copy of a title, two workers."""
    print("\nwhole copy, one process, JPEG 300 dpi           pages  CPU ms a page   of which decoding   peak MB   goal")
    for pages in counts:
        with tempfile.TemporaryDirectory() as cache:
            for which in ("first", "second"):
                told = json.loads(
                    child([sys.executable, __file__, "--copy", pages, "--folder", folder], QC_CACHE=cache)[2]
                )
                print(
                    f"  {which + ' copy of its title':44s} {pages:6d}  {1000 * told['cpu'] / pages:12.1f}"
                    f"   {1000 * told['decode'] / pages:17.1f}  {told['peak_mb']:8.0f}   300"
                )


def two_workers(folder: Path) -> None:
    """`qc batch` on eight copies of 24 pages, by one worker and by two, each after a run that fills the cache."""
    _, title = long_copy(folder, 24)
    scans = folder / "batch"
    for n in range(8):
        (scans / f"c{n}").mkdir(parents=True, exist_ok=True)
        for page in range(24):
            scan = scans / f"c{n}" / f"{page + 1:02d}.jpg"
            if not scan.exists():
                os.link(folder / f"300-{page % len(KINDS) + 1}.jpg", scan)
    walls: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as out:
        for run, workers in enumerate((2, 1, 2, 1, 2)):
            command = [sys.executable, "-m", "qc", "batch", scans, "--reference", title, "--out", f"{out}/{run}"]
            _, wall, _ = child([*command, "--jobs", workers], QC_CACHE=f"{out}/cache")
            if run:
                walls[workers] = min(wall, walls.get(workers, wall))
    print(
        f"\ntwo workers against one, 8 copies of 24 pages, wall-clock: {walls[1] / walls[2]:.2f} x (goal 1.8)"
        f"   load of the machine {os.getloadavg()[0]:.1f}"
    )


def help_time() -> None:
    spent = min(child([sys.executable, "-m", "qc", "--help"])[0] for _ in range(REPEATS))
    print(f"qc --help: {spent:.2f} s CPU (goal 0.25)")


def one_copy(folder: Path, pages: int) -> None:
    copy, title = long_copy(folder, pages)
    start = time.process_time()
    inspect_copy(open_copy(copy), reference_at(title), load_policy())
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    alone = cpu(lambda: decode(sorted(copy.iterdir())))
    print(json.dumps({"cpu": spent, "decode": alone, "peak_mb": peak}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--odiff", help="the program")
    parser.add_argument("--pages", type=int, nargs="*", default=(24, 240, 800))
    parser.add_argument("--copy", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    if given.copy:
        one_copy(given.folder, given.copy)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        draw(folder)
        against_decoding(folder)
        against_programs(folder, given.odiff)
        copies(folder, [n - n % len(KINDS) for n in given.pages])
        two_workers(folder)
        help_time()


if __name__ == "__main__":
    main()
