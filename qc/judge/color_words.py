"""Faults of color in words: which, how much, where on the page."""

from __future__ import annotations

from qc.model import Observation
from qc.number_format import plus_minus


def color_fault(observation: Observation, value: float, k: float) -> str:
    """Start of the sentence for a `color-defect` observation; `k` expands u to U."""
    detail, code = observation.detail, str(observation.detail.get("code", ""))
    size = plus_minus(100 * value, 100 * k * (observation.u or 0.0), "%")
    match code:
        case "weak-channel" if detail.get("channel") == "all inks":
            said = f"All inks print {size} too little against the other pages"
        case "weak-channel" if detail.get("channel") == "solids":
            said = f"Black areas print {size} too little against the text"
        case "lost-channel" | "weak-channel":
            said = f"{str(detail.get('channel', 'ink')).capitalize()} prints {size} too little against the other inks"
        case "gray":
            said = f"{size} of the ordered color is missing from print that should be colored"
        case "fade":
            said = f"Print fades by {size} toward the {detail.get('toward')}"
        case "band":
            lie = "across" if detail.get("along") == "y" else "down"
            said = f"Bands {lie} the page swing the density by {size} (rms) or more"
        case "cast":
            said = f"Gray tones lean to {detail.get('channel')} by {size} of their density"
        case "tone-shift":
            said = f"Mid-tones print {size} {'lighter' if value < 0 else 'darker'} against the shadows than ordered"
        case "wrong-paper":
            said = f"Paper lies {size} of the way from {detail.get('ordered')} to {detail.get('like')}"
        case _:
            said = f"Color differs by {size}"
    pages = detail.get("pages")
    return f"{said} on {len(pages)} pages" if pages else said
