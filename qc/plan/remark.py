"""A remark on a copy before it is inspected."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Remark:
    """What to do or look at.

    `kind` is rescan (a file that cannot be used as it is), add (a scan or a fact that is missing) or check (odd; a person
    should look). `code` is stable, `message` one or two sentences.
    """

    kind: str
    code: str
    message: str
    files: tuple[str, ...] = ()
    reference_pages: tuple[int, ...] = ()
