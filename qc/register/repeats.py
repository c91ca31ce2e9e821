"""Which scans of a copy repeat another one, found before anything is measured: a capture counts once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from qc.errors import ScanError
from qc.model import ScanFile
from qc.register.page_result import PageResult
from qc.scan.image_file import read_header
from qc.scan.same_capture import same_capture
from qc.scan.scan_reader import ScanReader

MOST_ALIKE = 6
"""Scans that look alike and are all held against each other; of ruled pages there may be hundreds."""
ENOUGH_PAIRS = 3
"""Pairs of one name that are one capture, and none that is not, until a bare one of which nothing tells counts as well."""


def find_repeats(pages: Sequence[PageResult], reader: ScanReader) -> list[PageResult]:
    """The pages, those whose scan is the capture of another one as repeats of it (`PageJob.same_as`).

    Parameters
    ----------
    pages : sequence of PageResult
        Recognized, in the order of their names; repeats byte by byte are named already.
    reader : ScanReader

    Notes
    -----
    Pixels are compared where two scans look like one page of the reference or have one name but for its ending, and, of scans
    that look like nothing, as blank ones, where they lie as far apart as two that are one capture.
    """
    scans, looks = [p.job.scan for p in pages], [p.recognition.look for p in pages]
    kept = [i for i, p in enumerate(pages) if p.job.same_as is None]
    told: dict[tuple[int, int], bool | None] = {}

    def one_capture(i: int, j: int) -> bool | None:
        if (i, j) not in told:
            told[i, j] = same_capture(scans[i], scans[j], reader)
        return told[i, j]

    groups: dict[object, list[int]] = {}
    for i in kept:
        if looks[i] is not None:
            groups.setdefault(looks[i], []).append(i)
    pairs = [(i, j) for g in groups.values() if len(g) <= MOST_ALIKE for j in g for i in g if i < j]
    named = _of_one_name(scans, kept)
    found = {(i, j) for i, j in [*pairs, *named] if one_capture(i, j)}
    apart = {j - i for i, j in found}
    unseen = {i for i in kept if looks[i] is None}
    beside = [(i, i + d) for i in sorted(unseen) for d in sorted(apart) if i + d in unseen]
    found |= {(i, j) for i, j in beside if one_capture(i, j)}
    answers = [told[pair] for pair in named]
    if answers.count(True) >= ENOUGH_PAIRS and False not in answers:
        found |= {pair for pair in named if told[pair] is None}
    first = _firsts(found, scans)
    # What repeats a repeat byte by byte repeats the first.
    named_as = {scans[i]: scans[k] for i, k in first.items()}
    return [_repeat(p, named_as[other]) if (other := p.job.same_as or p.job.scan) in named_as else p for p in pages]


def _repeat(page: PageResult, of: ScanFile) -> PageResult:
    """A page of which nothing is left but that it repeats another scan, and what it looks like."""
    return PageResult(replace(page.job, same_as=of), recognition=page.recognition)


def find_repeats_in_place(pages: Sequence[PageResult], reader: ScanReader) -> list[PageResult]:
    """The same of pages that were looked up: scans of the same reference page, or of the same small picture, may repeat each
    other though they were not recognized."""
    groups: dict[object, list[int]] = {}
    for i, page in enumerate(pages):
        if page.job.same_as is None and not page.error:
            for key in (page.reference_page, page.picture):
                if key:
                    groups.setdefault(key, []).append(i)
    scans = [p.job.scan for p in pages]
    pairs = {(i, j) for g in groups.values() if len(g) <= MOST_ALIKE for j in g for i in g if i < j}
    first = _firsts({(i, j) for i, j in sorted(pairs) if same_capture(scans[i], scans[j], reader)}, scans)
    return [_repeat(p, scans[first[i]]) if i in first else p for i, p in enumerate(pages)]


def _of_one_name(scans: Sequence[ScanFile], kept: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of scans whose names differ by their ending alone."""
    names: dict[tuple[str, int], list[int]] = {}
    for i in kept:
        names.setdefault((Path(scans[i].name).stem.casefold(), scans[i].frame), []).append(i)
    return [(i, j) for same in names.values() for j in same for i in same if i < j]


def _firsts(pairs: set[tuple[int, int]], scans: Sequence[ScanFile]) -> dict[int, int]:
    """Of each scan that repeats another one, the scan that stands for both: that in color, else in gray, the finest,
    else the first."""
    groups: dict[int, set[int]] = {}
    for i, j in sorted(pairs):
        joined = groups.get(i, {i}) | groups.get(j, {j})
        groups |= dict.fromkeys(joined, joined)
    return {i: best for i, group in groups.items() if (best := min(group, key=lambda k: (*_lacks(scans[k]), k))) != i}


def _lacks(scan: ScanFile) -> tuple[int, int]:
    """What a scan cannot tell: 0 in color, 1 in gray, 2 in one bit; then by its pixels, the more the better."""
    try:
        header = read_header(scan)
    except ScanError:
        return 3, 0
    return 2 if header.bits == 1 else int(header.gray), -header.width_px
