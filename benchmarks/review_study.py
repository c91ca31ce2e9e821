"""The review page with a store of 200 copies: how long a key takes, how many keys a copy, and what walks and guns leave.

    python benchmarks/review_study.py [--copies 200] [--walks 100] [--reads 100]

Needs Chromium. The copies are a few drawn inspections under 200 ids; each has the pictures that its report would have.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from qc.batch.store import Store

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from review_store import KINDS, DrawnStore
from test_review_browser import ARGUMENTS, CHROMIUM, Person, Server, walk

_WATCH = """
window.shown = 0;
new MutationObserver(() => {
  const copy = document.querySelector('article')?.dataset.copy;
  if (copy === window.watched) return;
  window.watched = copy;
  const pictures = [...document.querySelectorAll('.look:not([hidden]) img')];
  const painted = () => requestAnimationFrame(() => { window.shown = performance.now(); });
  Promise.all(pictures.map(p => p.decode().catch(() => {}))).then(painted);
}).observe(document.querySelector('#main'), {childList: true, subtree: true});
window.watched = document.querySelector('article')?.dataset.copy;
addEventListener('keydown', event => { window.pressed = performance.now(); window.shown = 0; }, true);
"""
"""From a key to the moment at which the pictures of the next copy are decoded and painted."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("copies", 200), ("walks", 100), ("reads", 100), ("steps", 12)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        drawn = _store(Path(folder), asked.copies)
        print(f"start: {_start_s(drawn.path):.2f} s from the command to its first page")
        with _served(drawn) as server:
            _decide_all(chromium, server, asked.copies)
        with _served(_store(Path(folder) / "guns", 8)) as server:
            _guns(chromium, server, asked.reads)
        for seed in range(asked.walks):
            with _served(_store(Path(folder) / f"walk-{seed}", 8)) as server:
                walk(chromium, server, seed, asked.steps)
            print(f"\rwalk {seed + 1}", end="", flush=True)
        print(" of random acts by two persons: the store held what was decided")
        chromium.close()


def _store(folder: Path, copies: int) -> DrawnStore:
    drawn = DrawnStore(folder)
    for n in range(copies):
        drawn.add(list(KINDS)[n % 4], f"RMA-1000{n}", title=f"Title {n % 40}", isbn=f"978000000{n % 40:04}")
    return drawn


@contextmanager
def _served(drawn: DrawnStore) -> Iterator[Server]:
    server = Server(drawn)
    yield server
    server.end()


def _start_s(store: Path) -> float:
    import urllib.request

    began = time.perf_counter()
    command = [sys.executable, "-m", "qc", "review", "--store", str(store), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        urllib.request.urlopen(process.stdout.readline().strip()).read()
        took = time.perf_counter() - began
        process.terminate()
    return took


def _decide_all(chromium: object, server: Server, copies: int) -> None:
    person, keys, took = Person(chromium, server), 0, []
    person.page.evaluate(_WATCH)
    while (copy := person.copy) is not None:
        outcome = person.page.get_attribute("article.copy", "data-outcome")
        person.page.keyboard.press("d" if outcome == "needs-review" else "Enter")
        keys += 1
        person.until("document.querySelector('article')?.dataset.copy !== given && window.shown", copy)
        took.append(person.page.evaluate("window.shown - window.pressed") / 1000)
    decided = server.decided()
    assert len(decided) == copies, (len(decided), copies)
    p50, p95 = np.quantile(took, (0.5, 0.95))
    print(f"{copies} copies: {keys / copies:.2f} keys a copy; key to next picture {p50:.3f} s, 95 % within {p95:.3f} s")
    with Store(server.drawn.path) as store:
        assert len(list(store.view("decisions"))) == copies
    person.context.close()


def _guns(chromium: object, server: Server, reads: int) -> None:
    person, drawn = Person(chromium, server), random.Random(7)
    for _ in range(reads):
        number = drawn.randrange(8)
        if drawn.random() < 0.3:
            person.page.focus(drawn.choice(["#code", "#note", "[data-act=skip]"]))
        code = drawn.choice([f"RMA-1000{number}", f"978000000{number:04}"])
        person.scan(code, drawn.uniform(5, 50))
        person.until("document.querySelector('article').dataset.copy === given", f"RMA-1000{number}")
        time.sleep(0.1)
    assert server.decided() == {}
    print(f"{reads} gun reads at 5 to 50 ms a character: all landed, none pressed a key")
    person.context.close()


if __name__ == "__main__":
    main()
