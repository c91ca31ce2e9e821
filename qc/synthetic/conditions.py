"""Random but plausible prints, cuts and scanners, for studies of how well something is measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qc.synthetic.leaf import Cut
from qc.synthetic.press import CREAM_PAPER, WHITE_PAPER, Print
from qc.synthetic.scanner import Scanner

SHADOWS = ("exponential", "gaussian", "linear", "double", "plateau")
_BACKINGS = {"black": (0.01, 0.06), "gray": (0.1, 0.5), "white": (0.75, 0.95)}


def sample_conditions(
    rng: np.random.Generator, backing: str = "black", dpi: float = 300.0, reach_mm: float = 4.0
) -> tuple[Print, Cut, Scanner]:
    """Draw the parameters of one scan.

    Parameters
    ----------
    rng : numpy.random.Generator
    backing : {"black", "gray", "white"}
        The stratum.
    dpi : float
        Stated resolution.
    reach_mm : float
        Trim offsets are uniform within ± this.

    Returns
    -------
    Print, Cut, Scanner

    Notes
    -----
    Everything varies at once: placement, print scale, paper, dot gain, taper, roughness, skew, resolution error, shear,
    local distortion, feed wobble, optics, shadow, lamp, glare, tone, noise, sharpening and JPEG quality. The scale of
    print and scanner is off by up to 1 %.
    """
    if backing not in _BACKINGS:
        raise ValueError(f"backing {backing!r} is unknown; use black, gray or white")
    paper = np.array(CREAM_PAPER if rng.random() < 0.35 else WHITE_PAPER) * rng.uniform(0.95, 1.04)
    printed = Print(
        dx_mm=float(rng.normal(0, 0.5)),
        dy_mm=float(rng.normal(0, 0.5)),
        rotation_deg=float(rng.normal(0, 0.12)),
        scale_x=float(1 + rng.normal(0, 0.0015)),
        scale_y=float(1 + rng.normal(0, 0.0015)),
        paper=(float(paper[0]), float(paper[1]), float(paper[2])),
        black=float(rng.uniform(0.015, 0.08)),
        gain=float(rng.uniform(0.0, 0.2)),
        show_through=float(rng.uniform(0, 0.06)),
    )
    head, tail, spine, fore = (float(v) for v in rng.uniform(-reach_mm, reach_mm, 4))
    taper = tuple(float(v) for v in rng.normal(0, 0.15, 4))
    cut = Cut(
        head, tail, spine, fore, (taper[0], taper[1], taper[2], taper[3]), roughness_mm=float(rng.uniform(0.002, 0.03))
    )
    return printed, cut, _scanner(rng, backing, dpi)


def _scanner(rng: np.random.Generator, backing: str, dpi: float) -> Scanner:
    level = float(rng.uniform(*_BACKINGS[backing]))
    tint = np.minimum(level * rng.normal(1, 0.03, 3), 0.97)
    lamp_x, lamp_y = ("left", "right")[int(rng.integers(2))], ("top", "bottom")[int(rng.integers(2))]
    lit = [(lamp_x,), (lamp_y,), (lamp_x, lamp_y), ("left", "right"), ("top", "bottom"), ()][int(rng.integers(6))]
    feeder = rng.random() < 0.3
    flare = float(rng.uniform(0, 0.3)) if rng.random() < 0.5 else 0.0
    margins = rng.uniform(4, 14, 4)
    return Scanner(
        dpi=dpi,
        scale_x=float(1 + rng.normal(0, 0.003)),
        scale_y=float(1 + rng.normal(0, 0.003)),
        shear=float(rng.normal(0, 0.0007)),
        skew_deg=float(np.clip(rng.normal(0, 1.2), -5, 5)),
        margin_mm=(float(margins[0]), float(margins[1]), float(margins[2]), float(margins[3])),
        backing=(float(tint[0]), float(tint[1]), float(tint[2])),
        texture=float(rng.uniform(0, 0.05)),
        dust=int(rng.integers(0, 25)),
        shadow_edges=lit,
        shadow_depth=float(rng.uniform(0.1, 0.6)),
        shadow_mm=float(rng.uniform(0.15, 1.2)),
        shadow_shape=SHADOWS[int(rng.integers(len(SHADOWS)))],
        rim_depth=float(rng.uniform(0, 0.08)),
        rim_mm=float(rng.uniform(0.1, 0.4)),
        curl_depth=float(rng.uniform(0, 0.15)) if rng.random() < 0.3 else 0.0,
        falloff=float(rng.uniform(0, 0.05)),
        gradient=float(rng.normal(0, 0.02)),
        glare=flare,
        blur_px=float(rng.uniform(0.3, 1.0)),
        tail=float(rng.uniform(0, 0.08)),
        tail_px=float(rng.uniform(1.0, 4.0)),
        channel_px=(float(rng.normal(0, 0.15)), float(rng.normal(0, 0.15))),
        distortion_px=float(rng.uniform(0, 0.25)),
        wobble_px=float(rng.uniform(0.15, 0.6)) if feeder else float(rng.uniform(0, 0.15)),
        wobble_rows=float(rng.uniform(8, 120)),
        exposure=float(rng.uniform(0.88, 1.02)),
        shot=float(rng.uniform(0.002, 0.012)),
        read=float(rng.uniform(0.0005, 0.004)),
        streaks=float(rng.uniform(0, 0.004)),
        tone="srgb" if rng.random() < 0.4 else "gamma",
        gamma=float(rng.uniform(1.8, 2.4)),
        contrast=float(rng.uniform(0, 0.2)) if rng.random() < 0.3 else 0.0,
        sharpen_px=float(rng.uniform(0.7, 1.6)),
        sharpen=float(rng.uniform(0.2, 1.0)) if rng.random() < 0.3 else 0.0,
        mode="gray" if rng.random() < 0.25 else "color",
        quality=int(rng.integers(60, 98)),
        subsampling=("4:4:4", "4:2:2", "4:2:0")[int(rng.integers(3))],
    )


def sample_drift(rng: np.random.Generator, printed: Print) -> Print:
    """The same print as the press drifts from copy to copy: inks, dot gain and black, one for the whole copy.

    Strength varies by 4 % common to all inks and 3 % for each (1 sigma, at most twice that), dot gain of one ink by 4 %.
    Against the press as it should be, that is a mean color difference of up to about 3 ΔE00.
    """
    common = float(np.clip(rng.normal(0, 0.04), -0.08, 0.08))
    own = np.clip(rng.normal(0, 0.03, 3), -0.06, 0.06)
    gain = np.clip(rng.normal(0, 0.04, 3), -0.08, 0.08)
    inks = [float((1 + common) * (1 + v)) for v in own]
    return replace(
        printed,
        inks=(inks[0], inks[1], inks[2]),
        ink_gain=(float(gain[0]), float(gain[1]), float(gain[2])),
        side=float(rng.uniform(0.4, 1.3)),
        key=float(rng.uniform(0.3, 1.0)),
        gain=float(np.clip(printed.gain + rng.normal(0, 0.015), 0, 0.25)),
    )
