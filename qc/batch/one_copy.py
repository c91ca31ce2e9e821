"""One copy for a program or a notebook: inspected in one call, and what came of it shows itself."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from html import escape
from pathlib import Path
from typing import Any

from qc.batch.cores import cores
from qc.batch.job import inspect_opened, write_report
from qc.compare.same_title import CopyColors
from qc.inputs import Opened, names_no_book, open_with, read_isbn, refuse_missing
from qc.judge.policy import load_policy
from qc.model import Inspection
from qc.report import html
from qc.report.evidence import exhibits
from qc.report.large_pictures import PagePictures
from qc.report.record import record


@dataclass(frozen=True)
class _Seen:
    """What a report is drawn from beside the inspection."""

    opened: Opened
    colors: CopyColors
    pictures: PagePictures
    k: float


@dataclass(frozen=True, repr=False)
class InspectedCopy(Inspection):
    """An inspection that can be written as a report, and that shows itself in a notebook."""

    _seen: _Seen | None = field(default=None, compare=False, kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """The record that ``qc inspect --json`` prints."""
        return {**record(self)}

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the report to `path`, with larger pictures in ``report-files`` beside it; the path is returned.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        target, seen = Path(path), self._drawn_from
        seen.pictures.write(self, target.parent)
        opened = seen.opened
        write_report(self, seen.colors, opened.reference, target, k=seen.k, cover=opened.cover)
        return target

    @property
    def _drawn_from(self) -> _Seen:
        assert self._seen is not None
        return self._seen

    def _repr_html_(self) -> str:
        seen = self._drawn_from
        shown = exhibits(self, seen.opened.reference, cover=seen.opened.cover)
        page = escape(html.render(self, shown, k=seen.k))
        return f'<iframe title="Report of {escape(self.copy.id)}" srcdoc="{page}" style="width:100%;height:720px"></iframe>'


def inspect(
    copy: str | os.PathLike[str],
    *,
    titles: str | os.PathLike[str] | None = None,
    reference: str | os.PathLike[str] | None = None,
    policy: str = "kdp",
    scanner: str | None = None,
    dpi: float | None = None,
) -> InspectedCopy:
    """Inspect a returned copy, as ``qc inspect`` does; nothing is written.

    Parameters
    ----------
    copy : path
        A folder of scans, a multipage TIFF or a PDF of scans.
    titles : path, optional
        Folder of the ordered titles, where the copy's ISBN names one.
    reference : path, optional
        What was ordered: a PDF, the folder of a title, or an approved copy.
    policy : str
        A shipped one, or the path of a file.
    scanner : str, optional
        Profile of the scanner, by name or path.
    dpi : float, optional
        Resolution of the scans, believed over what their files say.

    Returns
    -------
    InspectedCopy
        With `verdict`, `refund`, `findings`, `observations` and `pages`; see `qc.model.Inspection`.

    Raises
    ------
    QcError
        One of `qc.errors`: `UsageError`, `ScanError`, `ReferenceFault`, `OutputError`, `MissingProgram`.

    Examples
    --------
    >>> copy = qc.inspect("samples/returns/RMA-10482", titles="samples/titles")
    >>> str(copy.verdict.outcome)
    'defect'
    """
    ordered, shelf = _path(reference), _path(titles)
    refuse_missing(ordered, shelf, scanner)
    rules = load_policy(policy)
    path = Path(copy)
    # As the command does: a book that nobody states is the one whose barcode stands on the cover.
    unstated = shelf is not None and ordered is None and names_no_book(path)
    isbn = read_isbn(path, shelf) if unstated and shelf is not None else None
    opened = open_with(path, reference=ordered, titles=shelf, scanner=scanner, dpi=dpi, isbn=isbn)
    seen = inspect_opened(opened, rules, threads=cores())
    values = {f.name: getattr(seen.inspection, f.name) for f in fields(Inspection)}
    return InspectedCopy(**values, _seen=_Seen(opened, seen.colors, seen.pictures, rules.k))


def _path(given: str | os.PathLike[str] | None) -> Path | None:
    return None if given is None else Path(given)
