"""Shape of the JSON record of `qc check-cover`."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from qc.report.shapes import Day, Length, Positive, Says, Uncertainty, one_of


class Cited(TypedDict):
    printer: str
    source: str
    read_on: Day
    standing: Annotated[str, one_of("first-hand measured secondary")]


class WrapGeometry(TypedDict):
    page_mm: Annotated[list[Length], Says(minItems=2, maxItems=2, description="Width and height.")]
    trim_mm: Annotated[
        list[float],
        Says(
            minItems=4,
            maxItems=4,
            description="x0, y0, x1, y1 of the flat cover from the page's corner at head and left.",
        ),
    ]
    back_fold_mm: Annotated[float, Says(description="x of the fold between back and spine.")]
    front_fold_mm: float
    spine_mm: Length
    u_spine_mm: Uncertainty
    bleed_mm: float
    u_bleed_mm: Uncertainty
    direction: Annotated[str, one_of("ltr rtl")]
    source: Annotated[str, Says(description="How spine and bleed were found.")]


class PaperAgreement(TypedDict):
    cited: Cited
    name: str
    pages: Annotated[int, Says(description="That would make this spine.")]
    off_mm: Annotated[float | None, Says(description="By which the stated pages would be thicker; null: none stated.")]
    agrees: bool | None


class FoldRoom(TypedDict):
    art_mm: Annotated[
        float | None,
        Says(description="From the fold to the nearest art of the spine; < 0: over the fold; null: none found."),
    ]
    lettering_mm: Annotated[float | None, Says(description="The same to the nearest character of text.")]
    color_edge_mm: Annotated[
        float | None, Says(description="Place of a long change of color near the fold; > 0: on the spine.")
    ]


class SpineArt(TypedDict):
    back: FoldRoom
    front: FoldRoom
    text: str
    plain: Annotated[bool, Says(description="False: a picture lies behind, and only text of the file was found.")]
    u_mm: Uncertainty


class Shift(TypedDict):
    cited: Cited
    shift_mm: Length
    sentences: list[str]


class CoverCheck(TypedDict):
    """What a cover.pdf implies before it is ordered."""

    schema: Annotated[str, Says(const="qc.cover-check/1")]
    file: str
    form: Annotated[str, one_of("paperback case jacket panels unknown")]
    reason: Annotated[str, Says(description="Why there is no wrap.")]
    wrap: NotRequired[WrapGeometry]
    pages: Positive | None
    papers: list[PaperAgreement]
    spine_art: NotRequired[SpineArt]
    shifts: list[Shift]
    picture: str | None
