"""PDF of scans, decoded in a separate process: a hostile file can crash PDFium, exhaust memory or never end.

The process is started with the first PDF and lives as long as this one. It is asked in lines of JSON and answers in one, with
the bytes of the image behind it. What takes too much time or memory ends it, and the next question starts another.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from qc.scan.decoders import jpeg
from qc.scan.decoders.pdf_process import TOO_LONG
from qc.scan.decoders.raster import Info, Pixels, Turn, Unusable, refuse_other_size, shrink

CPU_S = 30.0
"""An answer may take this long on a core; a large page with a hard shading takes 8 s."""
_TOO_LONG = (TOO_LONG, -getattr(signal, "SIGPROF", TOO_LONG))
_LOCK = threading.Lock()
_Answer = tuple[dict[str, Any], bytes]


def count(path: Path) -> int:
    answer, _ = _ask(path, "count")
    return int(answer["pages"])


def info(path: Path, frame: int) -> Info:
    answer, _ = _ask(path, "info", frame)
    return _info(answer)


def pixels(path: Path, frame: int, reduce: int) -> Pixels:
    answer, data = _ask(path, "pixels", frame)
    if answer["kind"] == "jpeg":
        # decoded here, so that threads do it side by side
        head = _info(answer)
        return refuse_other_size(jpeg.decode(data, reduce, head.turn), head, reduce)
    return shrink(np.frombuffer(data, np.uint8).reshape(answer["shape"]), reduce)


def _info(answer: dict[str, Any]) -> Info:
    about = answer["info"]
    return Info(**about | {"dpi": tuple(about["dpi"]), "turn": Turn(*about["turn"])})


class _Reader:
    """The other process."""

    def __init__(self) -> None:
        places = os.pathsep.join(p or str(Path.cwd()) for p in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "qc.scan.decoders.pdf_process", str(CPU_S)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": places},
        )
        self._owner = os.getpid()

    @property
    def alive(self) -> bool:
        """Whether it can be asked; after a fork, the parent's cannot."""
        return self._owner == os.getpid() and self._process.poll() is None

    def ask(self, question: dict[str, Any]) -> _Answer:
        """The answer; EOFError where the process came to an end over it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as fault:
            raise EOFError from fault
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        answer = json.loads(line)
        data = self._process.stdout.read(answer["bytes"])
        if len(data) < answer["bytes"]:
            raise EOFError
        return answer, data

    def leave(self) -> None:
        """Leave one that died, or, after a fork, the parent's."""
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def end(self) -> int:
        """End it, if it has not; how it ended is returned."""
        self.leave()
        try:
            return self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


_reader: _Reader | None = None


def _ask(path: Path, what: str, frame: int = 0) -> _Answer:
    global _reader
    with _LOCK:
        if _reader is not None and not _reader.alive:
            _reader.leave()
            _reader = None
        _reader = _reader or _Reader()
        try:
            answer, data = _reader.ask({"path": os.fsencode(path).hex(), "what": what, "frame": frame})
        except EOFError:
            code, _reader = _reader.end(), None
            how = "takes more time than a page may" if code in _TOO_LONG else "makes the PDF reader fail"
            raise Unusable(f"{how}: print it to a new PDF, export it again, or rescan the page") from None
        except BaseException:  # interrupted between question and answer, it would answer the next with the last
            _reader.end()
            _reader = None
            raise
    if "unusable" in answer:
        raise Unusable(answer["unusable"])
    return answer, data


@atexit.register
def _end() -> None:
    if _reader is not None and _reader.alive:
        _reader.end()
