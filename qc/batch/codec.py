"""Lossless JSON serialization of frozen dataclasses; the record, in contrast, is rounded."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date
from enum import Enum
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

T = TypeVar("T")


def encode(value: Any) -> Any:
    """`value` as JSON values.

    Parameters
    ----------
    value
        A dataclass, or what may stand in one: numbers (NumPy's too), texts, enums, dates, paths, and mappings and
        sequences of these.

    Returns
    -------
    dict, list, str, float, int, bool or None
        Floats keep every bit; one that is not finite becomes None.

    Notes
    -----
    Fields that take no part in comparison (thumbnails, page maps) are left out: they can be made again from the scans.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value) if f.compare}
    if isinstance(value, Mapping):
        return {str(k): encode(v) for k, v in value.items()}
    if isinstance(value, Enum):
        return encode(value.value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "tolist"):
        return encode(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [encode(v) for v in value]
    return value


def decode(kind: type[T], value: Any) -> T:
    """What `encode` was given, of type `kind`; a field that was not known then gets its default.

    Notes
    -----
    Where the type is not stated (``Any``) JSON values stay what they are: a tuple comes back as a list, a date as text.
    """
    return cast(T, _reader(cast(Any, kind))(value))


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """What reads a value of type `kind`; made once, because a store holds millions."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        (inner,) = (a for a in arguments if a is not type(None))
        read = _reader(inner)
        return lambda value: None if value is None else read(value)
    if origin is tuple and arguments[-1] is Ellipsis:
        read = _reader(arguments[0])
        return lambda value: tuple([read(v) for v in value])
    if origin is tuple:
        parts = [_reader(a) for a in arguments]
        return lambda value: tuple(part(v) for part, v in zip(parts, value, strict=True))
    if origin is np.ndarray:
        return np.array
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        fields = {f.name: _reader(hints[f.name]) for f in dataclasses.fields(kind)}
        return lambda value: cast(type, kind)(**{n: fields[n](v) for n, v in value.items() if n in fields})
    if kind is date:
        return date.fromisoformat
    if isinstance(kind, type) and issubclass(kind, Enum | Path):
        return kind
    if kind in (str, int, bool, float):
        return partial(_plain, kind)
    return lambda value: value


def _plain(kind: type, value: Any) -> Any:
    if type(value) is kind:
        return value
    if kind is float and type(value) is int:
        return float(value)
    raise TypeError(f"{value!r:.60} is no {kind.__name__}")
