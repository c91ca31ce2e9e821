"""What the loader makes of a folder of odd files: pixels, or one clear error, in bounded time and memory.

    python benchmarks/hostile_files.py FOLDER... --seconds 20 --megabytes 1500 --second-opinion

Each file is counted, and its first frames are read, header and pixels, in a process of its own under a limit of time and
memory; PDF is read by one more process, whose memory is not in the table. A row tells how that ended: ``read`` (with the
pixels), ``refused`` (with the sentence), or, in capitals, what must not happen: CRASH (killed by a signal, or another error
than a ScanError), SLOW, NOISE (something was printed), UNCLEAR (the sentence does not name the file, or does not end in what to
do). The exit code is 1 if anything of that happened.

With ``--second-opinion`` the pixels are held against those of ImageMagick, where it is installed: rows with a mean absolute
difference above 3 of 255 levels, or of another size, are marked DIFFERS and want a look. PDF is left out: it is drawn there.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qc.errors import ScanError
from qc.model import ScanFile
from qc.scan.image_file import ScanHeader, count_frames, read_header, read_pixels

MOST_FRAMES = 12
MOST_LEVELS = 3.0
SENTENCE = re.compile(r"\S.*[.:] ?[A-Z]?.*(rescan|export|copy|check|save|pass|take|give)", re.IGNORECASE | re.DOTALL)
OTHER_FILES = {".csv", ".md", ".txt", ".json", ".toml"}


@dataclass(frozen=True)
class Ending:
    """How reading a file ended."""

    name: str
    what: str
    said: str
    seconds: float
    megabytes: float


def read(path: Path, second: str | None) -> str:
    """The pixels of the first frames in words; raises the ScanError of the first that cannot be read."""
    words, refused = [], None
    frames = count_frames(path)
    for frame in range(min(frames, MOST_FRAMES)):
        scan = ScanFile(path, path.name, frame)
        try:
            header, pixels = read_header(scan), read_pixels(scan)
        except ScanError as fault:
            refused = refused or fault
            continue
        check(scan, header, pixels)
        said = f"{'x'.join(map(str, pixels.shape))} {pixels.dtype} mean {pixels.mean():.1f}"
        if header.resolution is not None:
            said += f" {header.resolution.x_dpi:g}x{header.resolution.y_dpi:g} dpi"
        if second and header.format != "PDF":
            said += differing(second, path, frame, pixels)
        words.append(said)
    if not words and refused:
        raise refused
    return f"{header.format} {frames} frame(s): {'; '.join(dict.fromkeys(words))}{f'; first refused: {refused}' if refused else ''}"


def check(scan: ScanFile, header: ScanHeader, pixels: np.ndarray) -> None:
    """Header, pixels, and pixels at half size must tell the same."""
    assert pixels.shape[:2] == (header.height_px, header.width_px), f"{pixels.shape} is not the size of {header}"
    assert (pixels.ndim == 2) == header.gray and pixels.dtype == (np.uint16 if header.bits == 16 else np.uint8)
    if header.bits == 1:
        assert set(np.unique(pixels)) <= {0, 255}
    half = read_pixels(scan, 2)
    assert half.shape[:2] == tuple(-(-n // 2) for n in pixels.shape[:2]), f"half of {pixels.shape} is {half.shape}"
    if min(pixels.shape[:2]) >= 32:  # below, the partial blocks at the end weigh too much
        assert abs(float(half.mean()) - float(pixels.mean())) < 0.02 * np.iinfo(pixels.dtype).max


def differing(second: str, path: Path, frame: int, pixels: np.ndarray) -> str:
    """How the pixels differ from those of the program `second`; empty where they do not."""
    arguments = [
        "-auto-orient",
        "-background",
        "white",
        "-alpha",
        "remove",
        "-colorspace",
        "sRGB",
        "-depth",
        "8",
        "ppm:-",
    ]
    ran = subprocess.run([second, f"{path}[{frame}]", *arguments], capture_output=True)
    match = re.match(rb"P6\n(\d+) (\d+)\n255\n", ran.stdout)
    if match is None:
        return " (ImageMagick cannot)"
    width, height = int(match[1]), int(match[2])
    theirs = np.frombuffer(ran.stdout[match.end() :], np.uint8)[: width * height * 3].reshape(height, width, 3)
    ours = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    if ours.dtype == np.uint16:
        ours = ours / 257.0
    if ours.shape != theirs.shape:
        return f" DIFFERS in size: {theirs.shape}"
    off = float(np.abs(ours.astype(float) - theirs).mean())
    return f" DIFFERS by {off:.1f}" if off > MOST_LEVELS else ""


def tried(path: Path, seconds: float, megabytes: int, second: str | None) -> Ending:
    """Reads `path` in a process of its own; a crash or a hang is told, not shared."""
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as result:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            _child(path, megabytes, second, printed.fileno(), result.fileno())
        timed_out = False
        while True:
            done, status, usage = os.wait4(child, os.WNOHANG)
            if done:
                break
            if time.monotonic() - began > seconds:
                timed_out = True
                os.kill(child, signal.SIGKILL)
                _, status, usage = os.wait4(child, 0)
                break
            time.sleep(0.01)
        took, most = time.monotonic() - began, usage.ru_maxrss / 1024
        printed.seek(0)
        result.seek(0)
        noise, text = printed.read().decode("utf-8", "replace"), result.read().decode("utf-8", "replace")
    what, _, said = text.partition(" ")
    ending = Ending(path.name, what, said, took, most)
    if timed_out:
        return replace(ending, what="SLOW", said=f"not done after {seconds:g} s")
    if os.WIFSIGNALED(status) or not what:
        return replace(ending, what="CRASH", said=f"wait status {status} {noise[-300:]}")
    if noise.strip():
        return replace(ending, what="NOISE", said=f"{noise.strip()[:300]!r} beside {what} {said}")
    if what == "refused" and not (said.startswith(path.name) and "\n" not in said and SENTENCE.search(said)):
        return replace(ending, what="UNCLEAR")
    return ending


def _child(path: Path, megabytes: int, second: str | None, printed: int, result: int) -> None:
    for stream in (1, 2):
        os.dup2(printed, stream)
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 2**20, megabytes * 2**20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        text = f"read {read(path, second)}"
    except ScanError as fault:
        text = f"refused {fault}"
    except BaseException as fault:
        text = f"CRASH {type(fault).__name__}: {fault}"
    os.write(result, text.encode("utf-8", "backslashreplace"))
    os._exit(0)


def files(folders: list[Path]) -> list[Path]:
    found = (p for folder in folders for p in ([folder] if folder.is_file() else sorted(folder.rglob("*"))))
    return [p for p in found if p.is_file() and p.suffix not in OTHER_FILES]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--megabytes", type=int, default=1500, help="of data a process may hold")
    parser.add_argument("--second-opinion", action="store_true", help="hold pixels against ImageMagick's")
    asked = parser.parse_args()
    second = (shutil.which("magick") or shutil.which("convert")) if asked.second_opinion else None
    counted: Counter[str] = Counter()
    slowest = most = 0.0
    for path in files(asked.folders):
        ending = tried(path, asked.seconds, asked.megabytes, second)
        counted[ending.what] += 1
        slowest, most = max(slowest, ending.seconds), max(most, ending.megabytes)
        print(
            f"{ending.what:<8} {ending.seconds:6.2f} s {ending.megabytes:5.0f} MB  {ending.name}: {ending.said}",
            flush=True,
        )
    print(f"{dict(counted)}; slowest {slowest:.2f} s, largest {most:.0f} MB")
    return int(any(what.isupper() for what in counted))


if __name__ == "__main__":
    sys.exit(main())
