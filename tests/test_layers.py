"""The project describes itself, and its imports point one way."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

import qc
from qc.cli import main
from qc.judge.policy import load_policy, shipped
from qc.measure.catalog import MEASURES

PACKAGE = Path(qc.__file__).parent
ROOT = PACKAGE.parent
IMAGE_LIBRARIES = {"cv2", "PIL", "skimage", "tifffile", "pypdfium2", "simplejpeg", "imageio", "reportlab"}
SOURCES = sorted(PACKAGE.rglob("*.py")) + sorted((ROOT / "calibration").rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in SOURCES}


@cache
def imports(module: str) -> frozenset[str]:
    """Modules that `module` imports when it runs, anywhere in its text; not those for type checkers only."""
    return frozenset(_imported(ast.parse(MODULES[module].read_text("utf-8")), module))


def _imported(node: ast.AST, module: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{module} imports relatively"
            assert child.module is not None
            for alias in child.names:
                inner = f"{child.module}.{alias.name}"
                yield inner if inner in MODULES else child.module
        else:
            yield from _imported(child, module)


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
    assert "qc.units" in imports("qc.reference.find")
    assert "cv2" in reach("qc.pipeline")
    assert len(MODULES) > 40


@pytest.mark.parametrize("module", under("qc.measure"))
def test_a_measure_knows_no_policy_and_no_other_measure(module: str) -> None:
    upward = (
        "qc.judge.policy",
        "qc.judge.rule",
        "qc.judge.judge",
        "qc.judge.refund",
        "qc.batch.store",
        "qc.report",
        "qc.cli",
        "qc.report.evidence",
    )
    assert not [name for name in reach(module) if belongs(name, *upward)]
    assert not [name for name in imports(module) if belongs(name, "qc.measure") and name != "qc.measure"]


@pytest.mark.parametrize("module", ["qc.judge.policy", "qc.judge.rule", "qc.judge.judge", "qc.judge.refund"])
def test_judging_touches_no_pixels(module: str) -> None:
    assert not [name for name in reach(module) if belongs(name, *IMAGE_LIBRARIES)]


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


def test_the_store_and_what_judges_from_it_touch_no_pixels() -> None:
    assert not [name for name in reach("qc.batch.store") if belongs(name, *IMAGE_LIBRARIES)]


def test_studies_of_limits_are_above_all_that_inspects_and_judges() -> None:
    below = [m for m in MODULES if not belongs(m, "qc.tuning")]
    assert not [m for m in below if any(belongs(name, "qc.tuning") for name in imports(m))]


def test_only_one_module_needs_matplotlib() -> None:
    assert [m for m in MODULES if any(belongs(name, "matplotlib") for name in imports(m))] == ["qc.tuning.plots"]


def test_only_commands_and_their_entry_import_commands() -> None:
    outside = [m for m in under("qc") if not belongs(m, "qc.cli", "qc.__main__")]
    assert not [m for m in outside if any(belongs(name, "qc.cli") for name in imports(m))]


def test_no_module_imports_in_a_circle() -> None:
    assert not [m for m in MODULES if m in reach(m)]


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
