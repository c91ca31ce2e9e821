"""Closed copies drawn and measured: what is true of a cover and what was measured, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qc.geometry import Direction, Edge, Size
from qc.measure.context.cover_sides import CoverSides, cover_sides
from qc.measure.cover_fold import cover_fold_offset, spine_centering, spine_width
from qc.measure.cover_identity import cover_identity, cover_upside_down
from qc.measure.cover_skew import cover_skew
from qc.measure.cover_trim_offset import cover_trim_offset
from qc.measure.spine_text_clearance import spine_text_clearance
from qc.model import Observation
from qc.reference.cover import CoverReference
from qc.reference.title_toml import Title
from qc.reference.wrap import NotAWrap, find_wrap
from qc.register.closed_cover import measure_cover
from qc.scan.copy_folder import open_copy
from qc.scan.scan_reader import ScanReader
from qc.synthetic import CLOSED, Art, Bound, ClosedTruth, Wrap, draw_cover

COARSE = replace(CLOSED, dpi=150.0)
"""Half of the usual resolution: drawn and measured in a quarter of the time."""
FLAT = Art(title="HIT THE HILL")
"""Capitals without round letters: their ink is exactly as high as drawn."""
BLACK, GRAY, WHITE = (0.03, 0.03, 0.032), (0.3, 0.3, 0.3), (0.88, 0.88, 0.86)

Key = tuple[str, str | None, Edge | None]


@dataclass(frozen=True)
class Closed:
    """A drawn closed copy after measuring; `observations` by measure, side and edge."""

    truth: ClosedTruth
    sides: CoverSides
    observations: Mapping[Key, Observation]

    def of(self, measure: str, side: str | None = None, edge: Edge | None = None) -> Observation:
        return self.observations[measure, side, edge]


def reference_of(wrap: Wrap) -> CoverReference:
    """The ordered cover, its trim and direction known."""
    direction = Direction.RTL if wrap.rtl else Direction.LTR
    found = find_wrap(wrap.path, Title(trim=Size(*wrap.trim_mm), direction=direction))
    assert not isinstance(found, NotAWrap), found
    return CoverReference(wrap.path, wrap.path.stem, found)


def measure_folder(folder: Path, ordered: CoverReference, **stated: Any) -> CoverSides:
    """The covers in a folder of scans; `stated` as in [scan] of copy.toml."""
    copy = open_copy(folder)
    copy = replace(copy, scan=replace(copy.scan, **stated))
    return cover_sides(copy, ordered, measure_cover(copy, ordered, None, ScanReader()))


def observe(cover: CoverSides, block_turns: int | None = None) -> dict[Key, Observation]:
    """All observations of a cover; `block_turns` as of `cover_upside_down`."""
    found: Sequence[Observation] = [
        *cover_trim_offset(cover),
        *cover_fold_offset(cover),
        *cover_skew(cover),
        spine_centering(cover),
        spine_width(cover),
        spine_text_clearance(cover),
        cover_identity(cover),
        cover_upside_down(cover, block_turns),
    ]
    return {(o.measure, o.where.side, o.where.edge): o for o in found}


def draw_and_measure(folder: Path, wrap: Wrap, bound: Bound | None = None, **drawn: Any) -> Closed:
    """A closed copy drawn as `draw_cover` is told, and measured against its own wrap."""
    truth = draw_cover(folder, wrap, bound, **{"scanner": COARSE} | drawn)
    sides = measure_folder(folder, reference_of(wrap))
    return Closed(truth, sides, observe(sides))
