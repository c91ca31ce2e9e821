"""What to do next with an inspected copy, in words: only what can change or settle the matter."""

from __future__ import annotations

from qc.flags import Flag
from qc.judge.judge import WITHOUT_DESIGN
from qc.judge.ranking import by_cause, deciding
from qc.judge.settle import SETTLES
from qc.measure.blank_pages import blank_pages_unexplained
from qc.measure.copy_color import copy_color_outlier
from qc.measure.copy_cover_outlier import copy_cover_outlier
from qc.measure.copy_position_outlier import copy_position_outlier
from qc.measure.cover_identity import cover_identity, cover_upside_down
from qc.measure.extra_pages import pages_extra_inside
from qc.measure.foreign_pages import pages_foreign
from qc.measure.page_damage import page_damage
from qc.measure.page_sequence import pages_duplicated, pages_missing, pages_out_of_order, pages_upside_down
from qc.measure.trim_offset_block import trim_offset_block
from qc.measure.words import place_in_book
from qc.model import Finding, FindingOutcome, Inspection, Role, VerdictOutcome

_DATES = ("lost", "damaged")
_COVER = "Hold the cover beside the ordered one: refund if it is another one."
_TURNED = "Look whether the cover is bound upside down on its pages: refund if so."
_SPINE = "Look at the spine: refund if front or back runs onto it as far as said."
_PRINT = "Look at {page} in the book: refund if it lacks print that the ordered file has, unless the author has changed the file."
_BESIDE = "Lay this copy beside another of the title: refund if a buyer would mind the difference."
TRIM = "Find out the ordered trim size, state it (trim in copy.toml or title.toml), and inspect again."
WHICH = "Find out which book was ordered, give its ISBN (--isbn) or its file (--reference), and inspect again."
AS_SAID = "Supply the ordered file as said, then inspect again."
REVISION = (
    "Read the date of printing at the end of the book: before {changed}, do not refund; later, refund if it is so."
)
DOUBTS: dict[str, str] = {
    Flag.TRIM_NOT_STATED: TRIM,
    Flag.SIDES_NOT_PROVEN: "Look in the book which edge of the pages is cut so: refund unless it is the spine.",
    Flag.PRINT_SCALED: "Measure a page of the book with a ruler: refund if it is off its ordered size as far as said.",
    Flag.ONE_EDGE: "Look at {page} in the book: refund if its print lies as far off as said.",
    Flag.JITTER_POSSIBLE: "Look at {page} in the book: refund if its print lies as far off as said.",
    Flag.PLACE_UNSURE: "Look in the book which page this is: refund if its print is not as ordered.",
    Flag.PALE_ORDERED: _PRINT,
    Flag.NOT_BARE: _PRINT,
    Flag.FEW_WORDS: _PRINT,
    Flag.TWO_COPIES: "Look whether scans of two copies lie in this folder: if so, part them and inspect again.",
    Flag.FOLD_NOT_PROVEN: _SPINE,
    Flag.LIKE_ORDERED: _COVER,
    Flag.FEW_FEATURES: _COVER,
    Flag.TURNED_BY_HAND: _TURNED,
    Flag.REVISION_UNSURE: REVISION,
}
"""What settles a doubt."""
FOUND: dict[str, str] = {
    pages_foreign.id: (
        "Look at {page} in the book. Text of another book: refund. This book's text in an earlier wording, and a date of "
        "printing before the author's last change: no refund."
    ),
    pages_missing.id: "Look in the book: refund if these pages are lacking in it.",
    pages_duplicated.id: "Look in the book: refund if pages are bound in it twice.",
    pages_out_of_order.id: "Look in the book: refund if its pages are bound in another order than numbered.",
    pages_upside_down.id: "Look in the book: refund if {page} stands upside down in it.",
    pages_extra_inside.id: "Look in the book: refund if these pages are bound in it.",
    blank_pages_unexplained.id: "Look at the end of the book: refund if its last pages are lacking, not if pages are only blank.",
    cover_identity.id: _COVER,
    copy_cover_outlier.id: _COVER,
    cover_upside_down.id: _TURNED,
    page_damage.id: (
        'Look at {page} in the book. Damaged on its way: state reason = "damaged" and received_on under [claim] in copy.toml, in '
        "time for the claim window; else no refund."
    ),
    copy_color_outlier.id: _BESIDE,
    copy_position_outlier.id: _BESIDE,
    trim_offset_block.id: "No scan settles it: refund if a buyer would mind.",
}
"""What settles a finding that no rule decides."""
ELSE = "Look at {page} in the book: refund if it is so and a buyer would mind it."


