"""Every measure in one table: id, unit, scope, version and where its code and explanation live.

The policy checks its rules against this table without loading an image library; `qc explain` prints the docstring of
`code`. Ids are permanent. A changed threshold or formula raises the version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qc.model import Evidence, Observation, Where


@dataclass(frozen=True)
class Measure:
    """One entry; `code` is ``module:function``, `more` others that give it, too, `scope` one of page, copy, copies."""

    id: str
    unit: str
    scope: str
    version: int
    code: str
    more: tuple[str, ...] = ()

    def observe(
        self,
        value: float | None,
        u: float | None = None,
        where: Where | None = None,
        flags: tuple[str, ...] = (),
        detail: Mapping[str, Any] | None = None,
        evidence: tuple[Evidence, ...] = (),
    ) -> Observation:
        """An observation of this measure; a missing value needs a flag that says why."""
        if value is None and not flags:
            raise ValueError(f"{self.id}: a value that could not be measured needs a flag that says why")
        return Observation(
            self.id, self.version, where or Where(), value, self.unit, u, tuple(map(str, flags)), detail or {}, evidence
        )


_ALL = (
    Measure("trim-offset", "mm", "page", 3, "qc.measure.trim_offset:trim_offset"),
    Measure("trim-offset-block", "mm", "copy", 1, "qc.measure.trim_offset_block:trim_offset_block"),
    Measure("trim-offset-page", "mm", "copy", 2, "qc.measure.trim_offset_page:trim_offset_page"),
    Measure("trim-size-block", "mm", "copy", 1, "qc.measure.trim_size_block:trim_size_block"),
    Measure("print-scale", "fraction", "copy", 1, "qc.measure.print_scale:print_scale"),
    Measure("trim-skew", "deg", "copy", 2, "qc.measure.trim_skew:trim_skew"),
    Measure("page-size", "mm", "page", 1, "qc.measure.page_size:page_size"),
    Measure("print-position-jitter", "mm", "copy", 1, "qc.measure.print_position_jitter:print_position_jitter"),
    Measure(
        "print-position-recto-verso",
        "mm",
        "copy",
        1,
        "qc.measure.print_position_recto_verso:print_position_recto_verso",
    ),
    Measure("ink-coverage", "fraction", "page", 2, "qc.normalize.ink:ink_coverage"),
    Measure("blank-pages-at-end", "count", "copy", 1, "qc.measure.blank_pages:blank_pages_at_end"),
    Measure("blank-pages-unexplained", "count", "copy", 2, "qc.judge.padding:blank_pages_unexplained"),
    Measure("blank-pages-inside", "count", "copy", 2, "qc.measure.blank_pages:blank_pages_inside"),
    Measure("pages-foreign", "count", "copy", 2, "qc.measure.foreign_pages:pages_foreign"),
    Measure("pages-extra-inside", "count", "copy", 1, "qc.measure.extra_pages:pages_extra_inside"),
    Measure("pages-missing", "count", "copy", 2, "qc.measure.page_sequence:pages_missing"),
    Measure("pages-duplicated", "count", "copy", 3, "qc.measure.page_sequence:pages_duplicated"),
    Measure("pages-out-of-order", "count", "copy", 3, "qc.measure.page_sequence:pages_out_of_order"),
    Measure("pages-upside-down", "count", "copy", 2, "qc.measure.page_sequence:pages_upside_down"),
    Measure(
        "print-defect",
        "count",
        "page",
        2,
        "qc.measure.missing_print:missing_print",
        (
            "qc.measure.missing_print:with_lost_lines",
            "qc.measure.marks_on_print:marks_on_print",
            "qc.measure.marks_on_blank:marks_on_blank",
            "qc.measure.white_sliver:white_sliver",
        ),
    ),
    Measure("color-difference", "dE00", "page", 3, "qc.measure.color_difference:color_difference"),
    Measure("color-difference-copy", "dE00", "copy", 3, "qc.measure.color_difference:color_difference_copy"),
    Measure("density-difference", "density", "copy", 2, "qc.measure.density_difference:density_difference"),
    Measure("paper-difference", "dE00", "copy", 4, "qc.measure.color_difference:paper_difference"),
    Measure("color-defect", "fraction", "page", 2, "qc.measure.color_defect:color_defect"),
    Measure("print-date", "count", "copy", 3, "qc.measure.readings:print_date"),
    Measure("print-place", "count", "copy", 3, "qc.measure.readings:print_place"),
    Measure("isbn", "count", "copy", 2, "qc.measure.readings:isbn"),
    Measure("copy-position-difference", "mm", "copies", 1, "qc.measure.copy_position:copy_position_difference"),
    Measure("copy-position-outlier", "mm", "copies", 1, "qc.measure.copy_position_outlier:copy_position_outlier"),
    Measure("copy-color-difference", "dE00", "copies", 3, "qc.measure.copy_color:copy_color_difference"),
    Measure("copy-color-outlier", "dE00", "copies", 3, "qc.measure.copy_color:copy_color_outlier"),
)

MEASURES: Mapping[str, Measure] = {m.id: m for m in _ALL}
