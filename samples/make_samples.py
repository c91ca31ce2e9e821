"""Redraw the sample title and its returned copies: ``python samples/make_samples.py [FOLDER]``.

Writes ``titles/<isbn>/`` and ``returns/<copy>/`` below FOLDER (default: the folder of this script) and ``expected.csv``,
which names the verdict each copy should get under the policy kdp, and why; and ``calibration/``, two scans of the printed grid.
The drawings depend on the seeds below only.
"""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from calibration.target import pdf, target
from qc import units
from qc.synthetic import (
    CLOSED,
    Art,
    Block,
    Bound,
    Cut,
    Faults,
    Kind,
    PageDesign,
    Print,
    Scanner,
    Title,
    Wrap,
    draw_copy,
    draw_cover,
    write_scan,
    write_title,
    write_wrap,
)
from qc.synthetic.design import typeset
from qc.synthetic.flat import draw_flat, sheet_of_pdf

ISBN = "9780000000002"
TRIM = "5 x 8 in"
TRIM_MM = units.parse_trim(TRIM)
PAGES = (
    Kind.THREE_LINES,
    Kind.BLANK,
    Kind.CHAPTER,
    Kind.TEXT,
    Kind.TEXT,
    Kind.PICTURE,
    Kind.TEXT,
    Kind.TEXT,
    Kind.BLEED_MIXED,
    Kind.BLANK,
    Kind.CHAPTER,
    Kind.TEXT,
    Kind.TABLE,
    Kind.PICTURE,
    Kind.TEXT,
    Kind.PICTURE,
    Kind.CHAPTER,
    Kind.TEXT,
    Kind.TEXT,
    Kind.BLEED_BRIGHT,
    Kind.LINE_ART,
    Kind.FOLIO_ONLY,
    Kind.TEXT,
    Kind.TEXT,
)
"""What the 24 pages of the title show."""

PARTIAL = (1, 2, 3, 4, 5, 6, 9, 10, 22, 23, 24)
"""What staff scan of most copies: the first pages, some pictures, the last pages."""

BENCH = Scanner(
    dpi=200.0,
    backing=(0.03, 0.03, 0.032),
    shadow_edges=("right", "bottom"),
    shadow_depth=0.4,
    dust=6,
    glare=0.3,
    shot=0.003,
    read=0.0015,
    quality=80,
)
SPINE_MM = 2.4
CLOSED_BENCH = replace(CLOSED, dpi=150.0, quality=72)
"""Of the closed copy, front and back on the glass."""
SOUND = Cut(head_mm=0.4, tail_mm=-0.6, fore_edge_mm=0.9)
IMPRINT = ("Made in the USA", "Middletown, DE", "14 September 2026")
EARLIER_IMPRINT = ("Made in the USA", "Middletown, DE", "02 September 2026")
EVERYWHERE = (-10.0, -10.0, TRIM_MM[0] + 10.0, TRIM_MM[1] + 10.0)
CLAIM = {
    "reason": '"defective"',
    "ordered_isbn": f'"{ISBN}"',
    "received_on": "2026-10-01",
    "claimed_on": "2026-10-12",
    "content_updated_on": "2026-09-10",
    "printed_on": "2026-09-14",
}


@dataclass(frozen=True)
class Sample:
    """One returned copy as it is drawn, and what an inspection should say.

    `pages` are those of the title that were scanned; none at all for a copy that was lost. `rule` decides the verdict. With
    `bound`, the closed copy was scanned front and back.
    """

    verdict: str
    refund: str
    rule: str
    why: str
    pages: Sequence[int] = PARTIAL
    cut: Cut = SOUND
    printed: Print = field(default_factory=Print)
    faults: Faults = field(default_factory=Faults)
    blanks: int = 1
    imprint: Sequence[str] | None = IMPRINT
    scanner: Scanner = BENCH
    bound: Bound | None = None
    claim: dict[str, str] = field(default_factory=dict)


