"""What `inspect`, `batch`, `watch`, `decide`, `judge` and `export` do on a system that lacks what only POSIX has."""

from __future__ import annotations

import ast
import csv
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import DPI, Drawn
from PIL import Image

import qc

ROOT = Path(qc.__file__).parents[1]
MODULES = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "crypt", "nis")
OF_OS = (
    "fork",
    "forkpty",
    "sched_getaffinity",
    "sched_setaffinity",
    "getloadavg",
    "killpg",
    "mkfifo",
    "pread",
    "nice",
    "statvfs",
)
OF_SIGNAL = ("setitimer", "getitimer", "ITIMER_PROF", "SIGPROF", "SIGALRM", "alarm", "SIGHUP", "SIGUSR1", "SIGQUIT")
NEVER = {("os", name) for name in (*OF_OS, "getuid", "geteuid", "uname", "setsid", "waitpid", "wait4")} | {
    ("signal", name) for name in (*OF_SIGNAL, "SIGKILL", "SIGCHLD", "pthread_sigmask")
}
"""What may be used only where `hasattr`, `getattr` or a suppressed error asks first."""
ASKED_FIRST = {
    ("cores.py", "sched_getaffinity"),
    ("pdf_process.py", "setitimer"),
    ("pdf_process.py", "ITIMER_PROF"),
}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of processes, and of their children, in which those modules and names are not there."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        f"sys.modules.update(dict.fromkeys({MODULES}))\n"
        f"[delattr(os, name) for name in {OF_OS} if hasattr(os, name)]\n"
        f"[delattr(signal, name) for name in {OF_SIGNAL} if hasattr(signal, name)]\n"
    )
    return dict(os.environ, PYTHONPATH=os.pathsep.join([str(folder), str(ROOT)]))


def test_a_night_and_its_morning_go_without_posix(drawn: Drawn, bare: dict[str, str], tmp_path: Path) -> None:
    def run(*call: str | Path, code: int = 0) -> str:
        command = [sys.executable, "-m", "qc", *map(str, call)]
        ran = subprocess.run(command, cwd=tmp_path, env=bare, capture_output=True, text=True)
        assert ran.returncode == code, f"{call}: {ran.stderr}"
        return ran.stdout + ran.stderr

    check = "import os, signal, qc.cli; print(hasattr(os, 'fork') or hasattr(signal, 'SIGPROF')); import fcntl"
    ran = subprocess.run([sys.executable, "-c", check], env=bare, capture_output=True, text=True)
    assert ran.stdout == "False\n" and "fcntl" in ran.stderr, "nothing is blocked"

    drawn.copied_to(tmp_path / "inbox/RMA-1")
    pages = [Image.open(p) for p in sorted(drawn.copy.glob("p-*"))]
    pages[0].save(tmp_path / "inbox/RMA-2.pdf", save_all=True, append_images=pages[1:], resolution=DPI)
    night = ("inbox", "--titles", drawn.titles, "--jobs", "1", "--store", "qc.db")
    run("inspect", "inbox/RMA-1", "--titles", drawn.titles)
    run("batch", *night)
    assert "--memory-limit cannot be kept" in run("batch", *night, "--memory-limit", "1", code=6)
    run("decide", "RMA-1", "no-defect", "--store", "qc.db", "--by", "A. Mueller", "--reason", "Seen.")
    run("judge", "--store", "qc.db", "--policy", "ingram")
    rows = {
        r["copy"]: r["outcome"]
        for r in csv.DictReader(io.StringIO(run("export", "--store", "qc.db", "--format", "csv")))
    }
    assert rows.keys() == {"RMA-1", "RMA-2"} and all(rows.values())
    run("watch", "--help")


def used(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.value.id, node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def imported_at_once(tree: ast.Module) -> Iterator[str]:
    """Modules whose import is not left to a function."""
    ahead: list[ast.AST] = [tree]
    while ahead:
        for node in ast.iter_child_nodes(ahead.pop()):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""
            elif not isinstance(node, ast.FunctionDef | ast.Lambda):
                ahead.append(node)


def test_no_module_needs_posix_to_be_imported_and_few_ask_for_it() -> None:
    sources = {
        p: ast.parse(p.read_text("utf-8")) for room in ("qc", "calibration") for p in (ROOT / room).rglob("*.py")
    }
    assert not [(p.name, m) for p, tree in sources.items() for m in imported_at_once(tree) if m in MODULES]
    assert {
        (p.name, name) for p, tree in sources.items() for where, name in used(tree) if (where, name) in NEVER
    } == ASKED_FIRST
