"""The project describes itself, and its imports point one way."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

import qc
from qc.cli import main
from qc.judge.policy import load_policy, shipped
from qc.measure import MEASURES
from qc.measure.registry import PARTS

PACKAGE = Path(qc.__file__).parent
ROOT = PACKAGE.parent
IMAGE_LIBRARIES = {"cv2", "PIL", "skimage", "tifffile", "pypdfium2", "simplejpeg", "imageio", "reportlab"}
SOURCES = [
    path
    for folder in (PACKAGE, ROOT / "calibration", ROOT / "notebooks" / "studies")
    for path in sorted(folder.rglob("*.py"))
]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[parts[0] == "notebooks" :]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in SOURCES}


@cache
def imports(module: str) -> frozenset[str]:
    """Modules that `module` imports anywhere in its text, inside functions and for type checkers, too."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module is not None, f"{module} imports relatively"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            # `qc` itself gives its version, and asks for more only when asked.
            found |= (inner & MODULES.keys()) or {node.module} - {"qc"}
    return frozenset(found)


def reach(module: str) -> set[str]:
    """Everything `module` imports inside the project, by whatever way, and what those import from outside."""
    seen: set[str] = set()
    ahead = [module]
    while ahead:
        for name in imports(ahead.pop()):
            if name not in seen:
                seen.add(name)
                if name in MODULES:
                    ahead.append(name)
    return seen


def under(prefix: str) -> list[str]:
    return [m for m in MODULES if m == prefix or m.startswith(f"{prefix}.")]


def belongs(name: str, *prefixes: str) -> bool:
    return any(name == p or name.startswith(f"{p}.") for p in prefixes)


def test_the_reader_of_imports_sees_what_is_there() -> None:
    assert "qc.units" in imports("qc.reference.pdf")
    assert "cv2" in reach("qc.pipeline")
    assert len(MODULES) > 40


ROOMS = (
    # Nouns and conventions, then the stages in the order of the work, then what is made of inspections.
    ("units", "flags", "errors", "geometry", "stats", "number_format", "isbn", "resample", "colorimetry", "model"),
    ("scan", "edges"),
    ("normalize",),
    ("reference",),
    ("features",),
    ("register",),
    ("measure",),
    ("judge",),
    ("page",),
    ("pipeline", "inputs"),
    ("compare", "plan"),
    ("report",),
    ("batch",),
    ("review",),
    ("cli", "__main__"),
)
"""Rooms of the package from the lowest floor up: each may import from its own floor and from those below."""
UPWARD: set[tuple[str, str]] = set()
"""Imports that still run upward."""


def floor(module: str) -> int:
    room = module.split(".")[1]
    return next(number for number, rooms in enumerate(ROOMS) if room in rooms)


def test_imports_run_one_way() -> None:
    inside = [m for m in under("qc") if m != "qc" and not belongs(m, "qc.synthetic")]
    pairs = {
        (m, n) for m in inside for n in imports(m) if n in MODULES and n != "qc" and not belongs(n, "qc.synthetic")
    }
    pairs = {(m, n) for m, n in pairs if not belongs(n, "calibration")}
    assert {(m, n) for m, n in pairs if floor(n) > floor(m)} == UPWARD


def test_few_files_lie_at_the_root() -> None:
    assert len([p for p in PACKAGE.iterdir() if p.is_file()]) <= 16


def test_a_measure_imports_no_other_measure() -> None:
    measures = {code for m in MEASURES.values() if belongs(code := m.code.partition(":")[0], "qc.measure")}
    assert not [(m, n) for m in measures for n in imports(m) if n in measures and n != m]


def reads_keys_of_a_detail(module: str) -> bool:
    """Whether it looks for keys in the detail of an observation, or in a name given to one, instead of reading a `Detail`."""
    nodes = list(ast.walk(ast.parse(MODULES[module].read_text("utf-8"))))
    named: set[str] = set()

    def is_detail(node: ast.AST) -> bool:
        return getattr(node, "attr", "") == "detail" or getattr(node, "id", "") in named

    for node in nodes:
        if isinstance(node, ast.Assign | ast.NamedExpr):
            target = node.target if isinstance(node, ast.NamedExpr) else node.targets[0]
            pairs = zip(getattr(target, "elts", [target]), getattr(node.value, "elts", [node.value]), strict=False)
            named |= {name.id for name, value in pairs if isinstance(name, ast.Name) and is_detail(value)}
    asked = [n.value for n in nodes if isinstance(n, ast.Subscript)]
    asked += [n.value for n in nodes if isinstance(n, ast.Attribute) and n.attr in ("get", "items", "keys", "values")]
    asked += [
        n.comparators[0] for n in nodes if isinstance(n, ast.Compare) and isinstance(n.ops[0], ast.In | ast.NotIn)
    ]
    return any(is_detail(node) for node in asked)


