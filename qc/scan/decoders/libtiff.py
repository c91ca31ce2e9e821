"""Capture of what libtiff complains of while Pillow decodes; Pillow delivers damaged pixels all the same."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from PIL import _imaging

from qc.scan.decoders.raster import Unusable

_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
# these read tags; what they complain of does not touch the pixels
_OF_TAGS = (b"TIFFFetch", b"TIFFReadDirectory", b"TIFFReadCustomDirectory")
# libtiff only warns of rows of a G4 image that come out too short or too long, and goes on with the next
_OF_ROWS = (b"Fax4Decode",)
_of_thread = threading.local()


@contextmanager
def refuse_damage() -> Iterator[None]:
    """Raise `Unusable` at the end of the block if libtiff met damaged pixels in it, in this thread."""
    complaints: list[str] = []
    _of_thread.complaints = complaints
    try:
        yield
    finally:
        _of_thread.complaints = None
    if complaints:
        raise Unusable(f"is a damaged TIFF ({complaints[0]}): copy the file again or rescan the page")


def _note(module: bytes | None, text: bytes | None, arguments: int | None) -> None:
    complaints = getattr(_of_thread, "complaints", None)
    if complaints is not None and not (module or b"").startswith(_OF_TAGS):
        complaints.append(f"{(module or b'').decode('ascii', 'replace')}: {(text or b'').decode('ascii', 'replace')}")


def _note_rows(module: bytes | None, text: bytes | None, arguments: int | None) -> None:
    if (module or b"").startswith(_OF_ROWS):
        _note(module, text, arguments)


_error_handler, _warning_handler = _HANDLER(_note), _HANDLER(_note_rows)


# a Pillow with a hidden libtiff still decodes; what libtiff says then is not heard here
with suppress(OSError, AttributeError):
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(_error_handler)
    ctypes.CDLL(_imaging.__file__).TIFFSetWarningHandler(_warning_handler)
