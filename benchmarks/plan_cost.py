"""CPU seconds of `qc plan` beside `qc inspect` for one copy, and how many of its pages a plan names rightly.

Pages are pictures of the PDF at 300 dpi, laid with a random turn and shift on black with noise: they cost what scans cost to
read and to match, and are quick to make. Run as

    nice -n 10 python benchmarks/plan_cost.py FOLDER --pages 300 [--reversed] [--no-inspect]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pypdfium2

from qc.synthetic import Kind, write_title
from qc.units import parse_trim

_DPI = 300
_MIX = [Kind.TEXT] * 7 + [Kind.PICTURE, Kind.TABLE, Kind.TEXT]


def draw(root: Path, pages: int, reverse: bool) -> None:
    """Title and scans; a picture of every page, upright, 1 % of them blank."""
    trim = parse_trim("6 x 9 in")
    kinds = [Kind.CHAPTER if n % 24 == 0 else Kind.BLANK if n % 97 == 96 else _MIX[n % len(_MIX)] for n in range(pages)]
    title = write_title(root / "titles" / "T" / "interior.pdf", kinds, trim_mm=trim, seed=11)
    (title.path.parent / "title.toml").write_text('trim = "6 x 9 in"\nbleed = false\n')
    folder = root / ("reversed" if reverse else "copy")
    folder.mkdir()
    rng = np.random.default_rng(12)
    document = pypdfium2.PdfDocument(title.path)
    for n in range(pages):
        page = document[n].render(scale=(_DPI - 1e-4) / 72).to_numpy()[..., :3]
        turn = cv2.getRotationMatrix2D((page.shape[1] / 2, page.shape[0] / 2), float(rng.normal(0, 0.4)), 1)
        turn[:, 2] += 60 + rng.normal(0, 8, 2)
        scan = cv2.warpAffine(page, turn, (page.shape[1] + 120, page.shape[0] + 120), borderValue=(18, 18, 18))
        noise = rng.integers(-6, 7, scan.shape, np.int16)
        scan = np.clip(scan.astype(np.int16) - 8 + noise, 0, 255).astype(np.uint8)
        name = folder / f"p-{(pages - n if reverse else n + 1):04d}.jpg"
        cv2.imwrite(str(name), scan, [cv2.IMWRITE_JPEG_QUALITY, 85, cv2.IMWRITE_JPEG_CHROMA_QUALITY, 85])
        _state_dpi(name)
        (root / "kinds.txt").write_text(" ".join(kinds))


def _state_dpi(path: Path) -> None:
    data = bytearray(path.read_bytes())
    assert data[6:11] == b"JFIF\0"
    data[13] = 1
    data[14:18] = _DPI.to_bytes(2, "big") * 2
    path.write_bytes(data)


def cost(*arguments: str | Path) -> tuple[float, float, str]:
    """CPU seconds and peak memory in MB of a command, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(
        [sys.executable, "-m", "qc", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, after.ru_maxrss / 1024, ran.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--reversed", action="store_true")
    parser.add_argument("--no-inspect", action="store_true")
    given = parser.parse_args()
    root = given.folder
    copy = root / ("reversed" if given.reversed else "copy")
    if not copy.exists():
        draw(root, given.pages, given.reversed)
    title = root / "titles" / "T"
    os.environ["QC_CACHE"] = str(root / "cache")
    cold, memory, out = cost("plan", copy, "--reference", title, "--json")
    print(f"plan, cold cache   {cold:7.1f} s CPU, {memory:.0f} MB")
    scans = json.loads(out)["scans"]
    truth = [given.pages - n if given.reversed else n + 1 for n in range(given.pages)]
    named = [s["looks_like"] for s in scans]
    right = sum(a == b for a, b in zip(named, truth, strict=True))
    blank = sum(s["kind"] == "blank" for s in scans)
    wrong = sum(a is not None and a != b for a, b in zip(named, truth, strict=True))
    print(f"named {right} rightly, {wrong} wrongly, {blank} blank, of {given.pages}")
    if not given.no_inspect:
        seconds, memory, _ = cost("inspect", copy, "--reference", title, "--out", root / "out")
        print(f"inspect, cold      {seconds:7.1f} s CPU, {memory:.0f} MB")
        seconds, memory, _ = cost("inspect", copy, "--reference", title, "--out", root / "out")
        print(f"inspect, warm      {seconds:7.1f} s CPU, {memory:.0f} MB")
        warm, memory, _ = cost("plan", copy, "--reference", title)
        print(f"plan, warm         {warm:7.1f} s CPU, {memory:.0f} MB")


if __name__ == "__main__":
    main()
