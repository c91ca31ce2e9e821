"""Draw the sample title and its returned copies: ``python samples/make_samples.py [FOLDER]``.

Writes ``titles/<isbn>/interior.pdf`` with ``title.toml`` and one folder of scans per copy under ``inbox/``, each with
its ``copy.toml``, and ``samples.csv``: what is wrong with each copy, and what an inspection should say.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from qc import units
from qc.synthetic import Block, CopyTruth, Cut, Faults, Kind, Print, Scanner, Title, draw_copy, write_title
from qc.synthetic.design import typeset

ISBN = "9780000000002"
TRIM_MM = units.parse_trim("5 x 8 in")
KINDS = (
    Kind.THREE_LINES,
    Kind.BLANK,
    Kind.CHAPTER,
    Kind.TEXT,
    Kind.TEXT,
    Kind.PICTURE,
    Kind.TEXT,
    Kind.TABLE,
    Kind.BLEED_MIXED,
    Kind.TEXT,
    Kind.TEXT,
    Kind.LINE_ART,
)
IMPRINT = ("Made in the USA", "Middletown, DE", "14 September 2026")
SCANNER = Scanner(
    backing=(0.03, 0.03, 0.03), shadow_edges=("right", "bottom"), shadow_depth=0.4, blur_px=0.6, dust=6, quality=85
)
SOUND = Cut(head_mm=0.4, tail_mm=-0.3, fore_edge_mm=0.5)


@dataclass(frozen=True)
class Sample:
    """One copy: what is wrong with it and the verdict it should get under the policy kdp."""

    what: str
    expected: str
    cut: Cut = SOUND
    printed: Print | None = None
    faults: Faults | None = None
    blanks: int = 1
    scanner: Scanner = SCANNER


def samples() -> dict[str, Sample]:
    """The copies by id."""
    foreign = typeset(KINDS, trim_mm=TRIM_MM, bleed=True, seed=99)
    return {
        "RMA-20001": Sample("sound; half a millimeter off, as every copy is", "no-defect"),
        "RMA-20002": Sample("fore-edge cut 4.2 mm too deep", "defect", replace(SOUND, fore_edge_mm=-4.2)),
        "RMA-20003": Sample("fore-edge cut right at the limit", "needs-review", replace(SOUND, fore_edge_mm=-3.18)),
        "RMA-20004": Sample("page 4 belongs to another book", "defect", faults=Faults(foreign={4: foreign[3]})),
        "RMA-20005": Sample(
            "half of page 5 did not print",
            "defect",
            faults=Faults(prints={5: Print(missing=((0.0, 70.0, TRIM_MM[0], 150.0),))}),
        ),
        "RMA-20006": Sample(
            "color cast: too much magenta", "needs-review or defect", printed=Print(strength=(1.0, 1.45, 1.0))
        ),
        "RMA-20007": Sample(
            "sound, but scanned cropped to the page",
            "insufficient-evidence",
            scanner=replace(SCANNER, margin_mm=(-0.5, -0.5, -0.5, -0.5)),
        ),
    }


def make_title(folder: Path) -> Title:
    """Write the sample title under `folder`/<isbn>."""
    title = write_title(folder / ISBN / "interior.pdf", KINDS, trim_mm=TRIM_MM, bleed=True, seed=1)
    (folder / ISBN / "title.toml").write_text('trim = "5 x 8 in"\nbleed = true\n', encoding="utf-8")
    return title


def make_copy(folder: Path, title: Title, copy: str, sample: Sample, seed: int) -> CopyTruth:
    """Write the scans of one copy under `folder`/<copy id>."""
    truth = draw_copy(
        folder / copy,
        title,
        block=Block(cut=sample.cut),
        printed=sample.printed,
        scanner=sample.scanner,
        faults=sample.faults,
        blanks=sample.blanks,
        imprint=IMPRINT,
        seed=seed,
    )
    lines = ["schema = 1", f'copy = "{copy}"', f'isbn = "{ISBN}"', "[scan]", "complete = true"]
    (folder / copy / "copy.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return truth


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "samples/drawn")
    title = make_title(folder / "titles")
    with (folder / "samples.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["copy", "what", "expected", "head_mm", "tail_mm", "fore_edge_mm"])
        for seed, (copy, sample) in enumerate(samples().items()):
            mean = make_copy(folder / "inbox", title, copy, sample, seed).block_mm
            offsets = [f"{mean[edge]:+.3f}" for edge in ("head", "tail", "fore-edge")]
            table.writerow([copy, sample.what, sample.expected, *offsets])
            print(f"{copy}  {sample.what}", file=sys.stderr)


if __name__ == "__main__":
    main()
