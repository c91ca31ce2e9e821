"""A night of copies that are written slowly while `qc watch` is killed again and again; then `qc batch` is, too.

    python benchmarks/night_study.py FOLDER --copies 200 --kills 30

Copies of four pages at 100 dpi are drawn, one in twenty hostile: cut off, empty, a header of 3,600 megapixels, no image, a
copy.toml that is none. A process writes them into an inbox in a wild order, bit by bit, several at a time; some under a
temporary name, some with stalls longer than --quiet. Meanwhile two thirds of the kills hit `qc watch`, at random times, and the
rest `qc batch` on the full inbox with a store of its own. Each is begun again with the same command. Then every copy must have
been inspected once in either store, and each record be that of a batch that nobody disturbed, but for times and paths.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from qc.synthetic import Block, Cut, Faults, Kind, Print, Scanner, draw_copy, write_title

PAGES = (Kind.TEXT, Kind.PICTURE, Kind.TEXT, Kind.TEXT)
TRIM_MM = (90.0, 120.0)
SEVERAL = 6
"""Copies that are written at the same time."""
CHUNK = 8192
HOSTILE = ("cut off", "empty", "huge", "no image", "no toml")
STILL = 8
"""A store that gains no row for so many times --quiet is done with what it was given: copies were held against each other."""
GIVE_UP_S = 1200.0
AT_WORK_S = 90.0
"""A command that has no result for so long is killed all the same."""
_WORD, _RESULT = re.compile(rb"\n"), re.compile(rb"(defect|review|evidence|inspected) \d+\.\d s\b")


def draw(folder: Path, copies: int, seed: int) -> None:
    """Draw ``titles`` and ``originals`` in `folder`: five copies a title, every twentieth hostile."""
    chosen = random.Random(seed)
    title = write_title(folder / "drawn.pdf", PAGES, trim_mm=TRIM_MM, seed=seed)
    looks: Sequence[dict[str, Any]] = (
        {},
        {"block": Block(cut=Cut(fore_edge_mm=-4.5))},
        {"faults": Faults(left_out=(3, 4))},
        {"printed": Print(strength=(1.0, 2.2, 1.0))},
    )
    for n, look in enumerate(looks):
        draw_copy(folder / "looks" / str(n), title, scanner=Scanner(dpi=100), seed=seed + n, **look)
    for n in range(copies):
        isbn = isbn_of(n // 5)
        (folder / "titles" / isbn).mkdir(parents=True, exist_ok=True)
        if n % 5 == 0:
            shutil.copy(title.path, folder / "titles" / isbn / "interior.pdf")
        copy = folder / "originals" / f"RMA-{n:03d}"
        shutil.copytree(folder / "looks" / str(chosen.choice((0, 0, 0, 1, 2, 3))), copy)
        (copy / "copy.toml").write_text(f'isbn = "{isbn}"\n[reference]\ntrim = "90 x 120 mm"\n')
        if n % 20 == 3:
            harm(copy, HOSTILE[n // 20 % len(HOSTILE)])


def isbn_of(number: int) -> str:
    body = f"978000000{number:03d}"
    return f"{body}{-sum(int(d) * (1, 3)[n % 2] for n, d in enumerate(body)) % 10}"


def harm(copy: Path, how: str) -> None:
    page = copy / "p-0002.jpg"
    match how:
        case "cut off":
            page.write_bytes(page.read_bytes()[: page.stat().st_size // 2])
        case "empty":
            page.write_bytes(b"")
        case "huge":
            header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
            end = b"\0\0\0\0IEND\xaeB`\x82"
            data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + end
            page.with_suffix(".png").write_bytes(data)
            page.unlink()
        case "no image":
            for other in copy.glob("*.jpg"):
                other.unlink()
            page.write_bytes(b"Not found. " * 100)
        case "no toml":
            (copy / "copy.toml").write_text("isbn = 978\nisbn = twice\n")


def write_slowly(originals: Path, inbox: Path, seconds: float, stall_s: float, seed: int) -> None:
    """Write all copies into `inbox`, several at a time, as slowly as said; now and then one stands still for `stall_s`."""
    chosen = random.Random(seed)
    ahead = sorted(originals.iterdir())
    chosen.shuffle(ahead)
    steps = sum(2 + p.stat().st_size // CHUNK for p in originals.rglob("*") if p.is_file())
    began, done = time.monotonic(), 0
    writers: list[tuple[Iterator[None], list[float]]] = []
    while ahead or writers:
        while ahead and len(writers) < SEVERAL:
            writers.append((one_copy(ahead.pop(), inbox, chosen), [0.0]))
        writer, until = chosen.choice(writers)
        if until[0] > time.monotonic():
            time.sleep(0.01)
            continue
        if next(writer, 0) is not None:
            writers.remove((writer, until))
        if chosen.random() < 0.01:
            until[0] = time.monotonic() + stall_s
        done += 1
        time.sleep(max(0.0, began + seconds * done / steps - time.monotonic()))


def one_copy(original: Path, inbox: Path, chosen: random.Random) -> Iterator[None]:
    """Write a copy bit by bit, its files in any order; a file begins before the one before it ends, so the copy looks whole only
    when it is."""
    folder, temporary = inbox / original.name, chosen.random() < 0.5
    folder.mkdir(parents=True)
    # what can be half without looking so comes while others do
    files = [p for p in original.iterdir() if p.name != "copy.toml"]
    chosen.shuffle(files)
    files.insert(chosen.randrange(len(files)), original / "copy.toml")
    before: tuple[Path, bytes] | None = None
    for file in files:
        data = file.read_bytes()
        path = folder / (f"{file.name}.part" if temporary else file.name)
        path.write_bytes(data[:10])
        yield
        if before is not None:
            finish(*before)
        for at in range(10, max(10, len(data) - CHUNK), CHUNK):
            with path.open("ab") as out:
                out.write(data[at : at + CHUNK])
            yield
        before = path, data
    assert before is not None
    finish(*before)


def finish(path: Path, data: bytes) -> None:
    with path.open("ab") as out:
        out.write(data[path.stat().st_size :])
    if path.suffix == ".part":
        path.rename(path.with_suffix(""))


class Night:
    """A folder with ``inbox`` and ``titles``, and commands that are called there; `said` is what they wrote to stderr."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self.folder, self.jobs = folder, jobs
        self.kills = Counter[str]()
        os.environ["QC_CACHE"] = str(folder / "cache")

    def begin(self, command: str, store: str, *more: str) -> subprocess.Popen[bytes]:
        call = [sys.executable, "-m", "qc", command, "inbox", "--titles", "titles", "--jobs", str(self.jobs)]
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(p or os.getcwd() for p in sys.path))
        with (self.folder / f"{store}-{command}.log").open("ab") as log:
            return subprocess.Popen(
                [*call, "--store", f"{store}.db", "--out", f"{store}-out", *more],
                cwd=self.folder, env=environment, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self, what: str, chosen: random.Random, life: Sequence[float], *more: str) -> bool:
        """Begin a command and kill it at some time after its first word or its first result; False where it had ended before."""
        log = self.folder / f"{what}-{what}.log"
        size = log.stat().st_size if log.exists() else 0
        process = self.begin(what, what, *more)
        sign, began = chosen.choice((_WORD, _RESULT, _RESULT)), time.monotonic()
        while (
            process.poll() is None and time.monotonic() < began + AT_WORK_S and not sign.search(log.read_bytes()[size:])
        ):
            time.sleep(0.1)
        try:
            process.wait(chosen.uniform(*life))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.kills[what] += 1
            return True
        return False

    def rows(self, store: str, columns: str = "copy, inspected") -> list[tuple[Any, ...]]:
        path = self.folder / f"{store}.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path, timeout=30)) as db:
            return db.execute(f"SELECT {columns} FROM inspections ORDER BY id").fetchall()

    def until_still(self, store: str, copies: int, still_s: float) -> None:
        """Wait until each copy is in the store and it gains no more rows."""
        before, since, began = -1, time.monotonic(), time.monotonic()
        while time.monotonic() < began + GIVE_UP_S:
            rows = self.rows(store)
            if len(rows) != before:
                before, since = len(rows), time.monotonic()
            if len({copy for copy, _ in rows}) >= copies and time.monotonic() - since > still_s:
                return
            time.sleep(1.0)

    def records(self, store: str) -> dict[str, Any]:
        """Each copy's record as it stands, without times and paths."""
        call = [sys.executable, "-m", "qc", "export", "--store", f"{store}.db", "--format", "jsonl"]
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(p or os.getcwd() for p in sys.path))
        ran = subprocess.run(call, cwd=self.folder, env=environment, capture_output=True, check=True)
        found = {}
        for line in ran.stdout.decode().splitlines():
            record = json.loads(line)
            if "provenance" in record:
                del record["provenance"]["started"]
                found[record["copy"]["id"]] = record
            else:
                found[record["copy"]] = record
        return found


