"""Missing, doubled, misplaced, turned, mirrored and foreign pages in drawn copies, however the feeder took them.

    python benchmarks/sequence_study.py copies --pages FOLDER --titles 5000 --seeds 5000 5300 --out sequence.csv
    python benchmarks/sequence_study.py times --pages FOLDER

Every page of a few titles is drawn once (3 x 4 in at 100 dpi, kept in --pages); a copy is made of these scans with noise,
tone, skew and shift of its own, up to three faults, and an order of the feeder. It is aligned as `qc inspect` does it.
Titles and copies with seeds below 5000 were used to choose constants.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from qc.judge.policy import load_policy
from qc.model import BookCopy, Observation, Role, ScanFile, ScanSettings
from qc.pipeline import PageWork, collate_copy, inspect_copy
from qc.reference.find import Reference, open_reference
from qc.register.scan_order import AS_SCANNED, ORDERS
from qc.register.thumbnail_index import PageIndex, index_of
from qc.synthetic import Kind, Scanner, draw_copy, write_title

TRIM_MM = (76.2, 101.6)
POLICY = load_policy()
DPI = 100.0
MIXED = (
    *(Kind.CHAPTER, Kind.TEXT, Kind.TEXT, Kind.PICTURE, Kind.TEXT, Kind.TEXT, Kind.TABLE, Kind.TABLE, Kind.TEXT),
    *(Kind.BLANK, Kind.THREE_LINES, Kind.TEXT, Kind.GRAY_PICTURE, Kind.LINE_ART, Kind.TEXT, Kind.TEXT),
)
NOTEBOOK = (Kind.TEXT, Kind.BLANK, *(Kind.RULED,) * 26, Kind.TEXT, Kind.BLANK)
TITLES = {
    "novel-24": (Kind.CHAPTER, *(Kind.TEXT,) * 23),
    "novel-60": (Kind.CHAPTER, *(Kind.TEXT,) * 59),
    "novel-300": ((Kind.CHAPTER, *(Kind.TEXT,) * 19) * 15),
    "mixed-32": MIXED * 2,
    "mixed-80": MIXED * 5,
    "pictures-28": (Kind.BLEED_BRIGHT, Kind.LINE_ART, Kind.BLEED_MIXED, Kind.BLEED_DARK) * 7,
    "notebook-30": NOTEBOOK,
}
WEIGHTS = {
    "novel-24": 30,
    "mixed-32": 24,
    "pictures-28": 22,
    "notebook-30": 10,
    "novel-60": 9,
    "mixed-80": 4,
    "novel-300": 1,
}
FAULTS = (
    "leaf missing",
    "leaves missing",
    "leaf doubled",
    "side doubled",
    "leaf moved",
    "leaf upside down",
    "leaf foreign",
)
FAULTS += ("page foreign", "page mirrored", "side turned")
VERSOS = "every verso turned"
LITTLE = (Kind.BLANK, Kind.FOLIO_ONLY, Kind.THREE_LINES)
MEASURES = ("pages-missing", "pages-duplicated", "pages-out-of-order", "pages-upside-down", "pages-foreign")


Leaf = tuple[int | None, str]
"""A page of a copy: its number in the title, None for another book's; and what is wrong with it."""


@dataclass(frozen=True)
class Made:
    """A made copy. `reading` are its scans in the order of the book, `expected` measure and position of every claim that
    has to be made, `unseen` the pages that have to be asked for if the copy is not stated complete."""

    copy: BookCopy
    order: str
    faults: list[str]
    reading: list[str]
    expected: set[tuple[str, int]]
    unseen: set[int]


def draw(folder: Path, seed: int) -> None:
    """All pages of all titles, and pages of another book, unless they are there."""
    for k, (name, kinds) in enumerate({**TITLES, "other": (Kind.TEXT,) * 24}.items()):
        where = folder / f"{name}-{seed}"
        if not (where / "done").exists():
            title = write_title(where / "interior.pdf", kinds, trim_mm=TRIM_MM, seed=seed + 100 * k)
            draw_copy(where / "scans", title, scanner=Scanner(dpi=DPI), skew_sd_deg=0.3, seed=seed + 100 * k)
            (where / "done").touch()


def reference_of(folder: Path, name: str, seed: int) -> Reference:
    return open_reference(folder / f"{name}-{seed}" / "interior.pdf", trim="76.2 x 101.6 mm", bleed=False)


