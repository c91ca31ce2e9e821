"""How surely each check finds a fault of known size, in the user's own sound scans: detection curves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from qc.errors import UsageError
from qc.geometry import Affine, Edge, Points, Size
from qc.judge.policy import Policy
from qc.measure.details import TrimOffsetDetail
from qc.model import BookCopy, FindingOutcome, Inspection, PageKind, PageRecord, Role, ScanFile
from qc.pipeline import inspect_copy
from qc.reference.find import Reference
from qc.scan.image_file import read_pixels
from qc.synthetic.damaged import SIZES
from qc.synthetic.files import rewrite_scan
from qc.synthetic.plant import cut_moved, print_lost, spotted, streaked, tinted
from studies.agreement import Z_95
from studies.planted_damage import damage_leaves, dust_scans

STRIP_MM = 2.0
"""Of the margin that moves with a cut."""
INSET_MM = 12.0
"""Faults on a page keep this far from its trim."""
LOST_WIDTH = 0.6
"""Width of lost print, as a share of the page."""
LOST_PLACES = 12
"""Places tried for lost print: the one with most print is taken, as nothing is lost where nothing was printed."""
_EDGES = (Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE)
_GRAVER = {
    FindingOutcome.NOT_JUDGED: 0,
    FindingOutcome.WITHIN: 0,
    FindingOutcome.UNDECIDED: 1,
    FindingOutcome.OUTSIDE: 2,
}

Pixels = NDArray[Any]
Change = Callable[[Pixels], Pixels]
Place = tuple[int | None, Edge | None]


@dataclass(frozen=True)
class Fault:
    """What is planted; `size` of it is in `unit`, `about` says what a size means, `rule` is the one that should see it
    (None: any rule of the measure, or where that is None, too, any of severity defect)."""

    id: str
    unit: str
    about: str
    rule: str | None
    scope: str
    measure: str | None = None


FAULTS: Mapping[str, Fault] = {
    f.id: f
    for f in (
        Fault("cut", "mm", "depth of the cut inside the trim line, on all pages", "trim-offset-block", "edge"),
        Fault("lost-print", "mm", f"height of bare paper, {LOST_WIDTH:.0%} of the page wide", "print-defect", "page"),
        Fault("spot", "mm", "diameter of a speck of ink", None, "page"),
        Fault("streak", "mm", "width of a line without ink, head to tail", None, "page"),
        Fault("cast", "fraction", "excess of magenta over the other inks, on all pages", "color-cast", "copy"),
        *(Fault(kind, unit, about, None, "leaf", "page-damage") for kind, (unit, about) in SIZES.items()),
        # Dirt is no fault of the copy: what is found of it is a false alarm.
        Fault("dust", "mm", "diameter of specks on the glass, in all scans", None, "page", "print-defect"),
    )
}


@dataclass(frozen=True)
class Detection:
    """Of `trials` faults of one size, those called (outside) and those flagged (outside or undecided), with 95 %
    intervals of the rates."""

    size: float
    trials: int
    called: int
    flagged: int

    @property
    def called_interval(self) -> tuple[float, float]:
        return wilson(self.called, self.trials)

    @property
    def flagged_interval(self) -> tuple[float, float]:
        return wilson(self.flagged, self.trials)


@dataclass(frozen=True)
class DetectionCurve:
    """Detections by size; `rule` None is any rule of severity defect, or of the same measure."""

    fault: Fault
    rule: str | None
    detections: tuple[Detection, ...]

    def size_found(self, rate: float = 0.9) -> float | None:
        """The least size from which on at least `rate` of the faults were flagged; None where that was not reached."""
        least = None
        for found in reversed(self.detections):
            if not found.trials or found.flagged / found.trials < rate:
                break
            least = found.size
        return least


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a rate: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209; 0 to 1 where nothing was tried."""
    if not trials:
        return 0.0, 1.0
    p, z2 = successes / trials, Z_95**2
    middle = (p + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z_95 / (1 + z2 / trials) * np.sqrt(p * (1 - p) / trials + z2 / (4 * trials**2))
    low = 0.0 if successes == 0 else middle - half
    return float(low), float(1.0 if successes == trials else middle + half)


def detection_curve(
    copies: Sequence[BookCopy],
    reference: Reference,
    policy: Policy,
    fault: str,
    sizes: Sequence[float],
    repeats: int = 1,
    seed: int = 0,
) -> DetectionCurve:
    """Plant a fault of each size into sound copies, inspect them as ever, and count what is found.

    Parameters
    ----------
    copies : sequence of BookCopy
        Sound ones, see `qc.scan.copy_folder.open_copy`; their scans are not touched.
    reference : Reference
        What all of them show.
    policy : Policy
    fault : str
        One of `FAULTS`.
    sizes : sequence of float
        In the unit of the fault. 0 plants nothing and so tells how often a check cries wolf.
    repeats : int
        Of each size on each page or copy, at other places; of no use for a cut, which gives the same each time.
    seed : int
        Of places.

    Returns
    -------
    DetectionCurve
        A trial is a judged edge of a copy for "cut", a registered page for "lost-print", "spot", "streak" and "dust", a copy
        for "cast", and for damage a leaf whose four edges were seen, on the side that was planted first.

    Raises
    ------
    UsageError
        There is no such fault, or the copies show nothing to plant it in.

    Notes
    -----
    Trials on one copy share its scanner, paper and print, so the interval, which takes them for independent, is too
    narrow for what other copies give: use several copies. A planted fault is sharper than a real one, and what a bad
    knife does besides (a slant, a torn edge) is not in it. A finding that the sound copy has already does not count.
    """
    if fault not in FAULTS:
        raise UsageError(f"There is no fault {fault!r} to plant. Choose one of {', '.join(FAULTS)}.")
    kind = FAULTS[fault]
    sound = [(copy, inspect_copy(copy, reference, policy)) for copy in copies]
    rng = np.random.default_rng(seed)
    detections = []
    for size in sizes:
        counts = np.zeros(3, int)
        for copy, before in sound:
            for _ in range(repeats):
                counts += _trial(copy, before, reference, policy, kind, size, rng)
        detections.append(Detection(float(size), *(int(n) for n in counts)))
    if not any(d.trials for d in detections):
        raise UsageError(f"None of the {len(copies)} copies shows a registered {kind.scope} to plant {fault} in.")
    return DetectionCurve(kind, kind.rule, tuple(detections))


def _trial(
    copy: BookCopy,
    before: Inspection,
    reference: Reference,
    policy: Policy,
    fault: Fault,
    size: float,
    rng: np.random.Generator,
) -> NDArray[np.int_]:
    """Trials, called, flagged."""
    counts = np.zeros(3, int)
    with TemporaryDirectory() as folder:
        planted, places = plant_copy(copy, before, reference.trim, fault, size, Path(folder), rng)
        after = inspect_copy(planted, reference, policy) if size else before
    for place in places:
        grade = _found(after, fault, place)
        if size and grade <= _found(before, fault, place):
            grade = 0
        counts += (1, grade == 2, grade >= 1)
    return counts


def plant_copy(
    copy: BookCopy,
    before: Inspection,
    trim: Size,
    fault: Fault,
    size: float,
    folder: Path,
    rng: np.random.Generator,
) -> tuple[BookCopy, list[Place]]:
    """Plant a fault on every registered page of a copy.

    Parameters
    ----------
    copy : BookCopy
    before : Inspection
        Of it as it is.
    trim : Size
        Of its pages.
    fault : Fault
    size : float
        In the unit of the fault.
    folder : Path
        Where the changed scans go; the copy's own are left alone.
    rng : numpy.random.Generator
        Of places.

    Returns
    -------
    copy : BookCopy
        With the changed scans.
    places : list of (int or None, Edge or None)
        Where the fault should be found: page (position) or edge; neither for a fault of the whole copy.
    """
    records = [r for r in before.pages if r.role is Role.PAGE]
    if fault.id in SIZES or fault.id == "dust":
        if fault.id == "dust":
            images, places = dust_scans(copy, records, trim, size, rng)
        else:
            images, places = damage_leaves(copy, before, fault.id, size, rng)
        return _with_images(copy, records, images if size else {}, folder), places
    images, places = {}, []
    for position, (scan, record) in enumerate(zip(copy.pages, records, strict=True), 1):
        if record.to_scan is None or (fault.id == "lost-print" and record.kind is not PageKind.CONTENT):
            continue
        changes = _changes(before, record.to_scan, position, trim, fault, size, rng)
        places += [place for place, _ in changes if place not in places]
        if not size or not changes:
            continue
        image = read_pixels(scan)
        for _, change in changes:
            image = change(image)
        images[position] = image
    return _with_images(copy, records, images, folder), places


def _with_images(copy: BookCopy, records: Sequence[PageRecord], images: Mapping[int, Pixels], folder: Path) -> BookCopy:
    """The copy with other pixels at some positions, written as its own files are; a picture within a file becomes a TIFF."""
    scans: dict[ScanFile, ScanFile] = {}
    for position, image in images.items():
        scan, dpi = copy.pages[position - 1], records[position - 1].dpi or (300.0, 300.0)
        file = folder / f"{position:04}{scan.path.suffix}"
        try:
            rewrite_scan(scan.path, file, image)
        except (OSError, ValueError):
            file = file.with_suffix(".tif")
            Image.fromarray(image).save(file, dpi=dpi)
        scans[scan] = replace(scan, path=file, frame=0)
    return replace(copy, scans=tuple(scans.get(s, s) for s in copy.scans))


def _changes(
    before: Inspection,
    to_scan: Affine,
    position: int,
    trim: Size,
    fault: Fault,
    size: float,
    rng: np.random.Generator,
) -> list[tuple[Place, Change]]:
    """What makes the fault on one page, with where it should be found."""
    per_mm = float(np.mean(to_scan.scale))
    page_px = to_scan(trim.corners())
    match fault.id:
        case "cut":
            middle = page_px.mean(axis=0)
            found: list[tuple[Place, Change]] = []
            for edge, ends_mm, offset in _cuts(before, position):
                if size == 0 or size + offset >= 0:
                    ends, deeper = to_scan(ends_mm), (size + offset) * per_mm
                    found.append(((None, edge), partial(_cut, ends, middle, deeper, STRIP_MM * per_mm)))
            return found
        case "cast":
            return [((None, None), lambda image: tinted(image, (1.0, 1.0 + size, 1.0), page_px))]
        case "lost-print":
            width = LOST_WIDTH * trim.width_mm
            corners = [_somewhere(trim, (width, size), rng) for _ in range(LOST_PLACES)]
            boxes = [to_scan([[x, y], [x + width, y], [x + width, y + size], [x, y + size]]) for x, y in corners]
            return [((position, None), lambda image: print_lost(image, _darkest(image, boxes), page_px, rng))]
        case "spot":
            center = to_scan([_somewhere(trim, (0, 0), rng)])[0]
            return [((position, None), lambda image: spotted(image, center, size * per_mm, page_px))]
        case _:
            x, _ = _somewhere(trim, (0, 0), rng)
            line = to_scan([[x, 0], [x, trim.height_mm]])
            return [((position, None), lambda image: streaked(image, line, size * per_mm, page_px))]


def _cut(ends: Pixels, middle: Pixels, deeper_px: float, strip_px: float, image: Pixels) -> Pixels:
    return cut_moved(image, ends, middle, deeper_px, strip_px)


def _darkest(image: Pixels, boxes: Sequence[Points]) -> Points:
    """The box with most print."""

    def light(box: Points) -> float:
        (left, top), (right, bottom) = (np.maximum(np.rint(f(axis=0)).astype(int), 0) for f in (box.min, box.max))
        return float(image[top : bottom + 1, left : right + 1].mean())

    return min(boxes, key=light)


def _somewhere(trim: Size, size: tuple[float, float], rng: np.random.Generator) -> tuple[float, float]:
    """Left-top corner (page-frame mm) of a box of `size` that keeps clear of the trim."""
    reach = np.array([trim.width_mm, trim.height_mm]) - 2 * INSET_MM - size
    x, y = INSET_MM + rng.uniform(0, np.maximum(reach, 0.1))
    return float(x), float(y)


def _cuts(inspection: Inspection, position: int) -> Iterator[tuple[Edge, Any, float]]:
    """Judged edges seen on a page: their line (page-frame mm) and the offset of the block there, mm."""
    block = {o.where.edge: o.value for o in inspection.observations if o.measure == "trim-offset-block"}
    for o in inspection.observations:
        edge = o.where.edge
        if o.measure != "trim-offset" or o.where.page != position or o.value is None or edge not in _EDGES:
            continue
        if (offset := block.get(edge)) is not None:
            yield edge, TrimOffsetDetail.of(o).cut_mm, offset


def _found(inspection: Inspection, fault: Fault, place: Place) -> int:
    """The gravest that is said of the place: 0 nothing, 1 undecided, 2 outside."""
    page, edge = place
    own = [
        f
        for f in inspection.findings
        if (
            f.rule == fault.rule
            if fault.rule
            else f.measure == fault.measure
            if fault.measure
            else f.severity == "defect"
        )
        and (page is None or f.where.page == page)
        and (edge is None or f.where.edge is edge)
    ]
    return max((_GRAVER[f.outcome] for f in own), default=0)