def watched(night: Night, originals: Path, kills: int, options: argparse.Namespace) -> None:
    """Kill `qc watch` so often while copies come, then let it finish."""
    chosen = random.Random(options.seed)
    more = ("--quiet", str(options.quiet))
    (night.folder / "inbox").mkdir()
    call = originals, night.folder / "inbox", options.seconds, 2 * options.quiet, options.seed
    writer = multiprocessing.get_context("spawn").Process(target=write_slowly, args=call, daemon=True)
    writer.start()
    for _ in range(kills):
        night.kill("watch", chosen, options.life, *more)
    last = night.begin("watch", "watch", *more)
    writer.join()
    night.until_still("watch", len(list(originals.iterdir())), STILL * options.quiet)
    last.send_signal(signal.SIGINT)
    assert last.wait(120) == 0, "Ctrl-C must end a watch in 0"


def batched(night: Night, kills: int, options: argparse.Namespace) -> None:
    """Kill `qc batch` so often, then let it finish."""
    chosen = random.Random(options.seed + 1)
    while night.kills["batch"] < kills:
        if not night.kill("batch", chosen, options.life):
            break
    assert night.begin("batch", "batch").wait() in (0, 3)
    assert night.begin("batch", "calm").wait() in (0, 3)


def study(folder: Path, options: argparse.Namespace) -> list[str]:
    """What is wrong after such a night, in words; numbers are printed."""
    began = time.monotonic()
    draw(folder, options.copies, options.seed)
    night = Night(folder, options.jobs)
    of_watch = round(options.kills * 2 / 3)
    watched(night, folder / "originals", of_watch, options)
    batched(night, options.kills - of_watch, options)
    names = sorted(p.name for p in (folder / "originals").iterdir())
    expected, wrong = night.records("calm"), []
    if sorted(expected) != names:
        wrong.append("the undisturbed batch has not every copy")
    for store in ("watch", "batch"):
        times = Counter(copy for copy, _ in dict.fromkeys(night.rows(store)))
        wrong += [f"{store}: {name} was inspected {times[name]} times" for name in names if times[name] != 1]
        found = night.records(store)
        wrong += [f"{store}: {name} has another record" for name in names if found.get(name) != expected.get(name)]
    outcomes = Counter(r["verdict"]["outcome"] if "verdict" in r else f"exit {r['exit']}" for r in expected.values())
    print(
        f"{len(names)} copies, kills {dict(night.kills)}, verdicts {dict(outcomes)}, {time.monotonic() - began:.0f} s"
    )
    changed = (folder / "watch-watch.log").read_text("utf-8").count("changed while it was inspected")
    print(f"{changed} results of watch were not kept because the copy changed meanwhile")
    return wrong


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="made; must not be there")
    parser.add_argument("--copies", type=int, default=200)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=300.0, help="that writing takes")
    parser.add_argument("--quiet", type=float, default=3.0)
    parser.add_argument(
        "--life", type=float, nargs=2, default=(0.0, 8.0), help="seconds at work before a kill, from, to"
    )
    parser.add_argument("--seed", type=int, default=21)
    return parser.parse_args(arguments)


def main() -> None:
    options = parsed()
    options.folder.mkdir(parents=True)
    wrong = study(options.folder.resolve(), options)
    print("\n".join(wrong) or "Each copy once in each store, with the record of the undisturbed batch.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
