"""Does a night survive being killed? Batches the same copies undisturbed and with kills at random times, and compares.

    python benchmarks/night_of_kills.py --copies 200 --parent-kills 3 --worker-kills 2 --seed 5000

Copies are drawn small (a few kinds, copied under many names), and one in twenty is hostile: empty, cut short or no image,
or with a copy.toml that is none. The disturbed night is one process after another with the same store: each is killed
with signal 9 at a random time, or one of its workers is; the last one may finish. Then each copy must be in the store
exactly once, with the verdict of the undisturbed night and the same bytes of JSON, the time of the run aside. Nights of
one, two and four workers are compared in the same way.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from qc.batch.store import Store
from qc.synthetic import Block, Cut, Scanner, draw_copy, write_title
from qc.units import parse_trim

ISBN = "9780000000002"
DPI = 150
CUTS_MM = (0.0, -4.2, -3.2, 0.8)


def draw_inbox(root: Path, copies: int, seed: int) -> Path:
    """An inbox of `copies` copies, of which one in twenty is hostile."""
    title = write_title(
        root / "titles" / ISBN / "interior.pdf", ("text", "text", "table", "text"), trim_mm=parse_trim("4.25 x 6.87 in")
    )
    kinds = []
    for n, cut in enumerate(CUTS_MM):
        kinds.append(root / "kinds" / str(n))
        draw_copy(kinds[-1], title, scanner=Scanner(dpi=DPI), block=Block(Cut(fore_edge_mm=cut)), seed=seed + n)
        (kinds[-1] / "copy.toml").write_text(f'isbn = "{ISBN}"\n')
    inbox = root / "inbox"
    for n in range(copies):
        folder = inbox / f"RMA-{n:04}"
        if n % 20 == 7:
            _hostile(folder, kinds[0], n // 20 % 4)
        else:
            shutil.copytree(kinds[n % len(kinds)], folder)
    return inbox


def _hostile(folder: Path, sound: Path, kind: int) -> None:
    folder.mkdir(parents=True)
    page = next(p for p in sorted(sound.iterdir()) if p.suffix != ".toml")
    content = (b"", page.read_bytes()[:5000], b"no image\n" * 500, page.read_bytes())[kind]
    (folder / f"p-0001{page.suffix}").write_bytes(content)
    if kind == 3:
        (folder / "copy.toml").write_text("this is = no [toml")


def begin(root: Path, name: str, jobs: int) -> subprocess.Popen[bytes]:
    """A batch of the inbox into the store and the folder of this name."""
    command = [sys.executable, "-m", "qc", "batch", "inbox", "--titles", "titles", "--jobs", str(jobs)]
    command += ["--store", f"{name}.db", "--out", name]
    with (root / f"{name}.log").open("ab") as log:
        return subprocess.Popen(command, cwd=root, stdout=log, stderr=log)


def disturbed(root: Path, name: str, kinds: list[str], rng: random.Random, night_s: float) -> None:
    """Batches until one ends by itself; each of `kinds` is one kill, of the ``parent`` or of a ``worker``."""
    for kind in [*kinds, ""]:
        process = begin(root, name, 2)
        while kind and process.poll() is None:
            time.sleep(rng.uniform(0.1, 0.7) * night_s / len(kinds))
            workers = [p for p in psutil.Process(process.pid).children() if "spawn_main" in " ".join(p.cmdline())]
            if kind == "parent":
                process.kill()
            elif workers:
                rng.choice(workers).kill()
            else:
                continue
            break
        process.wait()


def outcome_of(root: Path, name: str) -> tuple[Counter[str], dict[str, tuple[str, str]], dict[str, str]]:
    """How often each copy is in the store, its outcome and summary, and its JSON without the time of the run."""
    with Store(root / f"{name}.db") as store:
        times = Counter(str(row["copy"]) for row in store.view("inspections"))
        verdicts = {r["copy"]: (r["outcome"] or "failed", r["summary"]) for r in store.view("latest_verdicts")}
    bytes_ = {}
    for path in sorted((root / name).glob("*/inspection.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        content["provenance"].pop("started")
        bytes_[path.parent.name] = json.dumps(content)
    return times, verdicts, bytes_


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=200)
    parser.add_argument("--parent-kills", type=int, default=3)
    parser.add_argument("--worker-kills", type=int, default=2)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--seed", type=int, default=5000)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        os.environ["QC_CACHE"] = str(root / "cache")
        draw_inbox(root, options.copies, options.seed)
        night_s, calm = 0.0, None
        for jobs in options.workers:
            began = time.monotonic()
            begin(root, f"calm-{jobs}", jobs).wait()
            night_s = time.monotonic() - began
            times, verdicts, content = outcome_of(root, f"calm-{jobs}")
            print(f"{jobs} workers: {night_s:.0f} s, {len(times)} copies, {Counter(o for o, _ in verdicts.values())}")
            if calm is not None:
                print(f"  same verdicts {verdicts == calm[0]}, same JSON {content == calm[1]}")
            calm = calm or (verdicts, content)
        assert calm is not None
        kills = ["parent"] * options.parent_kills + ["worker"] * options.worker_kills
        rng.shuffle(kills)
        disturbed(root, "killed", kills, rng, night_s)
        times, verdicts, content = outcome_of(root, "killed")
        print(f"killed ({', '.join(kills)}): {len(times)} copies, at most {max(times.values())} times in the store")
        print(f"  same verdicts {verdicts == calm[0]}, same JSON {content == calm[1]}")


if __name__ == "__main__":
    main()
