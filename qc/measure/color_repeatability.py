"""How far two scans of one page on one scanner differ in color: what every difference between copies is held beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qc.scan.scanner_profile import ScannerProfile

ASSUMED = 0.35
"""dE00 between two scans of one page on a flatbed, page mean of tiles: warm-up of the lamp, noise, the place on the
glass. Ours, where no scanner profile has a figure of its own."""


@dataclass(frozen=True)
class Repeatability:
    """`value` in dE00, where it comes from in words, and whether it is `ASSUMED`."""

    value: float = ASSUMED
    source: str = "assumed, as of a usual flatbed"
    assumed: bool = True


def color_repeatability(profile: ScannerProfile | None) -> Repeatability:
    """The figure of a scanner profile; the assumed one where there is none."""
    figure = profile.tables.get("noise", {}).get("color_dE00") if profile is not None else None
    if profile is None or not isinstance(figure, int | float) or not 0 < figure < 10:
        return Repeatability()
    return Repeatability(float(figure), f"measured, scanner profile {profile.name}", assumed=False)


def least_repeatable(scanners: Iterable[Repeatability]) -> Repeatability:
    """The largest figure; the assumed one if one of the scanners has none of its own."""
    found = list(scanners)
    without = (r for r in found if r.assumed)
    return next(without, None) or max(found, key=lambda r: r.value)
