"""The shipped JSON schemas are those of the code, and the records only gain fields."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from qc.report.schema import FOLDER, RECORDS, schema, schema_text

PROMISED = Path(__file__).parent / "data" / "record_fields.csv"
"""Fields that scripts rely on: record, path, JSON types or values, whether the field is always there. Lines are only added."""


def fields(name: str) -> dict[str, tuple[str, str]]:
    """Types and presence by path of all fields of a record."""
    made = schema(RECORDS[name])
    return dict(_below(made, made["$defs"], ""))


def _below(kind: dict[str, Any], definitions: dict[str, Any], path: str) -> Iterator[tuple[str, tuple[str, str]]]:
    if "anyOf" in kind:
        kind = kind["anyOf"][0]
    if "$ref" in kind:
        kind = definitions[kind["$ref"].rpartition("/")[2]]
    if "items" in kind:
        yield from _below(kind["items"], definitions, f"{path}[]")
    for key, inner in kind.get("properties", {}).items():
        at = f"{path}.{key}".lstrip(".")
        yield at, (_types(inner), "always" if key in kind["required"] else "sometimes")
        yield from _below(inner, definitions, at)


def _types(kind: dict[str, Any]) -> str:
    if "const" in kind:
        return str(kind["const"])
    if "enum" in kind:
        return "|".join(sorted("null" if v is None else str(v) for v in kind["enum"]))
    if "anyOf" in kind:
        return "|".join(sorted(_types(k) for k in kind["anyOf"]))
    types = kind.get("type", "object")
    return types if isinstance(types, str) else "|".join(sorted(types))


def promised() -> dict[str, dict[str, tuple[str, str]]]:
    with PROMISED.open(encoding="utf-8", newline="") as file:
        found: dict[str, dict[str, tuple[str, str]]] = {name: {} for name in RECORDS}
        for row in csv.DictReader(file):
            found[row["record"]][row["field"]] = (row["types"], row["present"])
    return found


@pytest.mark.parametrize("name", RECORDS)
def test_the_shipped_schema_is_the_one_generated(name: str) -> None:
    shipped = (FOLDER / f"{name}.schema.json").read_text("utf-8")
    assert shipped == schema_text(RECORDS[name]), "write it anew: python -m qc.report.schema"
    Draft202012Validator.check_schema(schema(RECORDS[name]))


def test_every_shipped_schema_is_generated() -> None:
    assert {p.name for p in FOLDER.iterdir()} == {f"{name}.schema.json" for name in RECORDS}


@pytest.mark.parametrize("name", RECORDS)
def test_records_only_gain_fields(name: str) -> None:
    found, old = fields(name), promised()[name]
    assert old, "no field of this record is promised"
    broken = {path: (was, found.get(path)) for path, was in old.items() if not _kept(was, found.get(path))}
    assert not broken, "a field of a published record went or changed its meaning"
    new = [f"{name},{path},{types},{present}" for path, (types, present) in found.items() if path not in old]
    assert not new, f"new fields are promised from now on; add to {PROMISED.name}:\n" + "\n".join(new)


def _kept(was: tuple[str, str], now: tuple[str, str] | None) -> bool:
    """Whether a field may be read as before: the same types, or more values of an enumeration, and as often there."""
    if now is None or (was[1] == "always" and now[1] != "always"):
        return False
    before, after = set(was[0].split("|")), set(now[0].split("|"))
    plain = {"string", "integer", "number", "boolean", "object", "array", "null"}
    return before == after or (before < after and not (after - before) & plain)
