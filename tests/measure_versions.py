"""Version and source of every measure, pinned: a change of source shows which versions may have to rise.

python tests/measure_versions.py          write tests/data/measure_versions.csv anew
"""

from __future__ import annotations

import ast
import csv
import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from qc.measure import MEASURES

TABLE = Path(__file__).parent / "data" / "measure_versions.csv"
COLUMNS = ("measure", "version", "source")
_NO_MATTER = ("kind", "type_comment", "type_params", "ctx", "annotation", "returns")
"""Fields of a syntax tree that change no number."""

Pins = dict[str, tuple[int, str]]


def current() -> Pins:
    """Version and digest of the source of every measure: its module, and the modules of features it imports itself."""
    pins = {}
    for name, measure in MEASURES.items():
        module = measure.code.partition(":")[0]
        features = sorted(m for m in _imported(module) if ".features" in m)
        digest = hashlib.sha256("\n".join(_essence(m) for m in (module, *features)).encode()).hexdigest()
        pins[name] = (measure.version, digest[:12])
    return pins


def pinned() -> Pins:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["measure"]: (int(row["version"]), row["source"]) for row in csv.DictReader(file)}


def complaints(old: Pins, new: Pins) -> list[str]:
    """What is not as pinned, a line each."""
    found = [f"{name}: no such measure any more; ids are permanent" for name in old if name not in new]
    for name, (version, source) in new.items():
        if name not in old:
            found.append(f"{name}: a new measure")
        elif version < old[name][0]:
            found.append(f"{name}: version {version} is older than {old[name][0]}")
        elif version > old[name][0]:
            found.append(f"{name}: version {old[name][0]} is now {version}")
        elif source != old[name][1]:
            found.append(f"{name}: its source changed, its version is {version} as before")
    return found


def essence(source: str) -> str:
    """What of a module decides numbers: no comments, docstrings, annotations and imports; the same for any Python."""
    return repr(_plain(ast.parse(source)))


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return tuple(_plain(n) for n in node if not _says_nothing(n))
    if not isinstance(node, ast.AST):
        return node
    fields = ((k, _plain(v)) for k, v in ast.iter_fields(node) if k not in _NO_MATTER)
    return (type(node).__name__, *((k, v) for k, v in fields if v not in (None, ())))


def _says_nothing(node: Any) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@cache
def _source(module: str) -> str:
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None, module
    return Path(spec.origin).read_text("utf-8")


@cache
def _essence(module: str) -> str:
    return essence(_source(module))


def _imported(module: str) -> set[str]:
    return {n.module for n in ast.walk(ast.parse(_source(module))) if isinstance(n, ast.ImportFrom) and n.module}


def main() -> None:
    """Pin what is there now."""
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows((name, *pin) for name, pin in sorted(current().items()))


if __name__ == "__main__":
    main()
