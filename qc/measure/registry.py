"""Measures register themselves here: what each is called, what it needs, and the function that observes.

Importing `qc.measure` fills `MEASURES` and loads no image library: measures import those where they use them, so that judging,
policies and exports need not wait for them. Ids are permanent. A changed threshold or formula raises the version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import update_wrapper
from types import MappingProxyType
from typing import Any, Generic, Literal, ParamSpec, TypeVar

from qc.measure.words import Said
from qc.model import Detail, Evidence, Observation, Where

P = ParamSpec("P")
R = TypeVar("R")

Scope = Literal["page", "copy", "copies"]
Subject = Literal["cut", "sequence", "tone", "reading", "copies", "cover", ""]
Seen = Observation | Iterable[Observation] | None
Sentence = Callable[[Observation, Said], str]
MEASURES: dict[str, Measure[..., Any]] = {}
"""Every measure by its id."""


class Measured(Generic[P, R]):
    """A function that observes, and how the pipeline calls it; called, it computes.

    Attributes
    ----------
    function, adapter : callable
        The adapter calls the function with what it takes from a context; without one the function takes the context itself.
    given : {"page", "copy", "copies"}
        Which context.
    code : str
        ``module:function``, of the docstring that explains it.
    """

    def __init__(self, function: Callable[P, R], given: Scope) -> None:
        update_wrapper(self, function)
        self.function, self.given = function, given
        self.code = f"{function.__module__}:{function.__name__}"
        self.adapter: Callable[..., Seen] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def on_page(self, adapter: Callable[..., Seen]) -> Callable[..., Seen]:
        """Decorator: how the pipeline calls the measure for each page."""
        self.adapter, self.given = adapter, "page"
        return adapter

    def on_copy(self, adapter: Callable[..., Seen]) -> Callable[..., Seen]:
        """Decorator: how the pipeline calls the measure for a copy; it may observe single pages all the same."""
        self.adapter, self.given = adapter, "copy"
        return adapter

    def on_copies(self, adapter: Callable[..., Seen]) -> Callable[..., Seen]:
        """Decorator: how copies of one title are held against each other; it may observe single pages and copies all the same."""
        self.adapter, self.given = adapter, "copies"
        return adapter


class Measure(Measured[P, R]):
    """A measure: what it is, and the function that observes it.

    Attributes
    ----------
    id, unit : str
    scope : {"page", "copy", "copies"}
        What it is observed of.
    version : int
        Raised where a threshold or formula changes.
    name : str
        As a noun in a sentence: ``"squareness of the cut"``.
    codes : mapping of str to str
        Such a name for each code by which a rule may choose among its observations.
    needs : tuple of str
        Ids of measures that are observed before.
    subject : str
        What it rests on: the place of cuts against the ordered trim, the sequence of pages, tone and color, a reading, the cover.
    content : bool
        Whether it compares the content of the copy with the ordered file, which a copy of an older file does not have.
    by_edge : bool
        Whether it is observed edge by edge, so that a rule may name edges.
    signed : bool
        Whether the sign of a length says a direction.
    """

    def __init__(self, function: Callable[P, R], id: str, unit: str, scope: Scope, version: int, **about: Any) -> None:
        super().__init__(function, scope)
        self.id, self.unit, self.scope, self.version = id, unit, scope, version
        self.name: str = about["name"]
        self.codes: Mapping[str, str] = about["codes"]
        self.needs: tuple[str, ...] = about["needs"]
        self.subject: Subject = about["subject"]
        self.content: bool = about["content"]
        self.by_edge: bool = about["by_edge"]
        self.signed: bool = about["signed"]
        self.says_where = False
        self._sentence: Sentence | None = None
        self.reviser: Callable[..., Iterable[Observation]] | None = None

    def observe(
        self,
        value: float | None,
        u: float | None = None,
        where: Where | None = None,
        flags: tuple[str, ...] = (),
        detail: Detail | Mapping[str, Any] | None = None,
        evidence: tuple[Evidence, ...] = (),
    ) -> Observation:
        """An observation of this measure; a missing value needs a flag that says why."""
        if value is None and not flags:
            raise ValueError(f"{self.id}: a value that could not be measured needs a flag that says why")
        known = detail.to_json() if isinstance(detail, Detail) else detail or {}
        return Observation(
            self.id, self.version, where or Where(), value, self.unit, u, tuple(map(str, flags)), known, evidence
        )

    def revises(self, revise: Callable[..., Iterable[Observation]]) -> Callable[..., Iterable[Observation]]:
        """Decorator: what the measure makes of all observations of a copy, once they are made: doubts that it casts on others."""
        self.reviser = revise
        return revise

    def sentence(self, write: Sentence) -> Sentence:
        """Decorator: a value in words, from an observation and how it is `Said`; no period, without its place."""
        self._sentence = write
        return write

    def full_sentence(self, write: Sentence) -> Sentence:
        """As `sentence`, with the place."""
        self.says_where = True
        return self.sentence(write)

    def say(self, observation: Observation, said: Said) -> str:
        """The value of an observation in words."""
        if self._sentence is not None:
            return self._sentence(observation, said)
        if self.unit == "count":
            return f"{observation.value or 0.0:.0f} {self.name}"
        return f"The {self.name} is {said.size}"

    def named(self, code: str | None) -> str:
        """What is measured, as a noun; narrower where a rule chooses by `code`."""
        return self.codes.get(code or "", self.name)


class Part(Measured[P, R]):
    """A further function that observes the measure `of`; called, it computes."""

    def __init__(self, function: Callable[P, R], of: str) -> None:
        super().__init__(function, "copy")
        self.of = of

    def observe(self, *args: Any, **kwargs: Any) -> Observation:
        """As `Measure.observe`."""
        return MEASURES[self.of].observe(*args, **kwargs)


def measure(
    id: str,
    unit: str,
    scope: Scope,
    version: int,
    *,
    name: str,
    codes: Mapping[str, str] = MappingProxyType({}),
    needs: tuple[str, ...] = (),
    subject: Subject = "",
    content: bool = False,
    by_edge: bool = False,
    signed: bool = True,
) -> Callable[[Callable[P, R]], Measure[P, R]]:
    """Decorator that registers a measure; what is stated is described at `Measure`.

    The function is called with the context of its scope, unless `on_page`, `on_copy` or `on_copies` says how.

    Raises
    ------
    ValueError
        The id is taken.
    """

    def register(function: Callable[P, R]) -> Measure[P, R]:
        if id in MEASURES and MEASURES[id].code != f"{function.__module__}:{function.__name__}":
            raise ValueError(f"{function.__module__}: the measure {id} is there already, in {MEASURES[id].code}")
        about = {
            "name": name,
            "codes": codes,
            "needs": needs,
            "subject": subject,
            "content": content,
            "by_edge": by_edge,
            "signed": signed,
        }
        made = Measure(function, id, unit, scope, version, **about)
        MEASURES[id] = made
        return made

    return register


def part(of: str) -> Callable[[Callable[P, R]], Part[P, R]]:
    """Decorator that registers a further function of the measure `of`."""

    def register(function: Callable[P, R]) -> Part[P, R]:
        made = Part(function, of)
        PARTS.append(made)
        return made

    return register


PARTS: list[Part[..., Any]] = []


def in_order() -> list[Measure[..., Any]]:
    """The measures of pages, those of copies, then those between copies, each after those that it needs.

    Raises
    ------
    ValueError
        A measure needs one that is not there, or itself.
    """
    done: dict[str, Measure[..., Any]] = {}

    def add(name: str, of: tuple[str, ...]) -> None:
        if name not in MEASURES or name in of:
            raise ValueError(f"the measure {of[-1]} needs {name}, which {'needs it' if name in of else 'is not there'}")
        for need in MEASURES[name].needs:
            add(need, (*of, name))
        done.setdefault(name, MEASURES[name])

    for scope in ("page", "copy", "copies"):
        for measure in MEASURES.values():
            if measure.scope == scope:
                add(measure.id, ())
    return list(done.values())
