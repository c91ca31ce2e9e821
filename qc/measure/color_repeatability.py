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
    """`value` in dE00, and where it comes from in words."""

    value: float = ASSUMED
    source: str = "assumed, as of a usual flatbed"


def color_repeatability(profiles: Iterable[ScannerProfile | None]) -> Repeatability:
    """The largest figure of the scanner profiles of copies; the assumed one if a copy has no profile with a figure."""
    found: list[Repeatability] = []
    for profile in profiles:
        figure = profile.tables.get("noise", {}).get("color_dE00") if profile is not None else None
        if profile is None or not isinstance(figure, int | float) or not 0 < figure < 10:
            return Repeatability()
        found.append(Repeatability(float(figure), f"measured, scanner profile {profile.name}"))
    return max(found, key=lambda r: r.value, default=Repeatability())
