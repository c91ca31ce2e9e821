"""Every reason for doubt, described once. Flags stand in observations; a null value always has at least one."""

from collections.abc import Sequence
from enum import StrEnum


class Flag(StrEnum):
    """Why a value is missing or doubtful; `meaning` is what the report prints."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> "Flag":
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    NO_REFERENCE = "no-reference", "there is no reference to compare with"
    NOT_REGISTERED = "not-registered", "the print could not be matched to a reference page"
    PERIODIC = "periodic", "the page repeats itself in this direction, so its position there is ambiguous"
    SPARSE = "sparse", "the page has too little print to fix its position well enough"
    WHITE_BACKING = (
        "white-backing",
        "the backing is as bright as the paper, and no shadow line shows the cut; scan with a black or gray backing",
    )
    CROPPED = "cropped", "no backing is visible beyond this edge; scan with some backing visible"
    PAINTED_RIM = (
        "painted-rim",
        "the scanner's driver painted a rim over this edge; switch off edge fill and scan with some backing visible",
    )
    DARK_PAGE = (
        "dark-page",
        "the page is as dark there as the backing; scan it with a backing that is lighter than the print",
    )
    EDGE_NOT_FOUND = "edge-not-found", "no single straight edge stands out between page and backing"
    OUTSIDE_NOT_BACKING = (
        "outside-not-backing",
        "what lies beyond the edge is not plain backing (page block, cover or neighbor page)",
    )
    BOUND = "bound", "the copy was scanned bound"
    U_TOO_LARGE = "u-too-large", "the uncertainty is too large for a number to mean anything"
    BLANK = "blank", "the page is blank"
    COVER = "cover", "covers are not measured by this"
    FOREIGN = "foreign", "the page belongs to no page of the reference"
    UNREADABLE = "unreadable", "the file could not be read"
    FEW_PAGES = "few-pages", "too few registered pages"
    END_NOT_SEEN = "end-not-seen", "the end of the book was not seen in the scans"
    LAST_CONTENT_NOT_SEEN = (
        "last-content-not-seen",
        "the last content page of the reference is not among the scans",
    )
    END_UNCLEAR = (
        "end-unclear",
        "pages with content that are out of order, or of no reference page, follow the last one",
    )
    NO_PADDING = "no-padding", "the policy does not state how many pages a printer may add at the end"
    BITONAL = "bitonal", "the scan has one bit a pixel; tone and color cannot be measured on it"
    GRAY_SCAN = "gray-scan", "the scan has no color"
    NO_PROFILE = "no-profile", "no scanner profile; the wider uncertainty is carried"
    PAPER_NOT_STATED = "paper-not-stated", "title.toml does not say which paper was ordered"
    NOTHING_TO_COMPARE = "nothing-to-compare", "no region large enough to compare"
    NO_SOLIDS = "no-solids", "no solid or dark tint is large enough for a density"
    FEW_TONES = (
        "few-tones",
        "no other page shows such tones, so how press and scanner render them is not known",
    )
    TONES_BY_PLACE = (
        "tones-by-place",
        "each part of the page was ordered in other tones, so that a fade is not told from how they print",
    )
    LITTLE_COLOR = "little-color", "the page was ordered with too little color or tone to judge"
    BENCH_CUT = "bench-cut", "the spine edge of a loose sheet was cut by the bench, not by the printer"
    DIFFERENT_SCANNERS = "different-scanners", "the copies were scanned on different scanners"
    SIDES_DIFFER = "sides-differ", "rectos and versos share no two marks of their print that agree"
    SIDES_UNSURE = (
        "sides-unsure",
        "which pages are rectos is not sure: a part was scanned, and neither margins nor running heads tell",
    )
    NOT_MIRRORED = (
        "not-mirrored",
        "both sides may be set alike instead of mirrored; without the design that is not told from a shift",
    )
    SIDES_NOT_PROVEN = (
        "sides-not-proven",
        "which outer edge is the fore-edge is not proven: something speaks against the usual sides",
    )
    SIDES_SHIFTED = (
        "sides-shifted",
        "pages lie on the other side of their leaf than they were ordered for, as is proven",
    )
    HALF_LEAVES = "half-leaves", "of leaves that are there only one side was scanned, so the scan is not finished"
    SCAN_UNFINISHED = "scan-unfinished", "sides of other leaves were not scanned, so these may not have been either"
    MAY_BE_COVER = "may-be-cover", "the file may begin and end with covers, which are no pages of the block"
    TRIM_NOT_STATED = "trim-not-stated", "the ordered trim is not stated; set trim in copy.toml or title.toml"
    NO_TEXT = "no-text", "no lines of text were found on the page"
    NOT_COMPLETE = "not-complete", "the copy is not stated complete: a page not seen may just not have been scanned"
    LOOK_ALIKE = "look-alike", "the pages around look the same and cannot be told apart"
    PLACE_UNSURE = "place-unsure", "which page of the reference it stands for is only likely"
    PALE_ORDERED = "pale-ordered", "only pale print was ordered there, which a scan may not show"
    NOT_BARE = "not-bare", "something shows on the page, which may be all that was ordered"
    FEW_WORDS = "few-words", "only words or lines are gone; a later change by the author looks the same"
    DIRT_OR_INK = "dirt-or-ink", "a scan alone does not tell ink from dirt on the glass, a stain or a reader's mark"
    ONE_EDGE = "one-edge", "no opposite edge confirms it"
    PRINT_SCALED = "print-scaled", "the print is scaled, and what is measured against it says less of the paper"
    SCAN_STRETCHED = (
        "scan-stretched",
        "print and paper are off by the same share: the scan was stretched, or its resolution is not as stated",
    )
    JITTER_POSSIBLE = "jitter-possible", "an unsteady press may move a single page as far"
    ONE_SIDE = "one-side", "the other side of the leaf does not confirm it; it may be the scanning"
    SAME_SHEET = "same-sheet", "one sheet, scanned twice: its print lies at the same place against its cuts"
    MAYBE_SAME_SHEET = (
        "maybe-same-sheet",
        "whether it is one sheet scanned twice or a second print of it, its print does not tell surely enough",
    )
    TWO_COPIES = "two-copies", "most leaves are there in two prints, as where two copies of a title lie in one folder"
    MIXED_UP = "mixed-up", "so many pages are out of place that the scans themselves may have been mixed up"
    SCANNED_LATE = "scanned-late", "leaves that came late among the scans may have been scanned late, or be bound there"
    ANOTHER_BOOK = (
        "another-book",
        "most of its pages are those of another book, of another revision or of a wrong reference",
    )
    BLANK_BACKS = "blank-backs", "a blank side follows every page, as in sheets printed on one side and scanned on both"
    FEW_COPIES = "few-copies", "fewer than three copies of the title show where their print lies"
    NO_PAPER = "no-paper", "no page shows bare paper, so the exposure of the scans is not taken out"
    LOW_CONFIDENCE = "low-confidence", "it was read, but not surely; look at the picture"
    DATE_ORDER = "date-order", "day and month may be the other way round"
    DATE_FROM_CODE = (
        "date-from-code",
        "the day is the end of a printer's code (day, month, year), which no word bears out; look at the picture",
    )
    REVISION_UNSURE = (
        "revision-unsure",
        "the copy may have been printed before the author's last change, as its imprint was not read surely",
    )
    IMPLAUSIBLE_DATE = "implausible-date", "the date lies before printing on demand or after the copy was received"
    NO_IMPRINT = "no-imprint", "no imprint was found on the last pages that were scanned"
    DATE_NOT_READ = "date-not-read", "the imprint was found, but no date could be read on it"
    PLACE_NOT_READ = "place-not-read", "the imprint was found, but no place could be read on it"
    NO_TEXT_READER = "no-text-reader", 'no text reader is installed: pip install "print-return-qc[ocr]"'
    NO_COVER = "no-cover", "neither the back cover nor a flat cover was scanned"
    NO_BARCODE = "no-barcode", "no ISBN barcode could be read on the cover"
    LOW_RESOLUTION = "low-resolution", "the scan is too coarse for small print; scan at 300 dpi"
    DIRTY_GLASS = (
        "dirty-glass",
        "the same mark shows at one place of the glass on several pages: clean the scanner and scan again",
    )
    OTHER_CONTENT = (
        "other-content",
        "the page differs from the reference in so many places that it may show another text",
    )


def most_common(flags: Sequence[str]) -> str | None:
    """What most of `flags` are, the first by name of equals; None where there are none."""
    return max(sorted(set(flags)), key=flags.count) if flags else None
