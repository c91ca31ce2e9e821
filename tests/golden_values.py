"""Every value, u and flag of the samples and of drawn copies, as one table: what no refactoring may change unnamed.

    python tests/golden_values.py          write tests/data/golden_values.csv anew

A change that a commit intends shows as lines of the table in its diff; the changelog says why.
"""

from __future__ import annotations

import csv
import math
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from qc.batch.job import jobs_for, run_job
from qc.judge.policy import load_policy
from qc.model import Inspection
from qc.synthetic import Scanner, draw_copy, write_title
from qc.units import parse_trim

TABLE = Path(__file__).parent / "data" / "golden_values.csv"
SAMPLES = Path(__file__).parent.parent / "samples"
COLUMNS = ("copy", "measure", "place", "code", "value", "u", "unit", "flags")
CLOSE = {"mm": 0.002}
"""Allowed difference of value and u by unit; different processors round differently."""
CLOSE_ELSE = 0.01
DRAWN = {
    "drawn-text": (("text", "text", "chapter-opener", "text"), 150, 1),
    "drawn-color": (("picture", "table", "text", "bleed-mixed", "picture", "text"), 200, 2),
}

Row = tuple[str, ...]


def drawn_copies(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Draw the copies of `DRAWN`; each with its title."""
    for name, (pages, dpi, seed) in DRAWN.items():
        title = write_title(folder / "titles" / name / "interior.pdf", pages, trim_mm=parse_trim("4.25 x 6.87 in"))
        draw_copy(folder / name, title, scanner=Scanner(dpi=dpi), seed=seed)
        yield folder / name, title.path.parent


def inspected(path: Path, out: Path, reference: Path | None = None, titles: Path | None = None) -> Inspection:
    (job,) = jobs_for([path], out, load_policy(), reference=reference, titles=titles)
    return run_job(job)


def rows(inspection: Inspection) -> list[Row]:
    """The verdict and every observation of a copy, in order of measure and place."""
    copy, verdict = inspection.copy.id, inspection.verdict
    beyond = sorted({f.rule for f in inspection.findings if f.outcome in ("outside", "undecided")})
    result = [(copy, "verdict", str(verdict.outcome), inspection.refund.outcome, "", "", "", " ".join(beyond))]
    for o in inspection.observations:
        where = (o.where.page, o.where.edge, o.where.axis, o.where.copy, o.where.side)
        place = " ".join(str(w) for w in where if w is not None)
        value, u = ("" if v is None else f"{v:.4f}" for v in (o.value, o.u))
        code = " ".join(str(o.detail[k]) for k in ("code", "channel") if o.detail.get(k))
        result.append((copy, o.measure, place, code, value, u, o.unit, " ".join(sorted(o.flags))))
    return result[:1] + sorted(result[1:], key=lambda r: (r[1], _place_key(r[2]), r[3]))


def _place_key(place: str) -> tuple[int, str]:
    first = place.split(" ")[0]
    return (int(first), place) if first.isdigit() else (0, place)


def read_table() -> dict[str, list[Row]]:
    """The rows of the table by copy."""
    found: dict[str, list[Row]] = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["copy"], []).append(tuple(row[c] for c in COLUMNS))
    return found


def differences(expected: Iterable[Row], found: Iterable[Row]) -> list[str]:
    """What differs by more than rounding, a line each."""
    expected, found = list(expected), list(found)
    keys = [[row[:4] for row in table] for table in (expected, found)]
    if keys[0] != keys[1]:
        gone, new = ([k for k in a if k not in b] for a, b in (keys, keys[::-1]))
        return [f"gone: {k}" for k in gone] + [f"new: {k}" for k in new] or ["the same rows in another order"]
    return [f"{a} is now {b}" for a, b in zip(expected, found, strict=True) if not _same(a, b)]


def _same(a: Row, b: Row) -> bool:
    close = CLOSE.get(a[6], CLOSE_ELSE)
    return a[6:] == b[6:] and all(
        (x == y) or (x != "" and y != "" and math.isclose(float(x), float(y), rel_tol=0, abs_tol=close))
        for x, y in zip(a[4:6], b[4:6], strict=True)
    )


def main() -> None:
    """Inspect all and write the table."""
    with tempfile.TemporaryDirectory() as temporary, TABLE.open("w", encoding="utf-8", newline="") as file:
        out, table = Path(temporary) / "out", csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for path in sorted((SAMPLES / "returns").iterdir()):
            table.writerows(rows(inspected(path, out, titles=SAMPLES / "titles")))
        for path, title in drawn_copies(Path(temporary)):
            table.writerows(rows(inspected(path, out, reference=title)))


if __name__ == "__main__":
    main()
