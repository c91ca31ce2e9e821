"""What a measure knows beyond the number: the same after writing, and read from what older versions wrote."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, dataclass

import pytest

from qc.measure import MEASURES
from qc.measure.readings import PrintDateDetail
from qc.measure.trim_offset_block import SidesTaken
from qc.model import Detail, Observation

MEASURE = MEASURES["print-date"]


@dataclass(frozen=True, kw_only=True)
class Found(Detail):
    """A value that may be null, one that may not be there, and one with a default."""

    depth: float | None
    channel: str | None = None
    pages: int = 0


def stored(observation: Observation) -> Observation:
    return MEASURE.observe(1.0, detail=json.loads(json.dumps(observation.detail)))


@pytest.mark.parametrize(
    "detail, written",
    [
        (Found(depth=None), {"depth": None, "pages": 0}),
        (Found(depth=0.0, channel="", code="band"), {"code": "band", "depth": 0.0, "channel": "", "pages": 0}),
    ],
)
def test_it_is_written_by_name_and_read_back(detail: Found, written: dict[str, object]) -> None:
    seen = MEASURE.observe(1.0, detail=detail)
    assert seen.detail == written
    assert Found.of(seen) == Found.of(stored(seen)) == detail


def test_older_and_newer_records_are_read() -> None:
    assert Found.read({}) == Found(depth=None)
    assert Found.read({"depth": 1.5, "unheard-of": 2}) == Found(depth=1.5)
    assert SidesTaken.read({"proof": "widths"}).odd_pages == ()


def test_a_measure_of_ones_own_may_give_a_mapping() -> None:
    seen = MEASURE.observe(1.0, detail={"code": "spot", "mine": [1]})
    assert seen.detail == {"code": "spot", "mine": [1]} and Detail.of(seen).code == "spot"
    assert MEASURE.observe(1.0).detail == {}


def test_it_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Found(depth=1.0).pages = 2  # type: ignore[misc]


def test_every_one_can_be_read_from_a_record_that_has_nothing_of_it() -> None:
    def below(kind: type[Detail]) -> list[type[Detail]]:
        return [kind] + [d for k in kind.__subclasses__() for d in below(k)]

    assert PrintDateDetail in below(Detail)
    for kind in below(Detail):
        assert kind.read(kind.read({}).to_json()) == kind.read({})
