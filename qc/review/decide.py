"""Decisions that the review page asks for: checked, made by the same function as `qc decide`, and taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from qc.batch import deciding
from qc.batch.standing import Overtaken
from qc.batch.store import Store
from qc.errors import QcError, UsageError
from qc.model import VerdictOutcome
from qc.report.words import one_line
from qc.review.queue import Item, Queue

Change = Callable[[Store, Queue, Any], dict[str, Any]]
"""`take` or `take_back`."""
MOST_LETTERS = 500
"""Of a line that a person writes."""


def take(store: Store, queue: Queue, asked: Any) -> dict[str, Any]:
    """Decide of the copies that were asked for; of each, what was done or why it was refused.

    Parameters
    ----------
    store : Store
    queue : Queue
        As it stands now.
    asked : mapping
        `by`, `outcome`, `code`, `reason`, and `copies`: of each its id, the inspection that was looked at and the decision that
        stood on it then, 0 for none.

    Raises
    ------
    UsageError
        It is not asked as the page asks.
    """
    person, reason, code = _text(asked, "by"), _text(asked, "reason"), _text(asked, "code")
    if not person:
        raise UsageError("Who decides? Give a name: others read it later.")
    outcome = _text(asked, "outcome")
    if outcome not in list(VerdictOutcome):
        raise UsageError(f"{outcome!r} is no outcome of a decision.")

    def decide(item: Item) -> dict[str, Any]:
        entry = deciding.latest(store, item.copy)
        made = deciding.decide(store, entry, VerdictOutcome(outcome), person, reason, code or None, seen=item.seen)
        return {"copy": item.copy, "decision": made.number, "ticket": made.ticket, "note": made.remark}

    return _each(queue, asked, decide)


def take_back(store: Store, queue: Queue, asked: Any) -> dict[str, Any]:
    """Withdraw the decisions that stand on the copies that were asked for; of each, what was done or why it was refused."""
    person = _text(asked, "by")
    if not person:
        raise UsageError("Who takes it back? Give a name.")

    def undo(item: Item) -> dict[str, Any]:
        return {"copy": item.copy, "note": deciding.withdraw(store, item.copy, person, seen=item.seen)}

    return _each(queue, asked, undo)


def _each(queue: Queue, asked: Any, act: Callable[[Item], dict[str, Any]]) -> dict[str, Any]:
    done, refused = [], []
    for looked_at in _copies(asked):
        name, seen = str(looked_at.get("copy")), looked_at.get("seen")
        try:
            item = queue.get(name)
            if item is None or not isinstance(seen, int):
                raise UsageError(f"The store holds no copy {name}.")
            if looked_at.get("inspection") != item.inspection:
                raise Overtaken(f"{name} was inspected again meanwhile. Look at it again: nothing was decided.")
            done.append(act(replace(item, seen=seen)))
        except QcError as fault:
            refused.append({"copy": name, "why": one_line(str(fault))})
    return {"done": done, "refused": refused}


def _copies(asked: Any) -> list[Mapping[str, Any]]:
    copies = asked.get("copies") if isinstance(asked, dict) else None
    if not isinstance(copies, list) or not copies or not all(isinstance(c, dict) for c in copies):
        raise UsageError("Name the copies that are decided of.")
    return copies


def _text(asked: Any, name: str) -> str:
    value = asked.get(name) or "" if isinstance(asked, dict) else ""
    if not isinstance(value, str) or len(value) > MOST_LETTERS:
        raise UsageError(f"{name} is no line of at most {MOST_LETTERS} letters.")
    return one_line(value).strip()
