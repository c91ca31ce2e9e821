"""Text of small crops, by Tesseract where it is installed (``pip install "print-return-qc[ocr]"``)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

INSTALL = 'pip install "print-return-qc[ocr]"'
_DEBIAN = Path("/usr/share/tesseract-ocr")


@dataclass(frozen=True)
class TextLine:
    """A line that was read: `text`, the confidence of its least sure word (0 to 100), its box x0, y0, x1, y1 in pixels
    of the crop."""

    text: str
    confidence: float
    box_px: tuple[int, int, int, int]


def missing() -> str:
    """What the text reader lacks, and what to do; empty where it is ready."""
    try:
        import tesserocr  # noqa: F401
    except ImportError:
        return f"no text reader is installed: {INSTALL}"
    if not _languages():
        return f"the text reader has no trained data (eng.traineddata): {INSTALL}, or set TESSDATA_PREFIX to its folder"
    return ""


class Reader:
    """Reads crops; one for each thread. Make it with `reader`."""

    def __init__(self, folders: Mapping[str, str]) -> None:
        self._folders = folders
        self._apis: dict[str, Any] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """Scripts it can read: "eng" for all Latin ones, "jpn" where that is installed."""
        return tuple(self._folders)

    def start(self, language: str) -> Any:
        """Tesseract for a language, started when it is first needed: that takes a tenth of a second, and most pages need one."""
        import tesserocr

        if language not in self._apis:
            psm, folder = tesserocr.PSM.SINGLE_BLOCK, self._folders[language]
            self._apis[language] = tesserocr.PyTessBaseAPI(path=folder, lang=language, psm=psm)
            self._apis[language].SetVariable("debug_file", os.devnull)
        return self._apis[language]

    def end(self) -> None:
        """Release all languages."""
        for api in self._apis.values():
            api.End()

    def lines(self, gray: NDArray[np.uint8], dpi: float, language: str = "eng") -> list[TextLine]:
        """Lines of a crop that holds one block of upright text.

        Parameters
        ----------
        gray : ndarray, shape (h, w), uint8
            Dark on light, with some paper around.
        dpi : float
            Resolution of the crop.
        """
        import tesserocr

        api = self.start(language)
        height, width = gray.shape
        api.SetImageBytes(np.ascontiguousarray(gray).tobytes(), width, height, 1, width)
        api.SetSourceResolution(round(dpi))
        api.Recognize()
        iterator = api.GetIterator()
        lines: list[TextLine] = []
        words: list[str] = []
        least, word, line = 100.0, tesserocr.RIL.WORD, tesserocr.RIL.TEXTLINE
        for w in tesserocr.iterate_level(iterator, word) if iterator else ():
            if w.Empty(word):
                continue
            words.append(w.GetUTF8Text(word))
            least = min(least, float(w.Confidence(word)))
            if w.IsAtFinalElement(line, word):
                lines.append(TextLine(" ".join(words), least, w.BoundingBox(line)))
                words, least = [], 100.0
        return lines


@contextmanager
def reader() -> Iterator[Reader]:
    """A reader for the time of the block.

    Raises
    ------
    RuntimeError
        It is not installed (`missing` says so) or does not start.
    """
    if lacking := missing():
        raise RuntimeError(lacking)
    found = Reader(_languages())
    try:
        found.start("eng")
        yield found
    finally:
        found.end()


@cache
def _languages() -> dict[str, str]:
    """Trained data by language; none without English."""
    stated = os.environ.get("TESSDATA_PREFIX")
    folders = [Path(stated)] if stated else []
    folders += [Path(sys.prefix) / "share" / "tessdata", *sorted(_DEBIAN.glob("*/tessdata"), reverse=True)]
    found = {
        language: str(folder)
        for language in ("eng", "jpn")
        for folder in reversed(folders)
        if (folder / f"{language}.traineddata").is_file()
    }
    return found if "eng" in found else {}
