"""Lossless JSON serialization of frozen dataclasses; the record, in contrast, is rounded."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from datetime import date
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

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
    return cast(T, _decode(kind, value))


def _decode(kind: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        (kind,) = (a for a in arguments if a is not type(None))
        return _decode(kind, value)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return tuple(_decode(arguments[0], v) for v in value)
        return tuple(_decode(a, v) for a, v in zip(arguments, value, strict=True))
    if dataclasses.is_dataclass(kind):
        known = _fields(cast(type, kind))
        return cast(type, kind)(**{name: _decode(known[name], v) for name, v in value.items() if name in known})
    if kind is date:
        return date.fromisoformat(value)
    if isinstance(kind, type) and issubclass(kind, Enum | Path):
        return kind(value)
    if kind is float and type(value) in (int, float):
        return float(value)
    if kind in (str, int, bool, float) and type(value) is not kind:
        raise TypeError(f"{value!r:.60} is no {kind.__name__}")
    return value


@cache
def _fields(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {f.name: hints[f.name] for f in dataclasses.fields(kind)}
