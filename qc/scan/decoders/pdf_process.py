"""The process that reads PDF of scans for `qc.scan.decoders.pdf`; it answers on stdout until stdin ends.

Run as a module with the seconds that an answer may take on a core.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from threading import Timer
from typing import Any

from qc.scan.allocator import limit_memory
from qc.scan.decoders import pdf_pages
from qc.scan.decoders.raster import Unusable

MEMORY_BYTES = 3 * 2**30
TOO_LONG = 75
"""Exit code of an answer that took too long, where no signal says so."""


def main(cpu_s: float) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_memory(MEMORY_BYTES)
    with suppress(ImportError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = os.fdopen(os.dup(1), "wb")
    # nothing that a library prints may get between the answers
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        question = json.loads(line)
        with _ended_after(cpu_s):
            answer, data = _answer(
                Path(os.fsdecode(bytes.fromhex(question["path"]))), question["what"], question["frame"]
            )
        out.write(json.dumps(answer | {"bytes": len(data)}).encode() + b"\n")
        out.write(data)
        out.flush()


@contextmanager
def _ended_after(cpu_s: float) -> Iterator[None]:
    """End the process where the block takes longer on a core, or by the clock on systems that do not count (Windows)."""
    # either ends it in the middle of a call into PDFium, too
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, cpu_s)
        yield
        signal.setitimer(signal.ITIMER_PROF, 0)
    else:
        timer = Timer(cpu_s, os._exit, (TOO_LONG,))
        timer.start()
        yield
        timer.cancel()


def _answer(path: Path, what: str, frame: int) -> tuple[dict[str, Any], bytes]:
    try:
        if what == "count":
            return {"pages": pdf_pages.count(path)}, b""
        if what == "info":
            return {"info": asdict(pdf_pages.info(path, frame))}, b""
        found = pdf_pages.content(path, frame)
        if isinstance(found, pdf_pages.Stream):
            return {"kind": "jpeg", "info": asdict(found.info)}, found.data
        return {"kind": "pixels", "shape": found.shape}, found.tobytes()
    except Unusable as fault:
        return {"unusable": str(fault)}, b""
    except MemoryError:
        return {"unusable": "does not fit into memory: rescan the page at 300 or 600 dpi"}, b""
    except Exception as fault:  # image libraries raise anything on a damaged file
        return {"unusable": f"cannot be read as PDF ({type(fault).__name__}: {fault}): export it again"}, b""


if __name__ == "__main__":
    main(float(sys.argv[1]))
