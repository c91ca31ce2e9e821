"""JSON schemas of the records, generated from their shapes: `python -m qc.report.schema` writes them anew."""

from __future__ import annotations

import json
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from qc.report import cover_shapes, shapes

FOLDER = Path(__file__).parent / "schemas"
RECORDS: dict[str, type] = {
    "inspection": shapes.Inspection,
    "comparison": shapes.Comparison,
    "plan": shapes.Plan,
    "error": shapes.Error,
    "judged": shapes.Judged,
    "cover-check": cover_shapes.CoverCheck,
}
_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", dict: "object"}


def schema(record: type) -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a record.

    Parameters
    ----------
    record : TypedDict
        A field may be plain, a list or dict, another TypedDict, or a union with None; ``Annotated`` adds keywords.
    """
    definitions: dict[str, Any] = {}
    top = _object(record, definitions)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": top["properties"]["schema"]["const"]}
    return head | {"description": record.__doc__} | top | {"$defs": dict(sorted(definitions.items()))}


def schema_text(record: type) -> str:
    """The schema of a record with a line for each field and each definition."""
    lines = {k: json.dumps(v) for k, v in schema(record).items()}
    for key in ("properties", "$defs"):
        inner = ",\n".join(f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in json.loads(lines[key]).items())
        lines[key] = "{\n" + inner + "\n  }" if inner else "{}"
    return "{\n" + ",\n".join(f"  {json.dumps(k)}: {v}" for k, v in lines.items()) + "\n}\n"


def _object(record: type, definitions: dict[str, Any]) -> dict[str, Any]:
    fields = get_type_hints(record, include_extras=True)
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, kind in fields.items() if get_origin(kind) is not NotRequired],
        "properties": {name: _type(kind, definitions) for name, kind in fields.items()},
        **shapes.ON_OBJECTS.get(record.__name__, {}),
    }


def _type(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is NotRequired:
        return _type(arguments[0], definitions)
    if origin is Annotated:
        found = _type(arguments[0], definitions)
        for says in kind.__metadata__:
            found |= says.keywords
        if "const" in found or "enum" in found:
            del found["type"]
        return found
    if origin in (Union, UnionType):
        (inner,) = (a for a in arguments if a is not type(None))
        found = _type(inner, definitions)
        if "$ref" in found:
            return {"anyOf": [found, {"type": "null"}]}
        return found | ({"enum": [*found["enum"], None]} if "enum" in found else {"type": [found["type"], "null"]})
    if origin is list:
        return {"type": "array", "items": _type(arguments[0], definitions)}
    if origin is dict:
        return {"type": "object"} | (
            {} if arguments[1] is Any else {"additionalProperties": _type(arguments[1], definitions)}
        )
    if is_typeddict(kind):
        definitions[kind.__name__] = _object(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    return {"type": _PLAIN[kind]}


def write_schemas() -> None:
    """Write the schema files that the package ships."""
    for name, record in RECORDS.items():
        (FOLDER / f"{name}.schema.json").write_text(schema_text(record), "utf-8")


if __name__ == "__main__":
    write_schemas()
