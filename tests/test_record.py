"""The JSON record holds to its schema, and to what the schema cannot say."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspection_example import example, sound, unseen
from jsonschema import Draft202012Validator, ValidationError

from qc.errors import OutputError
from qc.geometry import Edge
from qc.model import Inspection, Observation, Where
from qc.report.record import comparison_record, error_record, record, to_json, write_json


def validator(name: str) -> Draft202012Validator:
    schema = json.loads(resources.files("qc.report").joinpath(f"schemas/{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def with_value(value: float, **changes: Any) -> Observation:
    return replace(Observation("trim-offset", 1, Where(page=1, edge=Edge.HEAD), value, "mm", 0.02), **changes)


@pytest.mark.parametrize("inspection", [example(), sound(), unseen()], ids=["defect", "no-defect", "no-evidence"])
def test_record_holds_to_schema_and_survives_json(inspection: Inspection) -> None:
    made = record(inspection)
    validator("inspection").validate(made)
    assert json.loads(to_json(made)) == made


def test_keys_and_their_order_are_the_promised_ones() -> None:
    made = record(example())
    assert list(made) == [
        "schema", "copy", "reference", "policy", "verdict", "refund", "findings", "observations", "pages", "provenance",
    ]  # fmt: skip
    assert list(made["findings"][0]) == [
        "rule", "outcome", "severity", "measure", "value", "unit", "u", "within", "outside", "magnitude", "where",
        "margin", "code", "message", "clause", "source", "evidence", "flags", "doubt", "verbatim", "salience",
    ]  # fmt: skip
    assert made["copy"] == {"id": "RMA-10482", "path": "/inbox/RMA-10482", "pages": 24}
    assert made["verdict"]["rescan"] == [
        {
            "file": "p-0017.jpg",
            "reference_page": 17,
            "role": None,
            "how": "",
            "why": "the file ends before the image does",
            "group": 1,
            "need": 1,
        }
    ]
    fore_edge = next(f for f in made["findings"] if f["outcome"] == "outside")
    assert (fore_edge["value"], fore_edge["u"], fore_edge["margin"]) == (-3.62, 0.03, -0.42)
    assert fore_edge["where"] == {"page": None, "edge": "fore-edge"}


@pytest.mark.parametrize(
    "path",
    [(), ("copy",), ("verdict",), ("findings", 0), ("findings", 0, "where"), ("observations", 0), ("pages", 0)],
    ids=str,
)
def test_schema_refuses_a_key_nobody_promised(path: tuple[Any, ...]) -> None:
    made: Any = record(example())
    place = made
    for step in path:
        place = place[step]
    place["surprise"] = 1
    with pytest.raises(ValidationError, match="surprise"):
        validator("inspection").validate(made)


def test_schema_refuses_a_missing_value_without_a_reason() -> None:
    made = record(unseen())
    validator("inspection").validate(made)
    made["observations"][0]["flags"] = []
    with pytest.raises(ValidationError):
        validator("inspection").validate(made)


def test_schema_refuses_a_judgment_without_a_value() -> None:
    made = record(unseen())
    made["findings"][0]["outcome"] = "within"
    with pytest.raises(ValidationError):
        validator("inspection").validate(made)


def test_where_names_axis_and_copies_only_when_set() -> None:
    made = comparison_record(
        ["A", "B"],
        [
            with_value(0.1, measure="copy-position-difference", where=Where(page=3, copies=("A", "B"))),
            with_value(1.0, measure="copy-color-outlier", unit="dE00", where=Where(copy="B")),
            with_value(0.2, where=Where(axis="height")),
        ],
        example().findings,
    )
    validator("comparison").validate(made)
    assert [o["where"] for o in made["observations"]] == [
        {"page": 3, "edge": None, "copies": ["A", "B"]},
        {"page": None, "edge": None, "copy": "B"},
        {"page": None, "edge": None, "axis": "height"},
    ]


def test_numbers_are_plain_finite_and_sensibly_rounded() -> None:
    detail = {
        "zero": -0.0,
        "nan": math.nan,
        "array": np.array([[1.23456789, np.inf]]),
        "count": np.int64(3),
        "yes": np.bool_(True),
        "tuple": (1, 2.0),
        "edge": Edge.TAIL,
    }
    observed = [with_value(-0.00001, u=0.0212345, detail=detail), with_value(2.0, unit="count", u=None)]
    first, second = record(replace(example(), observations=tuple(observed)))["observations"]
    assert math.copysign(1, first["value"]) == 1
    assert first["value"] == 0
    assert first["u"] == 0.0212
    assert first["detail"] == {
        "zero": 0.0,
        "nan": None,
        "array": [[1.23457, None]],
        "count": 3,
        "yes": True,
        "tuple": [1, 2.0],
        "edge": "tail",
    }
    assert "-0.0" not in to_json(first)
    assert json.dumps(second["value"]) == "2"


def test_boxes_are_given_to_a_tenth_of_a_pixel() -> None:
    box = record(example())["findings"][0]["evidence"][0]["box_px"]
    assert len(box) == 4
    assert all(v == round(v, 1) for v in box)


def test_file_name_with_broken_bytes_can_be_printed_and_read_back(tmp_path: Path) -> None:
    made = error_record("RMA-1", 3, "scan p\udcff.jpg cannot be read")
    assert list(made) == ["schema", "copy", "exit", "message"]
    to_json(made).encode("utf-8")
    assert "\n" not in to_json(made)
    write_json(made, tmp_path / "deep" / "er" / "inspection.json")
    assert json.loads((tmp_path / "deep" / "er" / "inspection.json").read_text("utf-8")) == made


def test_older_result_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "inspection.json"
    path.write_text("old")
    write_json(record(example()), path)
    assert json.loads(path.read_text("utf-8"))["schema"] == "qc.inspection/1"
    assert [p.name for p in tmp_path.iterdir()] == ["inspection.json"]


def test_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="--out"):
        write_json({}, tmp_path / "file" / "inspection.json")
