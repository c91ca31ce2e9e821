"""One page drawn, written, read and examined: what is true and what was measured, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qc.geometry import Edge, edge_names, side_of
from qc.measure.trim_offset import trim_offset
from qc.model import Observation, Resolution, ScanFile, ScanSettings
from qc.normalize.page_image import PageImage, load_page
from qc.page import inspect_page
from qc.reference.find import Reference, open_reference
from qc.register.page_result import PageJob, PageResult
from qc.scan.image_file import read_header
from qc.synthetic import Cut, Kind, PageDesign, Print, Scanner, Title, Truth, draw_scan, write_scan, write_title
from qc.synthetic.files import suffix

TRIM = (76.2, 101.6)
"""Small, so that drawing takes a tenth of a second."""


@dataclass(frozen=True)
class Measured:
    """A drawn page after examination; `error` and `z` compare an edge's offset with the truth, in mm and in u."""

    truth: Truth
    result: PageResult
    offsets: Mapping[Edge, Observation]

    def error(self, edge: Edge) -> float:
        value = self.offsets[edge].value
        assert value is not None, (edge, self.offsets[edge].flags)
        return value - self.truth.offsets_mm[edge]

    def z(self, edge: Edge) -> float:
        u = self.offsets[edge].u
        assert u is not None and u > 0
        return self.error(edge) / u

    def flags(self, edge: Edge) -> tuple[str, ...]:
        assert self.offsets[edge].value is None
        return self.offsets[edge].flags


@dataclass(frozen=True)
class Book:
    """A title, its reference, and a folder for scans."""

    title: Title
    reference: Reference
    folder: Path

    def page_of(self, kind: Kind) -> int:
        """Number of the first page of this kind."""
        return next(p.number for p in self.title.pages if p.kind is kind)

    def measure(
        self,
        page: int,
        printed: Print | None = None,
        cut: Cut | None = None,
        scanner: Scanner | None = None,
        *,
        seed: int = 0,
        settings: ScanSettings | None = None,
        design: PageDesign | None = None,
        turns: int | None = None,
    ) -> Measured:
        """Draw page `page` (or `design` in its place) and examine it where `settings` say it lies in the copy.

        `turns` is how the copy is known to lie.
        """
        settings, scanner = settings or ScanSettings(), scanner or Scanner()
        drawn = design or self.title.pages[page - 1]
        image, truth = draw_scan(drawn, printed or Print(), cut or Cut(), scanner, np.random.default_rng(seed))
        name = f"p-{page}-{len(list(self.folder.iterdir()))}{suffix(scanner)}"
        file = write_scan(self.folder / name, image, scanner)
        result = inspect_page(
            PageJob(page - settings.first_page + 1, ScanFile(file, file.name), settings, forced_turns=turns),
            self.reference,
        )
        side = side_of(result.reference_page or page)
        assert result.trim is not None and result.to_scan is not None, result.error
        offsets = trim_offset(
            result.lines,
            edge_names(side),
            result.registration,
            result.trim,
            result.job.position,
            None,
            (file.name, 0),
            result.to_scan,
        )
        return Measured(truth, result, {o.where.edge: o for o in offsets if o.where.edge is not None})


def make_book(
    folder: Path, kinds: Sequence[Kind], trim_mm: tuple[float, float] = TRIM, bleed: bool = True, seed: int = 0
) -> Book:
    title = write_title(folder / "title" / "interior.pdf", kinds, trim_mm=trim_mm, bleed=bleed, seed=seed)
    scans = folder / "scans"
    scans.mkdir()
    return Book(title, open_reference(title.path, trim=f"{trim_mm[0]} x {trim_mm[1]} mm", bleed=bleed), scans)


def loaded(path: Path, image: np.ndarray, scanner: Scanner) -> PageImage:
    """A drawn picture as the pipeline sees it: written to `path` and read at working resolution."""
    scan = ScanFile(write_scan(path.with_suffix(suffix(scanner)), image, scanner), path.name)
    return load_page(scan, read_header(scan), Resolution(scanner.dpi, scanner.dpi))