def rescanned(source: Path, target: Path, rng: np.random.Generator, turned: bool, mirrored: bool) -> None:
    """The same page once more: noise, tone, skew and shift differ."""
    image = np.asarray(cv2.imread(str(source)), np.uint8)
    if mirrored:
        image = image[:, ::-1]
    if turned:
        image = image[::-1, ::-1]
    h, w = image.shape[:2]
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), float(rng.normal(0, 0.3)), 1.0)
    turn[:, 2] += rng.normal(0, 1.5, 2)
    moved = cv2.warpAffine(
        np.ascontiguousarray(image), turn, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    tone = float(rng.uniform(0.93, 1.02)) * moved.astype(np.float32) + rng.normal(
        0, float(rng.uniform(0.5, 2.5)), moved.shape
    )
    cv2.imwrite(str(target), np.clip(tone, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 88])


def faulty(kinds: Sequence[Kind], index: PageIndex, rng: np.random.Generator) -> tuple[list[Leaf], list[str], set[int]]:
    """The pages of a copy with up to three faults in it, the faults, and the printed pages that it lacks."""
    told = [index.single(p) and kinds[p - 1] not in LITTLE for p in range(1, len(kinds) + 1)]
    leaves = [n for n in range(3, len(kinds) // 2 - 3) if all(told[2 * n - 5 : 2 * n + 5])]
    chosen: list[int] = []
    count = int(rng.integers(0, 4))
    for n in rng.permutation(np.array(leaves, int)):
        if len(chosen) < count and all(abs(n - c) > 3 for c in chosen):
            chosen.append(int(n))
    pages: list[Leaf] = [(p, "") for p in range(1, len(kinds) + 1)]
    faults, unseen = [], set()
    for n in sorted(chosen):
        fault = str(rng.choice(FAULTS))
        front, back = 2 * n - 1, 2 * n
        at = pages.index((front, ""))
        if fault in ("leaf missing", "leaves missing"):
            lost = 2 if fault == "leaf missing" else 4
            unseen |= {p for p, _ in pages[at : at + lost] if p is not None and kinds[p - 1] is not Kind.BLANK}
            del pages[at : at + lost]
            pages[at] = (pages[at][0], "pages-missing")
        elif fault == "leaf doubled":
            pages[at + 2 : at + 2] = [(front, "pages-duplicated"), (back, "pages-duplicated")]
        elif fault == "side doubled":
            pages[at + 1 : at + 1] = [(front, "pages-duplicated")]
        elif fault == "leaf upside down":
            pages[at : at + 2] = [(front, "pages-upside-down"), (back, "pages-upside-down")]
        elif fault == "leaf foreign":
            pages[at : at + 2] = [(None, "pages-foreign"), (None, "pages-foreign")]
        elif fault == "page foreign":
            pages[at] = (None, "pages-foreign")
        elif fault == "page mirrored":
            pages[at] = (front, "pages-foreign")
        elif fault == "side turned":
            pages[at] = (front, "turned")
        else:
            # Three leaves on, so that it is clear which one moved.
            pages[at + 8 : at + 8] = [(front, "pages-out-of-order"), (back, "pages-out-of-order")]
            del pages[at : at + 2]
        faults.append(fault)
    return pages, faults, unseen


def make(folder: Path, name: str, titles: int, seed: int, where: Path, reference: Reference) -> Made:
    """A copy of the title `name`, as it comes from the feeder."""
    rng = np.random.default_rng(seed)
    pages, faults, unseen = faulty(TITLES[name], index_of(reference), rng)
    complete = bool(rng.random() < 0.7)
    order = str(rng.choice([VERSOS, *ORDERS])) if rng.random() < 0.6 else AS_SCANNED
    if "side doubled" in faults and order not in (AS_SCANNED, "the whole stack reversed"):
        # A feeder has two sides of every leaf.
        order = AS_SCANNED
    # Which side of its leaf a page is on counts for a feeder, not what is printed on it.
    scanned = sorted(range(1, len(pages) + 1), key=ORDERS.get(order, ORDERS[AS_SCANNED]))
    names = {position: f"s-{k:04d}.jpg" for k, position in enumerate(scanned, 1)}
    where.mkdir(parents=True)
    other = iter(rng.permutation(24) + 1)
    for position, (page, mark) in enumerate(pages, 1):
        title, number = (name, page) if page is not None else ("other", int(next(other)))
        turned = (mark in ("pages-upside-down", "turned")) != (order == VERSOS and position % 2 == 0)
        mirrored = mark == "pages-foreign" and page is not None
        source = folder / f"{title}-{titles}" / "scans" / f"p-{number:04d}.jpg"
        rescanned(source, where / names[position], rng, turned, mirrored)
    scans = tuple(ScanFile(where / names[p], names[p]) for p in scanned)
    copy = BookCopy(f"drawn-{seed}", where, scans, scan=ScanSettings(dpi=DPI, complete=complete))
    marks = {(mark, i) for i, (_, mark) in enumerate(pages, 1) if mark in MEASURES}
    expected = {m for m in marks if complete or m[0] != "pages-missing"}
    return Made(copy, order, faults, [names[p] for p in range(1, len(pages) + 1)], expected, unseen)


def aligned(copy: BookCopy, reference: Reference) -> tuple[list[Observation], list[str], str]:
    """Observations on the sequence, the names in reading order, and the order that was found."""
    found = inspect_copy(copy, reference, POLICY)
    sequence = [o for o in found.observations if MEASURES[o.measure].subject == "sequence"]
    order = next((str(o.detail["scan_order"]) for o in sequence if "scan_order" in o.detail), AS_SCANNED)
    return sequence, [r.file for r in found.pages if r.role is Role.PAGE], order


def study(folder: Path, titles: int, seeds: Sequence[int], out: Path | None) -> None:
    """Every fault at its page, none invented, all orders undone: counted by fault and by order."""
    names = [n for n, w in WEIGHTS.items() for _ in range(w)]
    references = {n: reference_of(folder, n, titles) for n in TITLES}
    rows = []
    by_fault: dict[str, Counter[str]] = defaultdict(Counter)
    by_order: dict[str, Counter[str]] = defaultdict(Counter)
    for seed in seeds:
        name = names[37 * seed % len(names)]
        with tempfile.TemporaryDirectory() as scratch:
            made = make(folder, name, titles, seed, Path(scratch) / "copy", references[name])
            found, reading, _ = aligned(made.copy, references[name])
        claimed = {(o.measure, o.where.page) for o in found if o.value}
        asked = {p for o in found if o.measure == "pages-missing" for p in o.detail.get("not_seen", ())}
        # The order of rules cannot be seen.
        in_order = name.startswith("notebook") or reading == made.reading
        missed, invented = made.expected - claimed, claimed - made.expected
        asked_right = made.copy.scan.complete or asked == made.unseen
        right = in_order and not missed and not invented and asked_right
        by_order[made.order][("right" if in_order else "wrong")] += 1
        for fault in made.faults or ["none"]:
            by_fault[fault]["right" if right else "wrong"] += 1
        rows.append(
            [seed, name, made.order, "; ".join(made.faults), len(reading), in_order, sorted(missed), sorted(invented)]
        )
        if not right:
            print(*rows[-1], "asked" if asked_right else f"asked {sorted(asked)} not {sorted(made.unseen)}", flush=True)
    for what, counts in (("fault", by_fault), ("order", by_order)):
        for name, count in sorted(counts.items()):
            print(f"{what:6s} {name:55s} right {count['right']:4d}  wrong {count['wrong']:4d}")
    wrong = sum(not r[5] or bool(r[6]) or bool(r[7]) for r in rows)
    print(f"{len(rows)} copies, {sum(r[4] for r in rows)} scans, {wrong} wrong")
    if out:
        with out.open("w", newline="") as file:
            csv.writer(file).writerows(
                [["seed", "title", "order", "faults", "scans", "ordered", "missed", "invented"], *rows]
            )


def times(folder: Path) -> None:
    """Seconds a page for copies of 24 to 800 pages that lack five leaves near the front."""
    for count in (24, 50, 100, 200, 400, 800):
        where = folder / f"times-{count}"
        if not (where / "done").exists():
            write_title(
                where / "interior.pdf", (Kind.CHAPTER, *(Kind.TEXT,) * (count - 1)), trim_mm=TRIM_MM, seed=count
            )
        reference = open_reference(where / "interior.pdf", trim="76.2 x 101.6 mm", bleed=False)
        for n in range(1, count + 1):
            file = where / f"p-{n:04d}.jpg"
            if not file.exists():
                page = cv2.copyMakeBorder(
                    reference.page(n).rgb[..., ::-1], *(30,) * 4, cv2.BORDER_CONSTANT, value=(9, 9, 9)
                )
                cv2.imwrite(str(file), page)
        (where / "done").touch()
        shown = [n for n in range(1, count + 1) if not 5 <= n <= 14]
        scans = tuple(ScanFile(where / f"p-{n:04d}.jpg", f"p-{n:04d}.jpg") for n in shown)
        copy = BookCopy("times", where, scans, scan=ScanSettings(dpi=150.0, complete=True))
        index_of(reference)
        start = time.process_time()
        collate_copy(copy, PageWork(reference))
        whole = time.process_time()
        found, _, _ = aligned(copy, reference)
        assert [(o.value, o.where.page) for o in found if o.value] == [(10.0, 5)]
        each = 1000 / len(shown)
        print(f"{count:4d} pages: recognized and registered {(whole - start) * each:6.1f} ms a page")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("copies", "times"))
    parser.add_argument("--pages", type=Path, required=True, help="where drawn pages are kept")
    parser.add_argument("--titles", type=int, default=5000, help="seed of the titles")
    parser.add_argument("--seeds", type=int, nargs=2, default=(5000, 5300))
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.what == "copies":
        draw(given.pages, given.titles)
        study(given.pages, given.titles, range(*given.seeds), given.out)
    else:
        times(given.pages)


if __name__ == "__main__":
    main()
