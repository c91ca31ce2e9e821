"""Print that the reference has and the copy has not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from qc.flags import Flag
from qc.measure.registry import measure, part
from qc.measure.words import Said, capital, counted
from qc.model import Evidence, Observation, PageKind, PageRecord, Where, evidence_at
from qc.number_format import spoken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from qc.features.print_marks import PrintMark
    from qc.features.tiles import PageTiles, ScannedPage
    from qc.features.tone_curve import BarePaper, ToneCurve
    from qc.geometry import Affine
    from qc.measure.context.copy_context import CopyContext, PageContext

MIN_DARKNESS = 0.03
LOST_SHARE = 0.25
"""Of a page that lost nearly all of its print: less than this share of what was ordered."""
CLEARLY = 6.0
LEAST_SHOWN = 0.04
OF_LETTERS = 0.4
"""Share of the ordered darkness that letters and lines surely show, thin strokes on a coarse scan included."""
MOST_GRAIN, LEAST_GRAIN = 1.5, 0.005
MOSTLY_BRIGHT = 0.95
"""Share of a page without its print that is as bright as paper."""
MIN_AREA_MM2 = 200.0
MIN_SIDE_MM = 8.0
MOST_SHOWN = 12
_DEFECTS = {
    "missing-print": ("place where print is missing", "places where print is missing"),
    "spot": ("stray spot", "stray spots"),
    "smear": ("smear", "smears"),
    "streak": ("streak", "streaks"),
    "white-sliver": ("strip of bare paper beside a picture", "strips of bare paper beside pictures"),
    "void": ("pale spot in solid print", "pale spots in solid print"),
}


@measure(
    "print-defect",
    "count",
    "page",
    4,
    name="missing print",
    codes={
        "spot": "stray spots",
        "smear": "smears",
        "streak": "streaks",
        "white-sliver": "bare paper beside pictures",
        "void": "pale spots in solid print",
    },
    needs=("blank-pages-inside",),
    subject="tone",
    content=True,
)
def missing_print(page: ScannedPage, curve: ToneCurve, common: BarePaper | None) -> Observation:
    """Regions of several lines, or of a picture, that the reference prints and the copy leaves bare.

    Parameters
    ----------
    page : ScannedPage
        Registered, the lamp taken out.
    curve : ToneCurve
        Of the copy: how dark print of a tone is, if it is there.
    common : BarePaper or None
        Of the copy, for a page that shows no bare paper of its own.

    Returns
    -------
    Observation
        Number of such regions, 0 on a sound page; `detail` holds the code "missing-print" and their boxes in mm.

    Notes
    -----
    A tile is lost where it is as bright as the bare paper of this page, within what that scatters by, as even as that paper,
    and where print of the ordered tone would show at least `CLEARLY` times that scatter on this copy. On a page colored all
    over, the color under all else stands for paper, and only letters and lines are looked for; on other pages printed all
    over, the paper of the copy. A region needs 200 mm2 and 8 mm both ways, about three lines of text. What is merely paler
    is no missing print, whatever the file says, nor is a tint so light that the copy may show it as paper. Nothing is looked
    for within 5 mm of the trim line, nor in a copy that shows no bare paper at all.
    """
    import cv2

    from qc.features.tone_curve import bare_paper, ground_color

    where = Where(page=page.position)
    tiles = page.tiles
    paper = bare_paper([page]) or ground_color(page) or common
    if paper is None:
        flags = (Flag.NO_PAPER,)
        return missing_print.observe(None, where=where, flags=flags, detail={"code": "missing-print"})
    bare = _bare(tiles, curve, paper)
    # Lines of text leave gaps between them that are bare in the reference too.
    closed = cv2.morphologyEx(bare.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    side = float(np.mean(tiles.to_mm.scale))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    boxes = []
    for label in range(1, count):
        x, y, w, h = stats[label, :4]
        area = float((bare & (labels == label)).sum()) * side**2
        if area >= MIN_AREA_MM2 and min(w, h) * side >= MIN_SIDE_MM:
            x0, y0, x1, y1 = tiles.to_mm([[x - 0.5, y - 0.5], [x + w - 0.5, y + h - 0.5]]).ravel().round(2).tolist()
            boxes.append((x0, y0, x1, y1))
    evidence = tuple(evidence_at(page.scan, box, page.to_scan) for box in boxes)
    detail = {"code": "missing-print", "boxes_mm": [list(b) for b in boxes]}
    return missing_print.observe(float(len(boxes)), 0.0, where, detail=detail, evidence=evidence)


@missing_print.on_page
def _of_page(page: PageContext) -> Iterator[Observation]:
    of_page, copy = page.copy.even.get(page.position), page.copy
    if copy.reference is None or of_page is None:
        return
    found = missing_print(of_page, copy.curve, copy.common_paper)
    # Words stand out against bare paper; on a page printed all over they are a part of a picture.
    marks = page.page.marks if page.page.marks and of_page.tiles.paper is not None else ()
    yield with_lost_lines(found, marks, of_page.scan, of_page.to_scan)


@missing_print.full_sentence
def _in_words(found: Observation, said: Said) -> str:
    code = str(found.detail.get("code"))
    if not found.value:
        return f"{capital(said.page or 'the copy')} shows no {missing_print.named(code)}"
    one, many = _DEFECTS.get(code, _DEFECTS["missing-print"])
    width = found.detail.get("width_mm")
    # Marks tell a list of widths, and which of them is meant would take a longer sentence.
    wide = f", {spoken(width, 'mm')} wide" if isinstance(width, float) else ""
    edge = f" at the {found.where.edge}" if found.where.edge else ""
    return f"{capital(said.page or 'the copy')} shows {counted(found.value, one, many)}{edge}{wide}"


def _bare(tiles: PageTiles, curve: ToneCurve, paper: BarePaper) -> NDArray[np.bool_]:
    """Tiles that show bare paper where print was ordered that would be seen."""
    from qc.features.tone_curve import even_tones, shares

    shown = shares(tiles, paper.light)
    ordered = np.minimum(tiles.reference.mean(axis=2) / paper.ordered, 1.0)
    scatter = np.hypot(paper.scatter, 0.0 if tiles.u_lamp is None else tiles.u_lamp)
    grain = np.zeros_like(shown) if tiles.grain is None else tiles.grain / np.maximum(tiles.copy.mean(axis=2), 0.05)
    tints = curve.least_darkness(ordered) if paper.ordered == 1 else np.zeros_like(ordered)
    visible = np.where(even_tones(tiles), tints, OF_LETTERS * np.clip(1 - ordered, 0, None))
    as_paper = (shown > 1 - 3 * scatter) & (grain < MOST_GRAIN * paper.grain + LEAST_GRAIN)
    return np.asarray(tiles.usable & as_paper & (visible > np.maximum(CLEARLY * scatter, LEAST_SHOWN)))


def with_lost_lines(
    observation: Observation, marks: Sequence[PrintMark], scan: tuple[str, int], page_to_scan: Affine
) -> Observation:
    """The observation of `missing_print` with words and lines that are too small for it.

    Parameters
    ----------
    observation : Observation
    marks : sequence of PrintMark
        Of the page; those of code "missing-print" count.
    scan : tuple of (str, int)
        File name and frame.
    page_to_scan : Affine
        Page-frame mm -> scan pixels.

    Returns
    -------
    Observation
        Where no large region is lost, but words or lines are: their number, with the flag ``few-words``. The author's own later
        change of a line looks the same.
    """
    lost = [m for m in marks if m.code == "missing-print"]
    if observation.value != 0 or not lost:
        return observation
    number = float(len(lost))
    detail = {**observation.detail, "boxes_mm": [[round(v, 2) for v in m.box_mm] for m in lost[:MOST_SHOWN]]}
    evidence = tuple(evidence_at(scan, m.box_mm, page_to_scan) for m in lost[:MOST_SHOWN])
    flags = (*observation.flags, str(Flag.FEW_WORDS))
    return replace(observation, value=number, flags=flags, detail=detail, evidence=evidence)


@part("print-defect")
def lost_page(copy: CopyContext) -> Iterator[Observation]:
    """The same fault where a whole page is blank: from its `blank-pages-inside` observation.

    Returns
    -------
    iterator of Observation
        One a page.
    """
    for blank in copy.observed("blank-pages-inside"):
        if blank.value:
            detail = {"code": "missing-print", **blank.detail}
            yield lost_page.observe(blank.value, blank.u, blank.where, blank.flags, detail, blank.evidence)


@part("print-defect")
def lost_print(
    page: PageRecord, position: int, coverage: float, bright: float, ordered: float, sure: bool
) -> Observation | None:
    """The same fault where hardly more than a folio is left, so that the page cannot be registered.

    Parameters
    ----------
    page : PageRecord
        Its `reference_page` is the place between its neighbors.
    position : int
        Among the scanned interior pages, 1-based.
    coverage, bright : float
        Shares of the copy's page that carry ink, and that are about as bright as its paper.
    ordered : float
        Darkness of the reference page, 0..1.
    sure : bool
        Whether the page certainly belongs to that place; if not, the flag is ``place-unsure``.

    Returns
    -------
    Observation or None
        None where enough print is there, little was ordered, or the page is not as bright as paper all over.
    """
    if ordered < MIN_DARKNESS or coverage > LOST_SHARE * ordered:
        return None
    if page.kind is PageKind.CONTENT and bright < MOSTLY_BRIGHT:
        return None
    detail = {"code": "missing-print", "reference_page": page.reference_page, "coverage": round(coverage, 5)}
    evidence = (Evidence(page.file, page.frame),)
    flags = () if sure else (Flag.PLACE_UNSURE,)
    return lost_print.observe(1.0, 0.0, Where(page=position), flags, detail, evidence)


@lost_print.on_page
def _hardly_printed(page: PageContext) -> Observation | None:
    """Pages that lost nearly all of their print, so that no registration tells."""
    from qc.register.thumbnails import darkness_on_ground

    seen, record, reference = page.page, page.record, page.reference
    if reference is None or seen.registration is not None or not seen.ink or not record.reference_page:
        return None
    if record.kind not in (PageKind.FOLIO_ONLY, PageKind.CONTENT):
        return None
    ordered = float(darkness_on_ground(reference.thumbnails()[[record.reference_page - 1]])[0])
    sure = record.kind is PageKind.FOLIO_ONLY and page.position not in page.copy.doubtful
    return lost_print(record, page.position, seen.ink.coverage, seen.ink.bright, ordered, sure)