def samples() -> dict[str, Sample]:
    """The copies by id."""
    other: tuple[PageDesign, ...] = typeset(PAGES, trim_mm=TRIM_MM, bleed=True, seed=99)
    return {
        "RMA-10481": Sample(
            "no-defect",
            "not-eligible",
            "trim-offset-block",
            "sound: cut up to 0.9 mm off the trim line, cover 1.1 mm off center, as copies are",
            bound=Bound(1.1, 0.1, head_mm=0.4, tail_mm=-0.6, fore_edge_mm=(0.9, 0.7)),
        ),
        "RMA-10482": Sample(
            "defect",
            "eligible",
            "trim-offset-block",
            "fore-edge cut 3.6 mm too deep; 0.125 in (3.2 mm) is expected variance",
            cut=replace(SOUND, fore_edge_mm=-3.6),
            scanner=replace(BENCH, dpi=300.0),
        ),
        "RMA-10483": Sample(
            "no-defect",
            "not-eligible",
            "blank-pages-at-end",
            "five blank pages and an imprint after the last page; extra blank pages at the end are expected variance",
            pages=(3, 4, 5, 21, 22, 23, 24),
            blanks=5,
        ),
        "RMA-10484": Sample(
            "defect",
            "eligible",
            "blank-pages-inside",
            "page 8 has no print; the ordered file has a page of text there",
            pages=(3, 4, 5, 6, 7, 8, 9, 24),
            faults=Faults(prints={8: Print(missing=(EVERYWHERE,))}),
        ),
        "RMA-10485": Sample(
            "defect",
            "eligible",
            "color-lost-channel",
            "magenta did not print on any page; small color differences are expected variance, an ink that is missing is not",
            pages=(5, 6, 9, 14, 16, 20, 24),
            printed=Print(lost="magenta"),
        ),
        "RMA-10486": Sample(
            "insufficient-evidence",
            "review",
            "trim-offset-block",
            "two pages only; the cut is judged on three or more",
            pages=(4, 5),
            blanks=0,
            imprint=None,
        ),
        "RMA-10487": Sample(
            "no-defect",
            "not-eligible",
            "pages-foreign",
            "page 8 shows an earlier text, but the copy was printed before the author's last change: stale stock",
            pages=(3, 4, 5, 7, 8, 23, 24),
            faults=Faults(foreign={8: other[7]}),
            imprint=EARLIER_IMPRINT,
            claim={"printed_on": "2026-09-02"},
        ),
        "RMA-10488": Sample(
            "needs-review",
            "review",
            "pages-foreign",
            "page 12 belongs to another book; a person has to say whose fault that is",
            pages=(3, 4, 5, 11, 12, 13, 24),
            faults=Faults(foreign={12: other[11]}),
        ),
        "RMA-10489": Sample(
            "insufficient-evidence",
            "review",
            "trim-offset-block",
            "scanned with the white lid behind the page, so that no cut edge is seen",
            pages=(3, 4, 5, 7, 24),
            scanner=replace(BENCH, dpi=150.0, backing=(0.86, 0.86, 0.86), shadow_edges=()),
        ),
        "RMA-10490": Sample(
            "insufficient-evidence",
            "eligible",
            "trim-offset-block",
            "lost on the way, so there is nothing to scan; lost copies are refunded within 30 days",
            pages=(),
            claim={"reason": '"lost"', "notified_on": "2026-10-02"},
        ),
        "RMA-10491": Sample(
            "defect",
            "eligible",
            "spine-centering",
            "cover 3.9 mm off center on its block, seen on two scans of the closed copy; 0.125 in (3.2 mm) is expected variance",
            pages=(),
            bound=Bound(3.9, head_mm=-0.3, tail_mm=0.2, fore_edge_mm=(0.5, 0.4)),
        ),
    }


def make_cover(folder: Path) -> Wrap:
    """Write the cover of the sample title under `folder`/<isbn>."""
    art = Art("The Long Field", isbn=ISBN, seed=7)
    return write_wrap(folder / ISBN / "cover.pdf", art, trim_mm=TRIM_MM, spine_mm=SPINE_MM)


def make_title(folder: Path) -> Title:
    """Write the pages of the sample title under `folder`/<isbn>."""
    title = write_title(folder / ISBN / "interior.pdf", PAGES, trim_mm=TRIM_MM, bleed=True, seed=7)
    stated = (f'trim = "{TRIM}"', "bleed = true", 'paper = "white"', 'ink = "premium-color"', f"pages = {len(PAGES)}")
    (folder / ISBN / "title.toml").write_text("\n".join(stated) + "\n", encoding="utf-8")
    return title


def make_copy(folder: Path, title: Title, wrap: Wrap, name: str, sample: Sample, seed: int) -> None:
    """Write the scans of one copy and its copy.toml under `folder`/<copy>."""
    where = folder / name
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    if sample.pages:
        draw_copy(
            where,
            title,
            block=Block(cut=sample.cut),
            printed=sample.printed,
            scanner=sample.scanner,
            faults=sample.faults,
            blanks=sample.blanks,
            imprint=sample.imprint,
            pages=sample.pages,
            seed=seed,
        )
    if sample.bound is not None:
        draw_cover(where, wrap, sample.bound, scanner=CLOSED_BENCH, seed=seed)
    claim = CLAIM | sample.claim
    lines = [
        "schema = 1",
        f'copy = "{name}"',
        f'isbn = "{ISBN}"',
        'title = "The Long Field"',
        "",
        "[claim]",
        *(f"{key} = {value}" for key, value in claim.items()),
    ]
    (where / "copy.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def make_grid(folder: Path) -> None:
    """Write two scans of the printed grid on the whole glass, the second with the sheet turned by a quarter."""
    sheet = sheet_of_pdf(pdf(target("a5")))
    for number, turn_deg in ((1, 0.4), (2, 90.3)):
        scanner = replace(BENCH, dpi=150.0, quality=70, skew_deg=turn_deg)
        pixels, _ = draw_flat(sheet, scanner, np.random.default_rng(70 + number), frame_mm=(216.0, 297.0))
        write_scan(folder / f"grid-{number}.jpg", pixels, scanner)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    make_grid(folder / "calibration")
    title, wrap = make_title(folder / "titles"), make_cover(folder / "titles")
    with (folder / "expected.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["copy", "verdict", "refund", "rule", "why"])
        for seed, (name, sample) in enumerate(samples().items(), 10481):
            make_copy(folder / "returns", title, wrap, name, sample, seed)
            table.writerow([name, sample.verdict, sample.refund, sample.rule, sample.why])
            print(f"{name}  {sample.why}", file=sys.stderr)


if __name__ == "__main__":
    main()
