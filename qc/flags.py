"""Every reason for doubt, described once. Flags stand in observations; a null value always has at least one."""

from collections.abc import Sequence
from enum import StrEnum


class Flag(StrEnum):
    """Why a value is missing or doubtful; `meaning` completes a sentence after a colon: at most ten words, no advice."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> "Flag":
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    NO_REFERENCE = "no-reference", "there is no reference to compare with"
    NOT_REGISTERED = "not-registered", "no page of the ordered file matches"
    PERIODIC = "periodic", "the print repeats itself, so its place is ambiguous"
    SPARSE = "sparse", "the page has too little print"
    WHITE_BACKING = "white-backing", "the scanner lid is as white as the paper"
    CROPPED = "cropped", "no backing is visible beyond this edge"
    PAINTED_RIM = "painted-rim", "the scanner's driver painted a rim over this edge"
    DARK_PAGE = "dark-page", "the page is as dark there as the backing"
    EDGE_NOT_FOUND = "edge-not-found", "no straight edge stands out from the backing"
    OUTSIDE_NOT_BACKING = "outside-not-backing", "something else than plain backing lies beyond the edge"
    BOUND = "bound", "the copy was scanned bound"
    U_TOO_LARGE = "u-too-large", "the uncertainty is too large"
    BLANK = "blank", "the page is blank"
    COVER = "cover", "covers are not measured by this"
    FOREIGN = "foreign", "the page belongs to no page of the book"
    UNREADABLE = "unreadable", "the file could not be read"
    FEW_PAGES = "few-pages", "too few pages could be used"
    END_NOT_SEEN = "end-not-seen", "the end of the book was not scanned"
    LAST_CONTENT_NOT_SEEN = "last-content-not-seen", "the last page with content was not scanned"
    END_UNCLEAR = "end-unclear", "other pages with content follow the last one"
    NO_PADDING = "no-padding", "the policy names no number of added pages"
    BITONAL = "bitonal", "the scan is black and white, without tones"
    GRAY_SCAN = "gray-scan", "the scan has no color"
    NO_PROFILE = "no-profile", "no scanner profile; the wider uncertainty is carried"
    PAPER_NOT_STATED = "paper-not-stated", "title.toml does not say which paper was ordered"
    NOTHING_TO_COMPARE = "nothing-to-compare", "no area is large enough to compare"
    NO_SOLIDS = "no-solids", "no solid or dark area is large enough"
    FEW_TONES = "few-tones", "no other page shows such tones"
    TONES_BY_PLACE = "tones-by-place", "the page is designed darker in some parts"
    LITTLE_COLOR = "little-color", "too little color was ordered on the page"
    BENCH_CUT = "bench-cut", "the spine was cut open for scanning"
    DIFFERENT_SCANNERS = "different-scanners", "the copies were scanned on different scanners"
    DIFFERENT_RESOLUTIONS = "different-resolutions", "the copies were scanned at different resolutions"
    DIFFERENT_MODES = "different-modes", "one copy was scanned with less color"
    SIDES_DIFFER = "sides-differ", "fronts and backs share no marks that agree"
    SIDES_UNSURE = "sides-unsure", "which pages are fronts of leaves is unknown"
    NOT_MIRRORED = "not-mirrored", "fronts and backs may be set alike on purpose"
    SIDES_NOT_PROVEN = "sides-not-proven", "left and right may be swapped"
    SIDES_SHIFTED = "sides-shifted", "pages lie on the other side of their leaf than ordered"
    HALF_LEAVES = "half-leaves", "some leaves were scanned on one side only"
    HALF_LEAF = "half-leaf", "the leaf's other side was not scanned"
    SCAN_UNFINISHED = "scan-unfinished", "other sides were not scanned either"
    MAY_BE_COVER = "may-be-cover", "the file may hold covers as pages"
    TRIM_NOT_STATED = "trim-not-stated", "the ordered trim is not stated"
    NO_TEXT = "no-text", "no lines of text were found on the page"
    NOT_COMPLETE = "not-complete", "not all pages were scanned, so none counts as missing"
    LOOK_ALIKE = "look-alike", "the pages around look the same"
    PLACE_UNSURE = "place-unsure", "its place in the book is unsure"
    PALE_ORDERED = "pale-ordered", "only pale print was ordered there"
    NOT_BARE = "not-bare", "something faint shows there"
    FEW_WORDS = "few-words", "the author may have removed it"
    DIRT_OR_INK = "dirt-or-ink", "it may be dirt, not ink"
    STAIN_OR_INK = "stain-or-ink", "it may be a stain; the glass is clean there"
    ONE_EDGE = "one-edge", "no opposite edge confirms it"
    PRINT_SCALED = "print-scaled", "the print itself is scaled"
    SCAN_STRETCHED = "scan-stretched", "print and paper are off alike, as in a stretched scan"
    JITTER_POSSIBLE = "jitter-possible", "an unsteady press may do this"
    ONE_SIDE = "one-side", "the leaf's other side does not confirm it"
    SAME_SHEET = "same-sheet", "one sheet was scanned twice"
    MAYBE_SAME_SHEET = "maybe-same-sheet", "one sheet may have been scanned twice"
    TWO_COPIES = "two-copies", "most leaves are there twice, as from two copies"
    MIXED_UP = "mixed-up", "the scans may have been mixed up"
    SCANNED_LATE = "scanned-late", "it may only have been scanned out of order"
    ANOTHER_BOOK = "another-book", "most pages are of another book or revision"
    BLANK_BACKS = "blank-backs", "a blank side follows every page"
    FEW_COPIES = "few-copies", "fewer than three copies can be compared"
    NO_PAPER = "no-paper", "no page shows bare paper"
    LOW_CONFIDENCE = "low-confidence", "it was read, but not surely; look at the picture"
    DATE_ORDER = "date-order", "day and month may be the other way round"
    DATE_FROM_CODE = (
        "date-from-code",
        "the day is the end of a printer's code (day, month, year), which no word bears out; look at the picture",
    )
    REVISION_UNSURE = "revision-unsure", "the copy may predate the author's last change"
    IMPLAUSIBLE_DATE = "implausible-date", "the date lies before printing on demand or after the copy was received"
    NO_IMPRINT = "no-imprint", "no imprint was found on the last pages that were scanned"
    DATE_NOT_READ = "date-not-read", "the imprint was found, but no date could be read on it"
    PLACE_NOT_READ = "place-not-read", "the imprint was found, but no place could be read on it"
    NO_TEXT_READER = "no-text-reader", 'no text reader is installed: pip install "print-return-qc[ocr]"'
    FOLD_NOT_PROVEN = "fold-not-proven", "the fold is not certain"
    COVER_OFF = "cover-off", "the cover was taken off and cut at its spine"
    OTHER_SIDE_NOT_SEEN = "other-side-not-seen", "only one side of the cover was scanned"
    NO_WRAP = "no-wrap", "where the ordered cover folds is not known"
    NO_LETTERING = "no-lettering", "no lettering was found on the ordered spine"
    LIKE_ORDERED = "like-ordered", "it looks somewhat like the ordered one"
    FEW_FEATURES = "few-features", "the cover shows too little to compare"
    TURNED_BY_HAND = "turned-by-hand", "the copy may have been turned between the scans"
    NO_BOUND_PAGES = "no-bound-pages", "no interior page was scanned in the bound copy"
    NO_COVER = "no-cover", "neither the back cover nor a flat cover was scanned"
    NO_BARCODE = "no-barcode", "no ISBN barcode could be read on the cover"
    LOW_RESOLUTION = "low-resolution", "the scan is too coarse for small print"
    DIRTY_GLASS = "dirty-glass", "several pages show the same mark on the glass"
    OTHER_CONTENT = "other-content", "the page may show another text"


def most_common(flags: Sequence[str]) -> str | None:
    """What most of `flags` are, the first by name of equals; None where there are none."""
    return max(sorted(set(flags)), key=flags.count) if flags else None
