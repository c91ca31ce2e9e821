"""Faults of color on the pages of a copy, each by its code: an ink that is missing or weak, gray, fade, bands, cast, paper."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qc.features.ink_density import INKS, Share
from qc.flags import Flag
from qc.measure.registry import measure
from qc.measure.words import Said, capital
from qc.model import Evidence, Observation, Where, evidence_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qc.features.page_inks import CopyInks, PageInks
    from qc.features.tiles import ScannedPage
    from qc.measure.context.copy_context import CopyContext

U_INK = 0.04
"""Of a share of ink without a scanner profile: color filters of the scanner and inks other than assumed. The losses of sound
drawn copies scatter by 0.05, press drift included."""
MOST_U_WHOLE = 0.25
ALL, SOLIDS = "all inks", "solids"
MANY_TONED = 60
"""Tiles with tone of a page on which all inks could be weak."""
MOST_U_WEAK = 0.08
"""The share of an ink that is known worse tells only whether it is lost."""
U_LEVEL = 0.03
"""Of the density of a page against the others: a sound press drifts by so much."""
U_CHROMA = 0.04
U_FADE, U_FADE_SHARE = 0.01, 0.08
MOST_U_FADE, SURELY = 0.04, 5.0
"""A fade known worse than this is not stated, unless it is as many times as large as its u."""
U_BAND, U_BAND_SHARE, BAND_OF_SOUND = 0.012, 0.1, 0.035
"""What sound pages show, 0.035 at most, adds to bands in quadrature: it counts the less the larger the swing is."""
U_TONE = 0.08
U_PAPER, U_STOCK = 2.2, 1.5
"""Of b* without a scanner profile, and of papers that are called alike."""
U_NOT_STATED = 0.25
LOST, GRAY = 0.6, 0.5
SYSTEMATIC_PAGES, SYSTEMATIC_SHARE = 3, 2 / 3
SHOWS_IN_TEXT = 0.28
"""Loss of contrast from side to side at which letters plainly fade; 347 sound pages drawn by two models show up to 0.23."""
LETTER_PAGES = 48
"""So many pages tell how letters usually print: 20,000 tiles for five numbers. All of a thick book would take 60 MB."""
SHOWS: Mapping[str, float] = {"lost-channel": 0.5, "weak-channel": 0.35, "gray": 0.5, "fade": 0.25, "band": 0.08}
"""From where on a page counts as showing the fault, when it is asked whether all pages do."""
PAPER_B: Mapping[str, float] = {"white": 0.0, "cream": 11.0}
"""Usual b* of white and cream book paper under D50 as a scanner sees it."""


@dataclass(frozen=True)
class _Found:
    code: str
    value: float | None
    u: float | None
    flags: tuple[Flag, ...] = ()
    detail: Mapping[str, Any] | None = None
    evidence: tuple[Evidence, ...] = ()


@measure(
    "color-defect",
    "fraction",
    "page",
    4,
    name="color",
    codes={
        "lost-channel": "missing ink",
        "weak-channel": "weak ink",
        "gray": "color printed gray",
        "fade": "fading print",
        "band": "bands in the print",
        "cast": "color cast of grays",
        "tone-shift": "lightness of mid-tones",
        "wrong-paper": "wrong paper",
    },
    subject="tone",
    content=True,
)
def color_defect(pages: Sequence[ScannedPage], paper: str | None = None, ink: str | None = None) -> list[Observation]:
    """Faults of color on the registered pages of a copy against the reference, by code.

    Parameters
    ----------
    pages : sequence of ScannedPage
    paper : str or None
        "white" or "cream" as ordered; None where the title does not say.
    ink : str or None
        "black", "standard-color" or "premium-color" as ordered.

    Returns
    -------
    list of Observation
        Values are fractions, 0 on a sound page, in `detail` with their `code`. On each page: "lost-channel": share of the
        weakest ink (`channel`) that is missing against like colors on the other pages; "weak-channel": the largest share that is
        missing of an ink that is not lost, or of all inks (`channel` "all inks"); "gray": share of the chroma that is missing;
        "fade": loss of density from the strongest to the weakest side of what is printed (`toward`); "band": rms of the density's
        swing as scanned, between lanes of 3.6 mm (`along` y: bands lie across the page). Of the copy, without a page:
        "lost-channel" and "gray" where a channel is nearly flat on all pages; "weak-channel" of black areas against the letters
        (`channel` "solids"); "cast": excess of the strongest over the weakest of R, G, B in nearly gray tones; "tone-shift":
        excess of mid-tones over shadows; "wrong-paper": place of the paper's b* on the way from the ordered paper (0) to the
        other (1). A page that orders neither color nor tone has one null of the code "not-ordered". A fault that two thirds of
        the pages show, three or more, is said once, without a page; `detail` names the pages.

    Notes
    -----
    Tiles of 3.6 mm are averaged in linear light, after the lamp was taken out, and become densities relative to paper. What
    press and scanner make of a color of the file is learned from the copy (`ink_response`), each page from the others, so
    that neither dot gain, nor inks, nor a tone curve of scanner or driver is a fault. u holds by how much like colors differ
    from page to page, all tiles of one color together; what is known worse than to 0.12 (0.05 for a fade) is not stated unless it
    stands out. Only what scales density counts as fade or band; what adds to it is light.

    A "fade" and a "band" bound what printed from below: glare and the scanner's tone curve flatten shadows (drawn fades read
    0.7 to 1 of themselves), lanes average bands of 9 mm down to 0.8, and of a picture in layers some of the band is taken for its
    tones; drawn bands of 9 to 25 mm read 0.45 to 0.91 of themselves.

    Fooled by a fault that all pages share alike: a copy printed pale, or with a weak ink, as a whole has that as its response,
    which no scan without a profile tells from press and scanner. Fooled, too, by bands narrower than 7 mm (not seen), by a
    page alone with its tones (said, `few-tones`), and by tones that each have a part of the page to themselves (a fade is not
    stated, `tones-by-place`). A copy whose title does not state its ink and whose every page is gray may have been ordered so: u
    is then 0.25. Cream paper in front of a driver that whitens it reads white.
    """
    observations: list[Observation] = []
    from qc.features.page_inks import page_inks
    from qc.features.text_fade import letter_contrast

    colors, whole = page_inks(pages)
    known = [(p, c) for p, c in zip(pages, colors, strict=True) if c is not None]
    # Where no page shows color, none tells how much of an ink there should be.
    all_gray = whole.chroma is not None and 1 - whole.chroma.value > GRAY
    rows: list[tuple[ScannedPage, _Found]] = []
    for page, color in known:
        rows += [(page, f) for f in _of_page(page, color, ink == "black" or all_gray)]
    for code in SHOWS:
        own = [(p, f) for p, f in rows if f.code == code]
        shown = [(p, f) for p, f in own if f.value is not None and f.value > SHOWS[code]]
        measured = sum(f.value is not None for _, f in own)
        if len(shown) >= SYSTEMATIC_PAGES and len(shown) >= SYSTEMATIC_SHARE * measured:
            unstated = code == "gray" and ink is None and len(shown) == measured
            observations.append(_together(shown, U_NOT_STATED if unstated else 0.0))
            own = [pair for pair in own if pair not in shown]
        observations += [_observed(f, Where(page=p.position)) for p, f in own]
    # An odd step takes rectos and versos alike.
    step = 1 if len(pages) <= LETTER_PAGES else -(-len(pages) // LETTER_PAGES) | 1
    letters = letter_contrast(p.tiles for p in pages[::step])
    for page, own_color in zip(pages, colors, strict=True):
        if own_color is None or not any(p is page for p, _ in rows):
            observations.append(_observed(_of_letters(page, letters), Where(page=page.position)))
    observations += [_observed(f, Where()) for f in _of_copy([c for _, c in known])]
    observations += [_observed(f, Where()) for f in _whole(whole, known, ink)]
    if pages:
        observations.append(_observed(_paper(pages, paper), Where()))
    return observations


@color_defect.on_copy
def _given_copy(copy: CopyContext) -> list[Observation]:
    if copy.reference is None:
        return []
    found = color_defect(copy.with_tone, copy.reference.paper, copy.reference.ink)
    return [copy.managed(o) for o in found]


@color_defect.full_sentence
def _in_words(found: Observation, said: Said) -> str:
    detail, value = found.detail, found.value or 0.0
    code, channel, pages = str(detail.get("code", "")), str(detail.get("channel", "ink")), detail.get("pages")
    # What is lacking is nothing where there is more of it than elsewhere.
    share = said.size if value > 0 or code == "tone-shift" else "0 %"
    on = f" on {said.pages(pages)}" if pages else said.on_page
    weak = {
        "all inks": f"All inks print {share} weaker{on} than on the other pages",
        "solids": f"Black areas{on} print {share} weaker than the text",
    }
    lie = "across" if detail.get("along") == "y" else "down"
    way = "lighter" if value < 0 else "darker"
    said_of = {
        "lost-channel": f"{share} of the {channel}{on} did not print",
        "weak-channel": weak.get(channel, f"{capital(channel)}{on} prints {share} weaker than the other inks"),
        "gray": f"{share} of the ordered color{on} is missing",
        "fade": f"The print{on} fades by {share} toward the {detail.get('toward')}",
        "band": f"Bands {lie} {on.removeprefix(' on ') or 'the page'} change the density by {share}",
        "cast": f"Gray tones{on} lean to {channel} by {share} of their density",
        "tone-shift": f"Mid-tones{on} print {share} {way} than ordered",
        "wrong-paper": f"The paper is {share} {detail.get('like')} where {detail.get('ordered')} was ordered",
    }
    return said_of.get(code, f"The color{on} differs by {share}")


def _observed(found: _Found, where: Where) -> Observation:
    detail = {"code": found.code, **(found.detail or {})}
    value, u = (None if v is None else round(v, 4) for v in (found.value, found.u))
    return color_defect.observe(value, u, where, found.flags, detail, found.evidence)


def _of_letters(page: ScannedPage, usual: np.ndarray[Any, Any] | None) -> _Found:
    """A page without tints: whether its letters plainly fade; that they do not is not claimed."""
    from qc.features.text_fade import text_fade

    fade = text_fade(page.tiles, usual)
    if fade is None or fade.value <= SHOWS_IN_TEXT:
        return _Found("not-ordered", None, None, (Flag.LITTLE_COLOR,))
    return _Found("fade", fade.value, fade.u, (Flag.NO_PROFILE,), {"toward": fade.toward}, (Evidence(*page.scan),))


def _of_page(page: ScannedPage, color: PageInks, black_only: bool) -> Iterator[_Found]:
    if color.colored and not black_only:
        if color.gray_scan:
            yield from (_Found(code, None, None, (Flag.GRAY_SCAN,)) for code in ("lost-channel", "gray"))
        else:
            yield from _inks(page, color)
    yield from _weak(page, color, black_only)
    gone = not black_only and color.chroma is not None and (color.gray_scan or _is_gray(color))
    worst = max((s.value - s.u for s in color.loss if s is not None), default=0.0)
    if color.fade is None:
        return
    if gone or worst > SHOWS["lost-channel"]:
        # Gray or a lost ink changes densities by what the page shows, which looks like fade and bands.
        yield from (_Found(code, None, None, (Flag.U_TOO_LARGE,)) for code in ("fade", "band"))
        return
    fade = color.fade
    u_fade = float(np.hypot(fade.u, np.hypot(U_FADE, U_FADE_SHARE * fade.value)))
    if fade.u > MOST_U_FADE and fade.value < SURELY * fade.u:
        flag = Flag.TONES_BY_PLACE if fade.u_least > MOST_U_FADE else Flag.U_TOO_LARGE
        yield _Found("fade", None, None, (flag,))
    else:
        yield _Found("fade", fade.value, u_fade, (Flag.NO_PROFILE,), {"toward": fade.toward}, (Evidence(*page.scan),))
    if color.band is not None:
        band = color.band
        floor = U_BAND / max(1.0, band.value / BAND_OF_SOUND)
        u_band = float(np.linalg.norm([1.5 * band.u, floor, U_BAND_SHARE * band.value]))
        yield _Found("band", band.value, u_band, (Flag.NO_PROFILE,), {"along": band.along}, (Evidence(*page.scan),))


def _inks(page: ScannedPage, color: PageInks) -> Iterator[_Found]:
    flags = (Flag.NO_PROFILE,)
    missing = None if color.chroma is None else _missing_chroma(color)
    if missing is None:
        yield _Found("gray", None, None, (Flag.U_TOO_LARGE,))
    else:
        yield _Found("gray", missing.value, float(np.hypot(U_CHROMA, missing.u)), flags, None, (Evidence(*page.scan),))
    losses = [(s.value, i, s) for i, s in enumerate(color.loss) if s is not None]
    if (missing is not None and missing.value - 2 * missing.u > GRAY) or not losses:
        flag = Flag.U_TOO_LARGE if losses else Flag.LITTLE_COLOR
        yield _Found("lost-channel", None, None, (flag,))
        return
    value, i, share = max(losses)
    box = color.boxes_mm[i]
    evidence = evidence_at(page.scan, box, page.to_scan) if box else Evidence(*page.scan)
    detail = {"channel": INKS[i], "tiles": share.tiles, "box_mm": list(box) if box else None}
    yield _Found("lost-channel", value, float(np.hypot(U_INK, share.u)), flags, detail, (evidence,))


def _missing_chroma(color: PageInks) -> Share:
    """Chroma that is missing where all else printed as on the other pages: a page that is pale all over lacks no chroma."""
    assert color.chroma is not None
    level = 1.0 if color.level is None else float(np.clip(color.level.value, 0.5, 1.0))
    return Share(1 - color.chroma.value / level, color.chroma.u / level, color.chroma.tiles)


def _is_gray(color: PageInks) -> bool:
    missing = _missing_chroma(color)
    return missing.value - 2 * missing.u > GRAY


def _weak(page: ScannedPage, color: PageInks, black_only: bool) -> Iterator[_Found]:
    """What the page lacks of one ink or of all, against like colors on the other pages."""
    flags = (Flag.NO_PROFILE,)
    found: list[_Found] = []
    if color.level is not None:
        detail: dict[str, Any] = {"channel": ALL, "tiles": color.level.tiles}
        u = float(np.hypot(U_LEVEL, color.level.u))
        found.append(_Found("weak-channel", 1 - color.level.value, u, flags, detail, (Evidence(*page.scan),)))
    gray = black_only or color.gray_scan or (color.chroma is not None and _is_gray(color))
    for i, share in enumerate(color.loss):
        if (
            share is not None
            and not gray
            and share.value <= LOST
            and (share.u < MOST_U_WEAK or share.value > SURELY * share.u)
        ):
            box = color.boxes_mm[i]
            evidence = evidence_at(page.scan, box, page.to_scan) if box else Evidence(*page.scan)
            detail = {"channel": INKS[i], "tiles": share.tiles, "box_mm": list(box) if box else None}
            found.append(
                _Found("weak-channel", share.value, float(np.hypot(U_INK, share.u)), flags, detail, (evidence,))
            )
    if found:
        yield max(found, key=lambda f: f.value or 0.0)
    elif color.toned >= MANY_TONED:
        yield _Found("weak-channel", None, None, (Flag.FEW_TONES,))


def _whole(copy: CopyInks, pages: Sequence[tuple[ScannedPage, PageInks]], ink: str | None) -> Iterator[_Found]:
    """Inks and chroma that the copy lacks on all its pages."""
    flags = (Flag.NO_PROFILE,)
    if copy.solids is not None:
        missing, u = 1 - copy.solids.value, copy.solids.u
        yield _Found("weak-channel", float(np.clip(missing, 0, 1)), u, flags, {"channel": SOLIDS})
    if ink == "black":
        return
    gray = copy.chroma is not None and 1 - copy.chroma.value > GRAY
    if copy.chroma is not None:
        u = float(np.hypot(copy.chroma.u, 0.0 if ink else U_NOT_STATED))
        with_it = [p for p, c in pages if c.colored]
        detail: dict[str, Any] = {"tiles": copy.chroma.tiles, "pages": [p.position for p in with_it]}
        evidence = tuple(Evidence(*p.scan) for p in with_it[:3])
        yield _Found("gray", float(np.clip(1 - copy.chroma.value, 0, 1)), u, flags, detail, evidence)
    lost = [(1 - s.value, i, s) for i, s in enumerate(copy.inks) if s is not None]
    if lost and not gray:
        value, i, share = max(lost)
        boxes = [(p, box) for p, c in pages if (box := c.boxes_mm[i]) is not None]
        detail = {"channel": INKS[i], "tiles": share.tiles, "pages": [p.position for p, _ in boxes]}
        evidence = tuple(evidence_at(p.scan, box, p.to_scan) for p, box in boxes[:3])
        # No more than all of an ink can be missing: what was measured beyond that makes it the surer.
        u = max(share.u - max(value - 1, 0) / 3, U_INK)
        if u > MOST_U_WHOLE:
            yield _Found("lost-channel", None, None, (Flag.LITTLE_COLOR,))
        else:
            yield _Found("lost-channel", float(np.clip(value, 0, 1)), u, flags, detail, evidence)


def _together(shown: Sequence[tuple[ScannedPage, _Found]], u_more: float) -> Observation:
    """One observation of a fault that (nearly) all pages show: the page in the middle speaks for them."""
    ranked = sorted(shown, key=lambda pair: pair[1].value or 0.0)
    middle = ranked[len(ranked) // 2][1]
    u = float(np.hypot(np.median([f.u or 0.0 for _, f in shown]), u_more))
    detail = {**(middle.detail or {}), "pages": [p.position for p, _ in shown]}
    evidence = tuple(e for _, f in shown[:3] for e in f.evidence)
    return _observed(replace(middle, u=u, detail=detail, evidence=evidence), Where())


def _of_copy(colors: Sequence[PageInks]) -> Iterator[_Found]:
    """Cast and tone shift, common to the pages: which of press, paper and scanner they come from is not told."""
    colors = [c for c in colors if not c.gray_scan]
    neutral = [[s.value for s in c.neutral if s is not None] for c in colors]
    neutral = [n for n in neutral if len(n) == len(INKS)]
    if neutral:
        shares = np.median(np.array(neutral), axis=0)
        detail = {"channel": INKS[int(np.argmax(shares))], "pages_measured": len(neutral)}
        yield _Found("cast", float(np.ptp(shares) / shares.mean()), U_TONE, (Flag.NO_PROFILE,), detail)
    shifts = [s for c in colors if (s := _shift(c.mid, c.dark)) is not None]
    if shifts:
        detail = {"pages_measured": len(shifts)}
        yield _Found("tone-shift", float(np.median(shifts)), U_TONE, (Flag.NO_PROFILE,), detail)


def _shift(mid: Sequence[Share | None], dark: Sequence[Share | None]) -> float | None:
    light, deep = ([s.value for s in shares if s is not None] for shares in (mid, dark))
    if not light or not deep or min(deep) <= 0:
        return None
    return float(np.mean(light) / np.mean(deep) - 1)


def _paper(pages: Sequence[ScannedPage], ordered: str | None) -> _Found:
    from qc.features.page_inks import paper_of

    seen, _ = paper_of(pages)
    if ordered is None:
        return _Found("wrong-paper", None, None, (Flag.PAPER_NOT_STATED,))
    if seen is None or all(np.ptp(paper) < 1e-6 for p in pages if (paper := p.tiles.paper) is not None):
        return _Found("wrong-paper", None, None, (Flag.NOTHING_TO_COMPARE if seen is None else Flag.GRAY_SCAN,))
    shown = next(p for p in pages if p.tiles.paper is not None)
    colors = shown.tiles.colors
    lab = colors.lab(seen)
    other = "cream" if ordered == "white" else "white"
    way = PAPER_B[other] - PAPER_B[ordered]
    value = float((lab[2] - PAPER_B[ordered]) / way)
    u = float(np.hypot(colors.u, U_STOCK) if colors.calibrated else U_PAPER) / abs(way)
    detail = {"ordered": ordered, "like": other, "b": round(float(lab[2]), 2)}
    flags = () if colors.calibrated else (Flag.NO_PROFILE,)
    return _Found("wrong-paper", value, u, flags, detail, (Evidence(*shown.scan),))
