"""What a PDF says of its colors, and so what its rendering into sRGB takes for granted."""

from __future__ import annotations

from dataclasses import dataclass

U_CMYK = 4.0
"""dE00, ours: what the CMYK of one press condition means on another. PDFium draws by a fixed table, which lies 0.9 dE00 in
the mean and 5.5 at p95 from the SWOP profile of Ghostscript; between coated and uncoated paper it is several units."""


@dataclass(frozen=True)
class PdfColors:
    """Color management of a PDF as far as it was read.

    Attributes
    ----------
    intent : str or None
        The output intent: the name of its condition, of its profile, or of both.
    profiles : tuple of str
        Names of the ICC profiles that the colors on its pages are tagged with.
    cmyk : bool
        Whether it holds CMYK that is not tagged with a profile.
    known : bool
        False where the PDF could not be read for its colors; the rest then says nothing.
    """

    intent: str | None = None
    profiles: tuple[str, ...] = ()
    cmyk: bool = False
    known: bool = True

    @property
    def u(self) -> float:
        """Standard uncertainty (k = 1) that the rendering adds to a color, dE00; systematic."""
        return U_CMYK if self.cmyk or not self.known else 0.0

    @property
    def words(self) -> str:
        """What was found, how it was drawn and what that assumes: one phrase without a full stop."""
        drawn = "drawn by PDFium into sRGB"
        if not self.known:
            return f"{drawn}; which color profiles the PDF holds could not be read, so u is wider by {U_CMYK:g} ΔE00"
        said = [f"profiles of the PDF used: {', '.join(self.profiles)}"] if self.profiles else []
        if self.cmyk:
            unused = f"its output intent {self.intent} is not used" if self.intent else "it has no output intent"
            said.append(f"CMYK without a profile by a fixed table ({unused}), so u is wider by {U_CMYK:g} ΔE00")
        elif self.intent:
            said.append(f"its output intent {self.intent} is not used; RGB and gray without a profile taken as sRGB")
        else:
            said.append("no output intent; RGB and gray without a profile taken as sRGB")
        return "; ".join([drawn, *said])
