"""What to rescan, add or look at before a copy is inspected, in the words of staff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from qc.features.text import ocr
from qc.features.text.cover_isbn import covers_with_isbn
from qc.judge.messages import ranges
from qc.measure.context.imprint_page import LEAST_DPI, imprint_candidates
from qc.measure.page_sequence import MOST
from qc.model import PageKind
from qc.plan.copy_facts import fact_remarks
from qc.plan.copy_plan import Plan, SeenScan
from qc.plan.remark import Remark
from qc.reference.wrap import Panel
from qc.register.scan_order import AS_SCANNED
from qc.register.thumbnails import has_content

FEW_PAGES = 3
"""Registered pages with print that a verdict on the cut needs."""
MOST_NAMES = 4


def remarks(plan: Plan) -> list[Remark]:
    """Everything worth a remark: what to rescan first, then what to add, then what to look at."""
    found = [*_files(plan), *_contents(plan), *_copy(plan), *fact_remarks(plan.copy)]
    return sorted(found, key=lambda r: ("rescan", "add", "check").index(r.kind))


def _files(plan: Plan) -> Iterator[Remark]:
    bad = [s for s in plan.scans if s.error]
    unknown = [s for s in bad if s.header is not None and s.page is not None and not s.page.credible]
    yield from _alike("rescan", "unreadable", [s for s in bad if s not in unknown], lambda s: s.error)
    yield from _alike("rescan", "resolution", unknown, lambda s: s.error)
    coarse = [s for s in plan.pages if s.resolution and not s.error and _lowest(s) < LEAST_DPI]
    yield from _alike(
        "rescan", "low-resolution", coarse, lambda s: f"{s.name} has {_lowest(s):.0f} dpi: rescan it at 300 dpi."
    )
    one_bit = [s for s in plan.pages if s.header is not None and s.header.bits == 1 and not s.error]
    yield from _alike(
        "check",
        "one-bit",
        one_bit,
        lambda s: (
            f"{s.name} has one bit a pixel: cuts are measured, color and density are not. Scan in color for these."
        ),
    )
    for page in plan.copy.pages:
        if page.found:
            message = f"{page.name} is called like a scan of the empty glass, but {page.found}: it is taken for a page."
            yield Remark("check", "glass", message, (page.name,))
    for scan in plan.scans:
        if scan.same_as:
            message = (
                f"{scan.name} holds the same picture as {scan.same_as}: remove one, or scan the page it should be."
            )
            yield Remark("check", "same-picture", message, (scan.same_as, scan.name))


def _contents(plan: Plan) -> Iterator[Remark]:
    """What the pages show, against the reference."""
    if plan.reference is None:
        return
    good = [s for s in plan.pages if not s.error]
    printed = [s for s in good if s.record.kind is PageKind.CONTENT]
    unclear = [s for s in printed if s.looks_like is None and not (s.repeated or s.same_as or s.mirrored)]
    yield from _alike(
        "check",
        "mirrored",
        [s for s in printed if s.mirrored],
        lambda s: f"{s.name} looks like reference page {s.mirrored} in a mirror: was it scanned or printed so?",
    )
    if len(unclear) > max(len(printed) / 2, 2):
        message = (
            f"{len(unclear)} of {len(printed)} pages with print were not recognized by their small pictures: check that it is the "
            "ordered book and revision."
        )
        yield Remark("check", "not-recognized", message, _names(unclear))
    else:
        yield from _alike(
            "check",
            "not-recognized",
            unclear,
            lambda s: (
                f"{s.name} was not recognized by its small picture: it may have little print, be much like other pages, or be of "
                "another book or revision. The inspection looks closer."
            ),
        )
    written = has_content(plan.reference.thumbnails())
    empty = [
        s
        for s in good
        if s.record.kind is PageKind.BLANK and s.record.reference_page and written[s.record.reference_page - 1]
    ]
    yield from _alike(
        "check",
        "blank-inside",
        empty,
        lambda s: (
            f"{s.name} is blank, where reference page {s.record.reference_page} with print would follow: its print is missing, "
            "or pages between were not scanned."
        ),
    )
    yield from _order(plan)


def _order(plan: Plan) -> Iterator[Remark]:
    """Pages that are there twice, astray or turned, from the alignment that an inspection would make of them."""
    if plan.order != AS_SCANNED:
        message = f"The book was scanned in another order: {plan.order}. That is undone, if it is what was done."
        yield Remark("check", "order", message)
    assert plan.alignment is not None
    for again, before in plan.alignment.doubled:
        scan, earlier = plan.pages[again - 1], plan.pages[before - 1]
        page = plan.alignment.places[again - 1]
        if not scan.same_as and page is not None:
            message = f"{earlier.name} and {scan.name} both look like reference page {page}."
            yield Remark("check", "same-page", message, (earlier.name, scan.name), (page,))
    astray = [plan.pages[i - 1] for i in plan.alignment.misplaced]
    yield from _alike(
        "check",
        "order",
        astray,
        lambda s: f"{s.name} looks like reference page {s.record.reference_page}, out of its order.",
    )
    yield from _turned([s for s in plan.pages if s.looks_like is not None])


def _turned(pages: Sequence[SeenScan]) -> Iterator[Remark]:
    turned = [s for s in pages if s.record.upside_down]
    sides = [[s.record.upside_down for s in pages if (s.looks_like or 0) % 2 == odd] for odd in (0, 1)]
    shares = sorted(sum(side) / max(len(side), 1) for side in sides)
    if min(map(len, sides)) > 2 and shares[0] < 1 - MOST and shares[1] > MOST:
        message = "Every second page lies upside down, as some scanners turn the backs of leaves: no fault of the book."
        yield Remark("check", "upside-down", message, _names(turned))
        return
    yield from _alike(
        "check",
        "upside-down",
        turned,
        lambda s: (
            f"{s.name} lies upside down against the other pages. If the scanner did not do it, the book was bound so: look "
            "at the copy."
        ),
    )


def _copy(plan: Plan) -> Iterator[Remark]:
    """What is missing to judge the copy as a whole."""
    copy, reference = plan.copy, plan.reference
    if copy.claim.reason == "lost" and not copy.scans:
        return
    if reference is None:
        yield Remark("add", "reference", f"{plan.reference_id.note} Without it there is no verdict of no defect.")
    else:
        registered = [s for s in plan.pages if s.looks_like is not None or s.repeated]
        if len(registered) < FEW_PAGES:
            message = (
                f"{_counted(len(registered), 'page')} with print of the reference: three at least are needed for a verdict "
                "on the cut. Scan more."
            )
            yield Remark("add", "few-pages", message)
        if copy.scan.complete and plan.not_scanned:
            pages = ranges(plan.not_scanned)
            message = f"copy.toml states complete = true, and no scan looks like reference pages {pages}."
            yield Remark("check", "not-complete", message, reference_pages=plan.not_scanned)
        if copy.pages_expected and copy.pages_expected != reference.pages:
            message = f"copy.toml expects {copy.pages_expected} pages, the reference has {reference.pages}."
            yield Remark("check", "pages-expected", message)
    yield from _imprint(plan)
    yield from _cover(plan)
    if (copy.isbn or copy.claim.ordered_isbn) and not covers_with_isbn(copy):
        message = "No back cover was scanned: its ISBN cannot be held against the order. Add cover-back.jpg."
        yield Remark("add", "back-cover", message)
    backings = Counter(s.page.backing for s in plan.pages if s.page and not s.error)
    if backings["white"] > sum(backings.values()) / 2 and not copy.scan.bound:
        message = "The pages lie on white: cuts are seen badly there. Scan with a black or gray backing."
        yield Remark("check", "backing", message)
    elif backings["none"] > sum(backings.values()) / 2 and not copy.scan.bound:
        message = "No backing shows around the pages: their cuts cannot be seen. Scan with some backing on all sides."
        yield Remark("check", "backing", message)
    if copy.scan.scanner and plan.scanner.profile is None:
        yield Remark("check", "scanner", f"{plan.scanner.note}.")


def _cover(plan: Plan) -> Iterator[Remark]:
    """What is missing to measure the cover."""
    if plan.cover_note:
        yield Remark("check", "cover", plan.cover_note)
    if plan.cover is None:
        return
    for side in plan.cover.sides.values():
        name, error = side.scan[0], side.page.error
        if error:
            yield Remark("check", "cover", f"{name} cannot be used for the cover: {error}", (name,))
        elif not side.registered:
            message = f"{name} does not look like the ordered cover: another cover, or a scan in bad light."
            yield Remark("check", "cover", message, (name,))
    if missing := [panel for panel in Panel if panel not in plan.cover.sides]:
        files = " and ".join(f"cover-{panel}.jpg" for panel in missing)
        message = f"The ordered cover is known: add {files} of the closed copy, and its cut and folds are measured."
        yield Remark("add", "cover", message)


def _imprint(plan: Plan) -> Iterator[Remark]:
    if plan.copy.claim.printed_on is not None:
        return
    by_page = {id(s.page): s for s in plan.pages}
    read = [by_page[id(p)] for p in imprint_candidates([s.page for s in plan.pages if s.page], plan.reference)]
    # A page that is known to be another is none.
    last = [s for s in read if s.looks_like is None and s.record.kind is not PageKind.BLANK]
    if not last:
        message = "No last page was scanned: the printing date cannot be read. Add it, or state printed_on."
        yield Remark("add", "last-page", message)
    elif why := ocr.missing():
        yield Remark("add", "text-reader", f"The printing date cannot be read: {why}")


def _alike(kind: str, code: str, scans: Sequence[SeenScan], say: Callable[[SeenScan], str]) -> Iterator[Remark]:
    """A remark for each scan; of many alike, the first and the names of the others."""
    if len(scans) <= MOST_NAMES - 1:
        yield from (Remark(kind, code, say(s), (s.name,), _reference_page(s)) for s in scans)
        return
    names = _names(scans)
    shown = ", ".join(names[1:MOST_NAMES])
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    yield Remark(kind, code, f"{say(scans[0])} The same holds for {shown}{more}.", names)


def _reference_page(scan: SeenScan) -> tuple[int, ...]:
    return (scan.record.reference_page,) if scan.record.reference_page else ()


def _names(scans: Iterable[SeenScan]) -> tuple[str, ...]:
    return tuple(s.name for s in scans)


def _lowest(scan: SeenScan) -> float:
    assert scan.resolution is not None
    return min(scan.resolution.x_dpi, scan.resolution.y_dpi)


def _counted(count: int, noun: str) -> str:
    return f"{count or 'No'} {noun}{'' if count == 1 else 's'}"
