"""The one Jinja environment of all reports: everything escaped, floats to 5 digits, pictures as data."""

from __future__ import annotations

import base64
import re
from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from qc.model import FindingOutcome
from qc.report import bullet_graph, evidence_overlay, fold_overlay, words
from qc.report.large_pictures import scan_link

_WHOLE = re.compile(r"(?<![\w-])(\d+(?:-\d+)+|\d[\d.]* mm|fore-edge)(?![\w-])")
"""What a line must not break: dates, ranges of pages, lengths."""


@cache
def environment() -> Environment:
    """Of the templates in this package."""
    made = Environment(
        loader=PackageLoader("qc.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: f"{value:.5g}" if isinstance(value, float) else value,
    )
    made.globals |= {
        "words": words,
        "FindingOutcome": FindingOutcome,
        "bullet": bullet_graph.bullet,
        "bullet_width": bullet_graph.WIDTH,
        "overlay": evidence_overlay.overlay,
        "fold_overlays": fold_overlay.fold_overlays,
        "picture_size": (evidence_overlay.WIDTH, evidence_overlay.HEIGHT, evidence_overlay.BAND),
    }
    made.filters |= {
        "scan_link": scan_link,
        "webp": _data_url,
        "png": partial(_data_url, kind="png"),
        "unbroken": _unbroken,
    }
    return made


def _unbroken(text: str) -> Markup:
    return Markup(_WHOLE.sub(r'<span class="unbroken">\1</span>', str(escape(text))))


def _data_url(image: bytes, kind: str = "webp") -> str:
    return f"data:image/{kind};base64," + base64.b64encode(image).decode("ascii")
