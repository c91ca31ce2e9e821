"""A profile in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from calibration.drift import Drift
from calibration.repeatability import TOLERANCE_WIDTH_MM
from qc.scan.profile_file import EDGES
from qc.scan.scanner_color import ScannerColor
from qc.scan.scanner_profile import ScannerProfile, ScannerScale
from qc.units import to_mm

NINE_INCHES = to_mm(9.0, "in")
_OBJECT = {"grid": "the printed grid", "ruler": "a steel rule", "id-1": "a bank card"}


def listing(profiles: Sequence[ScannerProfile], today: date) -> list[str]:
    """One line a profile: name, state, what it holds."""
    return [f"{p.name}: {_state(p, today)}; {', '.join(_holds(p)) or 'empty'}" for p in profiles]


def described(profile: ScannerProfile, today: date) -> list[str]:
    """What a profile says."""
    lines = [f"{profile.name}: {_state(profile, today)}"]
    lines += [f"{label}: {text}" for label, text in _parts(profile, today)]
    return [*lines, f"file: {profile.path}, sha256 {profile.sha256[:12]}"]


def _state(profile: ScannerProfile, today: date) -> str:
    if today > profile.expires:
        return f"EXPIRED on {profile.expires}"
    age = (today - profile.made).days
    old = "today" if age == 0 else f"{profile.made}, {age} {'day' if age == 1 else 'days'} ago"
    return f"made {old}, expires {profile.expires}"


def _holds(profile: ScannerProfile) -> Iterator[str]:
    if profile.scale is not None:
        yield "scale and map" if profile.scale.map is not None else "scale"
    for key in ("white", "crop", "gauge", "noise"):
        if key in profile.tables:
            yield key
    if profile.color is not None:
        yield f"color of grade {profile.color.grade}"


def _parts(profile: ScannerProfile, today: date) -> Iterator[tuple[str, str]]:
    for label, text in (("scanner", profile.scanner), ("driver", profile.driver)):
        if text:
            yield label, text
    tables = profile.tables
    if profile.scale is not None:
        yield from _of_scale(profile.scale, tables)
    if profile.white is not None:
        pairs = zip(EDGES, profile.white.bias_mm, profile.white.u_mm, strict=True)
        yield "white lid", ", ".join(f"{e} {b:+.3f} ± {2 * u:.3f}" for e, b, u in pairs) + " mm"
    if profile.crop is not None:
        mean = profile.crop.mean_mm or (np.nan,) * 4
        parts = zip(EDGES, mean, profile.crop.spread_mm, strict=True)
        known = profile.crop.mean_mm is not None
        text = ", ".join(f"{e} {m:+.2f} ± {s:.2f}" if known else f"{e} ± {s:.2f}" for e, m, s in parts)
        yield (
            "auto-crop",
            f"frame outside the cut by {text} mm (standard deviation)"
            if known
            else f"frame varies by {text} mm (standard deviation)",
        )
    if "gauge" in tables:
        yield from _of_gauge(tables["gauge"])
    if "noise" in tables:
        noise = tables["noise"]
        yield (
            "noise",
            f"{100 * noise['pixel']:.2f} % a pixel at 150 dpi, brightness {100 * noise['level']:.2f} % from scan to scan",
        )
        if "color_dE00" in noise:
            yield "color repeats", f"two scans of one page differ by {noise['color_dE00']:.2f} ΔE00"
    if profile.color is not None:
        yield from color_words(profile.color, tables["color"], today)
    for what, origin in tables.get("provenance", {}).items():
        names = [f["name"] for f in origin.get("files", ())]
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        yield f"{what} by", f"{shown}; qc {origin.get('qc')}, {origin.get('made')}"


def _of_scale(scale: ScannerScale, tables: Any) -> Iterator[tuple[str, str]]:
    table = tables["scale"]
    yield (
        "scale",
        f"{scale.dpi[0]:.3f} x {scale.dpi[1]:.3f} dpi where {scale.stated_dpi[0]:g} x {scale.stated_dpi[1]:g} is stated, "
        f"sure to ± {200 * scale.u_scale[0]:.2f} x {200 * scale.u_scale[1]:.2f} %, from {_OBJECT[table.get('object', 'grid')]}",
    )
    if scale.map is not None:
        cover = tables["map"].get("covered_mm")
        yield "squareness", f"axes off a right angle by {_degrees(scale.shear)} ± {_degrees(2 * scale.u_shear)}"
        x, y = (f"{rms:.3f}" if rms >= 0.0005 else "under 0.001" for rms in scale.map_rms_mm)
        text = f"typically {x} x {y} mm"
        if cover and scale.frame_mm:
            text += (
                f" over {cover[2] - cover[0]:.0f} x {cover[3] - cover[1]:.0f} of "
                f"{scale.frame_mm[0]:.0f} x {scale.frame_mm[1]:.0f} mm"
            )
        yield "local distortion", f"{text}; dots that were kept out lie within {table.get('held_out_mm', 0.0):.3f} mm"
    else:
        yield "local distortion", "not known, nor is squareness"
    nine = [
        float(scale.u_length(np.array([dx]), np.array([dy]))[0]) for dx, dy in ((NINE_INCHES, 0.0), (0.0, NINE_INCHES))
    ]
    yield "over 9 in", f"sure to ± {2 * nine[0]:.2f} mm along x, ± {2 * nine[1]:.2f} mm along y"


def _degrees(radians: float) -> str:
    return f"{np.rad2deg(radians):.3f}°"


def _of_gauge(gauge: Any) -> Iterator[tuple[str, str]]:
    text = (
        f"repeated readings spread over {6 * gauge['sigma_mm']:.4f} mm (6 sigma), "
        f"{100 * gauge['share']:.2f} % of the {TOLERANCE_WIDTH_MM} mm tolerance width "
        f"({gauge['values']} values); repeatability {gauge['repeatability_mm']:.4f} mm"
    )
    if "reproducibility_mm" in gauge:
        text += f", reproducibility {gauge['reproducibility_mm']:.4f} mm"
    yield "gauge", text


def drift_words(found: Drift) -> list[str]:
    """Whether the scanner has drifted, with numbers."""
    verdict = "the scanner has drifted" if found.drifted else "the scanner has not drifted"
    lines = [
        f"{verdict}: scale {100 * found.scale[0]:+.3f} % along x, {100 * found.scale[1]:+.3f} % along y, squareness "
        f"{_degrees(found.shear)}; local distortion {found.local_mm[0]:.3f} x {found.local_mm[1]:.3f} mm "
        f"(limits {100 * found.limit_scale:.2f} %, {found.limit_local_mm:.2f} mm)"
    ]
    if found.drifted:
        lines.append(
            "Check that it is the same sheet, flat and dry; then make the profile again with `qc calibrate scale`."
        )
    return lines


ALLOWS = {
    "A": "differences to the reference may be judged",
    "B": "differences to the reference are measured with this wider uncertainty; copies of one scanner are compared as before",
    "C": "not used for the reference: only copies from this scanner are compared with each other",
}


_MATERIAL = {"press": "press and paper of the books", "photo": "photographic or other paper", "paint": "paint"}


def color_words(color: ScannerColor, table: Mapping[str, Any], today: date) -> Iterator[tuple[str, str]]:
    """Label and text of each line."""
    late = f"EXPIRED on {color.expires}" if today > color.expires else f"expires {color.expires}"
    yield "color", f"grade {color.grade}, {late}: {ALLOWS[color.grade]}"
    yield (
        "color error",
        f"{color.held_out_mean:.2f} ΔE00 on average, {table['held_out_max']:.2f} at worst, on patches that were kept out; "
        f"{table['fitted']} of {table['patches']} fitted; a page's color is sure to ± {2 * color.u:.1f} ΔE00, glare included",
    )
    parts = [f"{table['chart']} of {_MATERIAL.get(table['material'], table['material'])}"]
    # Profiles made by 0.1.0 call the lot a charge.
    about = {"lot": table.get("lot") or table.get("charge"), "backing": table.get("backing"), "mode": table.get("mode")}
    parts += [f"{key} {text}" for key, text in about.items() if text]
    yield "color chart", ", ".join(parts)