def test_only_a_measures_own_module_knows_the_keys_of_its_details() -> None:
    own = {m.code.partition(":")[0] for m in (*MEASURES.values(), *PARTS)}
    readers = {m for m in MODULES if reads_keys_of_a_detail(m)}
    assert "qc.measure.color_defect" in readers, "the reader of sources sees nothing"
    assert not readers - own


def test_no_file_of_judging_names_an_image_library() -> None:
    assert not [m for m in under("qc.judge") if any(belongs(name, *IMAGE_LIBRARIES) for name in imports(m))]


def test_judging_and_the_store_load_no_image_library() -> None:
    """As in judging again and in exporting, which read no pixel."""
    code = f"import sys, qc.judge.rejudge, qc.batch.store; print({IMAGE_LIBRARIES!r} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


@pytest.mark.parametrize("module", under("qc.synthetic"))
def test_what_draws_shares_nothing_with_what_measures(module: str) -> None:
    assert not [name for name in reach(module) if belongs(name, "qc") and not belongs(name, "qc.units", "qc.synthetic")]


def test_only_the_calibrate_commands_import_calibration() -> None:
    importers = [m for m in under("qc") if any(belongs(name, "calibration") for name in imports(m))]
    assert not [m for m in importers if not belongs(m, "qc.cli.calibrate")]


@pytest.mark.parametrize("module", under("qc.report"))
def test_reports_know_no_store(module: str) -> None:
    assert not [name for name in reach(module) if belongs(name, "qc.batch.store", "qc.batch.database", "sqlite3")]


def test_only_one_module_speaks_to_sqlite() -> None:
    assert [m for m in MODULES if "sqlite3" in imports(m)] == ["qc.batch.database"]


def test_only_one_module_needs_matplotlib() -> None:
    assert [m for m in MODULES if any(belongs(name, "matplotlib") for name in imports(m))] == ["studies.plots"]


def test_only_commands_and_their_entry_import_commands() -> None:
    outside = [m for m in under("qc") if not belongs(m, "qc.cli", "qc.__main__")]
    assert not [m for m in outside if any(belongs(name, "qc.cli") for name in imports(m))]


def test_no_module_imports_in_a_circle() -> None:
    assert not [m for m in MODULES if m in reach(m)]


def test_modules_and_functions_are_short() -> None:
    """At most 400 lines, and 60 without docstring, comments and empty lines."""
    long = {m for m, path in MODULES.items() if len(path.read_text("utf-8").splitlines()) > 400}
    long |= {f"{m}.{name}" for m in MODULES for name, lines in code_lines(m) if lines > 60}
    assert not long


def code_lines(module: str) -> Iterator[tuple[str, int]]:
    text = MODULES[module].read_text("utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            words = node.body[0] if ast.get_docstring(node) else None
            said = range(words.lineno, (words.end_lineno or 0) + 1) if words else range(0)
            own = (n for n in range(node.lineno, (node.end_lineno or 0) + 1) if n not in said)
            yield node.name, sum(1 for n in own if lines[n - 1].strip() and lines[n - 1].strip()[0] != "#")


def test_only_units_knows_the_length_of_an_inch() -> None:
    number = re.compile(r"(?<![\d.])25\.4(?!\d)")
    holders = [module for module, path in MODULES.items() if number.search(path.read_text("utf-8"))]
    assert holders == ["qc.units"]


def test_no_module_is_called_by_what_it_is_not() -> None:
    assert not [m for m in MODULES if set(m.split(".")) & {"utils", "util", "helpers", "common", "misc"}]


@pytest.mark.parametrize("measure", MEASURES.values(), ids=list(MEASURES))
def test_every_measure_has_code_and_a_docstring_that_explains_it(measure) -> None:
    module, _, name = measure.code.partition(":")
    text = getattr(importlib.import_module(module), name).__doc__ or ""
    assert len(text.splitlines()[0]) > 15
    assert re.search(r"^ *(Returns|Notes)\n +-{5,}$", text, re.MULTILINE), f"{measure.code} has no numpydoc section"
    assert measure.scope in ("page", "copy", "copies") and measure.version >= 1


@pytest.mark.parametrize("name", shipped())
def test_every_rule_of_a_shipped_policy_names_a_measure_and_its_source(name: str) -> None:
    for rule in load_policy(name).rules:
        assert rule.measure in MEASURES
        assert rule.clause and rule.source and rule.reason


def test_every_command_has_help_with_an_example() -> None:
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None and command.help
        assert "Example:" in command.help and f"qc {name}" in command.help
