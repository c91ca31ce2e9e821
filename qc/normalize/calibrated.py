"""The scanner profile by which the scans of a copy are corrected."""

from __future__ import annotations

from dataclasses import dataclass

from qc.errors import ReferenceFault, ScanError
from qc.model import BookCopy, Resolution
from qc.normalize.page_image import true_resolution
from qc.scan.image_file import read_header
from qc.scan.profile_file import load_profile
from qc.scan.scanner_profile import ScannerProfile, frame_mm

_WIDER = "the wider uncertainty is carried"


@dataclass(frozen=True)
class AppliedProfile:
    """The profile that scans are corrected by, None without one; `note` says what was applied or why nothing was."""

    profile: ScannerProfile | None = None
    note: str = f"no scanner profile: {_WIDER}"

    @property
    def record(self) -> dict[str, str | None]:
        """What the JSON record says of it."""
        known = {} if self.profile is None else {"sha256": self.profile.sha256}
        return {"profile": self.profile.name if self.profile else None, **known, "note": self.note}


def choose_profile(copy: BookCopy, option: str | None) -> AppliedProfile:
    """The scanner profile that the scans of a copy are corrected by.

    Parameters
    ----------
    copy : BookCopy
    option : str or None
        Named on the command line; it wins over copy.toml.

    Raises
    ------
    ReferenceFault
        The profile named on the command line cannot be used. One named in copy.toml is then left out, and that is said.
    """
    name = option or copy.scan.scanner
    if name is None:
        return AppliedProfile()
    try:
        profile = load_profile(name)
    except ReferenceFault as fault:
        if option is not None:
            raise
        return AppliedProfile(note=f"{str(fault).split('. ')[0]}: {_WIDER}")
    return AppliedProfile(profile, f"scanner profile {profile.name} applied{_colors(profile)}{_but(profile, copy)}")


def _colors(profile: ScannerProfile) -> str:
    if profile.color is not None:
        grade = f", colors of grade {profile.color.grade}"
        return f"{grade}, which is not good enough to use them" if profile.color.grade == "C" else grade
    table = profile.tables.get("color")
    return "" if table is None else f", its colors left out because they expired on {table['expires']}"


def _but(profile: ScannerProfile, copy: BookCopy) -> str:
    """What of the profile does not hold for the first page that can be read."""
    scale = profile.scale
    if scale is None:
        return ", which says nothing of the scale: the wider uncertainty of lengths is carried"
    for scan in copy.pages:
        try:
            header = read_header(scan)
        except ScanError:
            continue
        stated = header.resolution
        if copy.scan.dpi is not None:
            stated = Resolution(copy.scan.dpi, copy.scan.dpi)
        if stated is None:
            continue
        true = true_resolution(stated, header, profile)
        dpi = true.x_dpi, true.y_dpi
        parts = []
        scale = scale.as_scanned((stated.x_dpi, stated.y_dpi), (header.width_px, header.height_px))
        if profile.scale is not None and scale.frame_mm != profile.scale.frame_mm:
            parts.append(
                f"its axes exchanged and its map left out because {scan.name} was turned by a quarter after scanning"
            )
        if scale.other_dpi(dpi):
            parts.append(
                f"made at {scale.stated_dpi[0]:g} dpi, by ratio at {stated.x_dpi:g} dpi with a little more uncertainty"
            )
        frame = frame_mm((header.width_px, header.height_px), dpi)
        if scale.map is not None and scale.frame_mm is not None and not scale.covers(frame):
            parts.append(
                f"its map left out because {scan.name} shows {frame[0]:.0f} x {frame[1]:.0f} mm and the map is of "
                f"{scale.frame_mm[0]:.0f} x {scale.frame_mm[1]:.0f} mm of glass"
            )
        return "".join(f", {part}" for part in parts)
    return ""