def next_step(inspection: Inspection) -> str:
    """The next thing to do, in a sentence or two with their periods."""
    verdict, refund, claim = inspection.verdict, inspection.refund, inspection.copy.claim
    codes = {r.code for r in refund.reasons}
    if refund.route == "returns-center":
        return "Send the copy to the returns center: another item came than was ordered."
    if refund.outcome == "eligible":
        return "Refund: copy the ticket of the report into the refund system. Nothing more has to be scanned."
    if refund.outcome == "not-eligible":
        return "No refund: answer the author with the ticket of the report. Nothing more has to be scanned."
    if "wrong-item" in codes:
        return (
            "Compare the ISBN on the cover with the ordered one: if it is another, send the copy to the returns center."
        )
    if claim.reason in _DATES and "needs-review" in codes:
        return "Find out the date that is missing or wrong, state it under [claim] in copy.toml, and inspect again."
    if "damaged" in codes and refund.route == "refund":
        return "Look at the copy itself: refund if it was damaged on its way."
    decides = deciding(inspection)
    if verdict.rescan and _by_scans(decides):
        return "Make the listed scans, then inspect again."
    if "stale-revision" in codes:
        return REVISION.format(changed=claim.content_updated_on)
    if verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE:
        unstated = any(Flag.TRIM_NOT_STATED in f.flags for f in inspection.findings)
        return TRIM if unstated else _reference(inspection)
    open_ = [f for f in inspection.findings if f.severity == "defect" and f.outcome is FindingOutcome.UNDECIDED]
    more = " Look at the other findings, too." if len(by_cause(open_)) > 1 else ""
    return _to_settle(inspection, decides) + (" The listed scans settle other findings." if verdict.rescan else more)


def _by_scans(decides: Finding | None) -> bool:
    """Whether the scans that are asked for settle the finding that decides, and not only others."""
    if decides is None or decides.outcome is not FindingOutcome.UNDECIDED:
        return True
    return all(d in SETTLES for d in decides.doubt) if decides.doubt else decides.outside != "never"


def _reference(inspection: Inspection) -> str:
    """What is lacking of a copy that was held against no ordered file, or only against other copies."""
    copy = inspection.copy
    if inspection.reference.kind not in WITHOUT_DESIGN:
        return ELSE.format(page="the pages")
    return AS_SAID if copy.isbn or copy.claim.ordered_isbn or copy.reference.file else WHICH


def _to_settle(inspection: Inspection, finding: Finding | None) -> str:
    if finding is None:
        return ELSE.format(page="the pages")
    doubts = [DOUBTS[f] for f in finding.doubt if f in DOUBTS]
    found = FOUND.get(finding.measure)
    if found and (not doubts or (finding.measure == pages_missing.id and Flag.SIDES_NOT_PROVEN in finding.doubt)):
        doubts = [found]
    return next(iter(doubts), ELSE).format(
        page=_page(inspection, finding), changed=inspection.copy.claim.content_updated_on
    )


def _page(inspection: Inspection, finding: Finding) -> str:
    """The page of the book that a finding speaks of; where that is not known, its place."""
    position = finding.where.page
    if position is None:
        return "the cover" if finding.where.side else "this"
    interior = [p for p in inspection.pages if p.role is Role.PAGE]
    book = {n: p.reference_page for n, p in enumerate(interior, 1)}
    page = book.get(position) or place_in_book(position, book)
    return f"page {page}" if page else f"scanned page {position}"
