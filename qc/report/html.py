"""HTML report in one self-contained file, without scripts and requests; links open larger pictures that lie beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qc.flags import Flag
from qc.judge.clause import cite
from qc.judge.cover_gaps import looked_at_cover
from qc.judge.next_step import next_step
from qc.judge.ranking import by_cause, by_gravity
from qc.judge.rule import limits_stated
from qc.judge.sequence_words import how_scanned, sides_taken
from qc.measure import MEASURES
from qc.model import Finding, FindingOutcome, Inspection, PageKind, PageRecord, Reason, Role, VerdictOutcome
from qc.report import trim_drawing, words
from qc.report.cover_words import cover_line
from qc.report.crops import thumbnail
from qc.report.environment import environment
from qc.report.files import write_text
from qc.report.large_pictures import Links, links_beside, scan_link, write_findings
from qc.report.not_looked_at import not_looked_at

if TYPE_CHECKING:
    from qc.report.color_picture import ColorPicture
    from qc.report.evidence import Exhibit
    from qc.report.wrap_drawing import WrapDrawing

_SHOWS = (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED)
_IN_ITS_NATURE = {Flag.LITTLE_COLOR, Flag.NOTHING_TO_COMPARE, Flag.BLANK}
"""Flags that only say what a page is; a bare one has no print to register either."""
_BARE = (PageKind.BLANK, PageKind.IMPRINT, PageKind.FOLIO_ONLY)
THUMBNAIL_BYTES = 1500
"""Of a page in the strip; with what else is said of a page that makes 3 kB at most."""


@dataclass(frozen=True)
class StripPage:
    """One scan in the page strip; `link` is what its picture opens."""

    record: PageRecord
    link: str
    number: int | None
    picture: bytes | None
    flags: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def cover(self) -> bool:
        """Whether it shows a cover: what was recognized of it is said then."""
        return self.record.role in (Role.COVER_FRONT, Role.COVER_BACK, Role.COVER_WRAP)


def render(
    inspection: Inspection,
    exhibits: Sequence[Exhibit],
    *,
    k: float,
    colors: Sequence[ColorPicture] = (),
    imprint: bytes = b"",
    wrap: WrapDrawing | None = None,
    links: Links = Links(),  # noqa: B008 - frozen
    ticket: str = "",
    outward: bool = False,
) -> str:
    """HTML text of the report.

    Parameters
    ----------
    inspection : Inspection
        Its `pictures` fill the page strip; a page without one shows its kind.
    exhibits : sequence of qc.report.evidence.Exhibit
        Pictures of findings, the gravest first; the first of a defect rule stands beside the verdict.
    k : float
        Coverage factor of the policy; every uncertainty is printed as U = k·u.
    colors : sequence of ColorPicture
        Of the pages whose color is to be shown.
    imprint : bytes
        Picture (PNG) of the imprint that was read; none where it is empty.
    wrap : WrapDrawing, optional
        The cover as it sits on the book.
    links : Links
        What pictures open.
    ticket : str
        In the place of that of the verdict: what a person decided.
    outward : bool
        For others than the bench: all of it is shown without a click, and no next step, scans to make or paths of this machine.

    Returns
    -------
    str
        UTF-8 safe. Everything that comes from file names, TOML files and policies is escaped, and control characters
        are replaced.
    """
    shown = [(e, [links.of_finding(n, m) for m in range(1, len(e.pictures) + 1)]) for n, e in enumerate(exhibits, 1)]
    lead = next((s for s in shown if s[0].finding.severity == "defect"), None)
    ranked, strip = by_gravity(words.judged(inspection)), strip_of(inspection, None if outward else links)
    # What differs between copies is the odd one's fault, whose own report says so.
    quiet = [f for f in ranked if f.where.copies]
    counting = counting_of(inspection)
    template = environment().get_template("report.html")
    page = template.render(
        i=inspection,
        k=k,
        outward=outward,
        ticket=ticket or words.ticket(inspection, k),
        imprint=imprint,
        cite=cite,
        rows=words.rows(ranked),
        unseen=not_looked_at(inspection),
        faults=by_cause(counting),
        beside=by_cause(_changing_nothing(ranked, counting)),
        next_step=next_step(inspection),
        looked_at_cover=looked_at_cover(inspection.observations),
        quiet=quiet,
        between=words.between_copies(inspection),
        seen=[s for s in strip if s.picture][:6],
        cited=words.cited(inspection),
        states_limit=_states,
        lead=lead,
        more=[s for s in shown if s is not lead],
        index=links.index,
        scan_links={} if outward else {(s.name, s.frame): scan_link(s) for s in inspection.copy.scans},
        drawing=trim_drawing.page_drawing(inspection),
        drawing_size=trim_drawing.DRAWING,
        wrap=wrap,
        cover=cover_line(inspection),
        cover_counts=any(m.subject == "cover" for f in counting if (m := MEASURES.get(f.measure))),
        panels=trim_drawing.panels(inspection, k),
        panel_size=trim_drawing.PANEL,
        colors=colors,
        as_srgb=any(Flag.NO_PROFILE in o.flags for o in inspection.observations),
        strip=strip,
        sequence=[
            *how_scanned(inspection.observations, inspection.pages),
            *filter(None, [sides_taken(inspection.observations)]),
        ],
        flags=list(dict.fromkeys(f for s in strip for f in s.flags)),
        clauses=_clauses(ranked),
        counts={o: sum(f.outcome is o for f in ranked) for o in FindingOutcome},
    )
    return words.clean(page)


def write(
    inspection: Inspection,
    exhibits: Sequence[Exhibit],
    path: Path,
    *,
    k: float,
    colors: Sequence[ColorPicture] = (),
    imprint: bytes = b"",
    wrap: WrapDrawing | None = None,
    index: str = "",
) -> None:
    """Render to `path`, with the large pictures of findings beside it.

    An older report is replaced only by a complete new one. `index` is the address of the page that lists the copy.

    Raises
    ------
    OutputError
        The folder or file cannot be written.
    """
    write_findings(exhibits, path.parent)
    links = links_beside(path, index)
    page = render(inspection, exhibits, k=k, colors=colors, imprint=imprint, wrap=wrap, links=links)
    write_text(page, path)


def counting_of(inspection: Inspection) -> list[Finding]:
    """Findings that speak against the copy, the gravest first; beside a defect that stands, what is undecided changes nothing."""
    shows = [
        f
        for f in by_gravity(inspection.findings)
        if f.outcome in _SHOWS and f.severity == "defect" and not f.where.copies
    ]
    # Of a defect that a person called, nothing may be outside.
    stands = inspection.verdict.outcome is VerdictOutcome.DEFECT and any(
        f.outcome is FindingOutcome.OUTSIDE for f in shows
    )
    return [f for f in shows if f.outcome is FindingOutcome.OUTSIDE or not stands]


def _changing_nothing(ranked: Sequence[Finding], counting: Sequence[Finding]) -> list[Finding]:
    """What is undecided beside a defect that stands, on pages that nothing else is said of."""
    shows = [f for f in ranked if f.outcome in _SHOWS and f.severity == "defect" and not f.where.copies]
    told = {f.where.page for f in counting} - {None}
    return [f for f in shows if f not in counting and f.where.page not in told]


def _clauses(findings: Sequence[Finding]) -> dict[tuple[str, str], dict[tuple[str, str, str], bool]]:
    """Each sentence of the policy once, cited, with its source; the rules and limits on it, and whether it states them."""
    said: dict[tuple[str, str], dict[tuple[str, str, str], bool]] = {}
    for f in findings:
        said.setdefault((cite(f.clause, f.verbatim), f.source), {})[f.rule, f.within, f.outside] = _states(f)
    return said


def _states(cited: Finding | Reason) -> bool:
    """Whether the sentence states the limit that was judged by; a reason of a refund has none."""
    return isinstance(cited, Reason) or limits_stated(cited.clause, cited.within, cited.outside)


def strip_of(inspection: Inspection, links: Links | None) -> list[StripPage]:
    """The scans of a copy in reading order, with small pictures and what was found on each; without `links` they open nothing."""
    numbers = {(s.name, s.frame): n for n, s in enumerate(inspection.copy.pages, 1)}
    flags: dict[int, dict[str, None]] = {}
    for o in inspection.observations:
        if o.where.page and o.value is None:
            flags.setdefault(o.where.page, {}).update(dict.fromkeys(o.flags))
    shows = [f for f in by_gravity(inspection.findings) if f.outcome in _SHOWS]
    scans = {(s.name, s.frame): s for s in inspection.copy.scans}
    pictures = {key: thumbnail(picture, THUMBNAIL_BYTES) for key, picture in inspection.pictures.items()}
    strip = []
    for n, record in enumerate(inspection.pages, 1):
        key = (record.file, record.frame)
        number = numbers.get(key) if record.role is Role.PAGE else None
        found = tuple(
            f
            for f in shows
            if (f.where.page is not None and f.where.page == number)
            or (f.where.page is None and key in [(e.file, e.frame) for e in f.evidence])
        )
        shown = tuple(f for f in flags.get(number or 0, ()) if not _goes_without_saying(f, record))
        link = links.of_page(n, scans.get(key)) if links is not None else ""
        strip.append(StripPage(record, link, number, pictures.get(key), shown, found))
    return strip


def _goes_without_saying(flag: str, record: PageRecord) -> bool:
    return flag in _IN_ITS_NATURE or (flag == Flag.NOT_REGISTERED and record.kind in _BARE)
