"""How a measured value and its uncertainty are printed: two significant digits of U, the value to the same place."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal


def _texts(value: float, expanded_u: float | None, sign: str) -> tuple[str, str | None]:
    if not expanded_u:
        return (f"{value:{sign}.0f}" if float(value).is_integer() else f"{value:{sign}.2f}"), None
    places = max(0, 1 - Decimal(f"{expanded_u:.1e}").adjusted())
    rounded = round(value, places) or 0.0
    return f"{rounded:{sign}.{places}f}", f"{expanded_u:.{places}f}"


def _whole(value: float, expanded_u: float | None) -> tuple[str, str | None]:
    return f"{value:.0f}", f"{expanded_u:.0f}" if expanded_u else None


def _join(value: str, expanded_u: str | None, unit: str) -> str:
    number = value if expanded_u is None else f"{value} ± {expanded_u}"
    return number if unit in ("", "count") else f"{number} {unit}"


def plus_minus(value: float, expanded_u: float | None, unit: str) -> str:
    """Text such as ``"3.62 ± 0.06 mm"``.

    Parameters
    ----------
    value : float
        In `unit`.
    expanded_u : float or None
        U = k·u in `unit`; None or 0 means exact (a count), and then whole numbers print without decimals and others
        with two.
    unit : str
        Printed after the number; ``"count"`` and ``""`` print nothing.

    Notes
    -----
    U is rounded to two significant digits (0.062 stays 0.062, 0.06 prints 0.060) and the value to the same place.
    Above 99 U is printed whole, and so is U of a whole count: ``"1 ± 2"``.
    """
    counted = unit == "count" and float(value).is_integer()
    return _join(*(_whole(value, expanded_u) if counted else _texts(value, expanded_u, "")), unit)


def signed_plus_minus(value: float, expanded_u: float | None, unit: str) -> str:
    """As `plus_minus`, with the sign always printed and a true minus: ``"−3.62 ± 0.06 mm"``."""
    text, u = _texts(value, expanded_u, "+")
    return _join(text.replace("-", "−"), u, unit)


def ranges(numbers: Iterable[int]) -> str:
    """``"3, 7-24"`` for 3, 7, 8, … 24."""
    runs: list[list[int]] = []
    for n in sorted(set(numbers)):
        if runs and n == runs[-1][1] + 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
