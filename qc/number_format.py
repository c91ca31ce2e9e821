"""How numbers are printed: with their uncertainty for a technical line, and as people say them in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from qc.units import inches

_SPOKEN = {
    "mm": (1.0, 1, " mm"),
    "fraction": (100.0, 0, " %"),
    "deg": (1.0, 2, "°"),
    "dE00": (1.0, 0, " (ΔE00)"),
    "density": (1.0, 2, " density units"),
    "count": (1.0, 0, ""),
}
"""Of each unit: the factor to what people say, decimals, and what follows the number."""
_MOST_DECIMALS = 6
SMALLEST_MM = 0.05
"""Half of what a tenth of a millimeter tells; the measures know no cut much better."""


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


def spoken(value: float, unit: str) -> str:
    """A magnitude as people say it: ``"3.6 mm (0.14 in)"``, ``"94 %"``, ``"0.9°"``, ``"9 (ΔE00)"``."""
    return spoken_beside(value, None, unit)[0]


def spoken_beside(
    value: float, limit: float | None, unit: str, *, in_inches: str = "", beyond: bool = False
) -> tuple[str, str]:
    """A magnitude and a limit as people say them, with as many decimals as keep the value on its side of the limit.

    Parameters
    ----------
    value, limit : float
        In `unit`; without a limit its text is empty.
    unit : str
        Of a measure.
    in_inches : str
        The limit as a policy prints it in inches, such as ``"0.125"`` or ``"1/16"``; reckoned where it is empty.
    beyond : bool
        The value lies beyond the limit, so the two must not print alike.
    """
    factor, decimals, suffix = _SPOKEN.get(unit, (1.0, 2, f" {unit}"))
    size, end = factor * abs(value), None if limit is None else factor * limit
    if unit == "mm":
        mm, end_mm = _beside(size, end, decimals, beyond)
        # Hundredths of an inch would say nothing of less than half a millimeter.
        fine = decimals + (2 if size < 0.5 else 1)
        given = in_inches and end is not None
        inch, end_inch = _beside(inches(size), None if end is None else inches(end), fine, beyond, given)
        small = size < SMALLEST_MM and (end is None or end >= 2 * SMALLEST_MM)
        told = f"less than {2 * SMALLEST_MM} mm (0.004 in)" if small else f"{mm} mm ({inch} in)"
        return told, "" if end is None else f"{_bare(end_mm)} mm ({in_inches or _bare(end_inch)} in)"
    if unit in ("fraction", "dE00") and size < 10:
        decimals += 1
    text, _ = _beside(size, end, decimals, beyond, exact=True)
    return _bare(text) + suffix, "" if end is None else f"{end:.10g}{'' if unit == 'dE00' else suffix}"


def _beside(size: float, end: float | None, decimals: int, beyond: bool, exact: object = False) -> tuple[str, str]:
    """A size and a limit as text, rounded alike unless the limit is `exact`, so that both keep their order."""
    if end is None:
        return _rounded(size, decimals), ""
    for places in range(decimals, _MOST_DECIMALS + 1):
        texts = _rounded(size, places), _rounded(end, _MOST_DECIMALS if exact else places)
        shown, there = float(texts[0]) - float(texts[1]), size - end
        if shown * there > 0 or (shown * there == 0 and not beyond):
            break
    return texts


def _rounded(number: float, decimals: int) -> str:
    """Halves go up, as people round."""
    return f"{number + 1e-9:.{decimals}f}"


def _bare(text: str) -> str:
    """Without zeros at the end of its decimals."""
    return text.rstrip("0").rstrip(".") if "." in text else text
