"""Values of measures in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qc.number_format import plus_minus

if TYPE_CHECKING:
    from qc.model import Observation


_WAY = {"x": ("further from the fore-edge", "nearer to the fore-edge"), "y": ("lower", "higher")}


def size(observation: Observation, k: float, factor: float = 1.0, unit: str | None = None) -> str:
    """Magnitude ± U of a value, times a factor in another unit where one is given."""
    value, u = abs(factor * (observation.value or 0.0)), observation.u
    return plus_minus(value, None if u is None else factor * k * u, observation.unit if unit is None else unit)


def counted(observation: Observation, one: str, many: str) -> str:
    """``"1 spot"``, ``"3 spots"``."""
    value = observation.value or 0.0
    return f"{value:.0f} {one if value == 1 else many}"


def shift_in_words(shift: Observation, k: float) -> str:
    """A measured shift of the print along ``where.axis``, such as ``"0.82 ± 0.10 mm lower"``."""
    value = shift.value or 0.0
    return f"{plus_minus(abs(value), k * (shift.u or 0.0), 'mm')} {_WAY[str(shift.where.axis)][value < 0]}"
