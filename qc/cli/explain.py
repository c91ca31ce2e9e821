"""`qc explain`: measures, rules, flags and exit codes in plain words."""

from __future__ import annotations

import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import click

from qc.cli import exits
from qc.errors import UsageError
from qc.flags import Flag
from qc.judge.padding import Padding
from qc.judge.policy import Policy, Rule, load_policy, shipped
from qc.measure import MEASURES
from qc.measure.registry import PARTS, Measure

_WIDTH = 100
_SCOPE = {"page": "of a page", "copy": "of a copy", "copies": "between copies"}


@click.command()
@click.argument("name", required=False, metavar="[MEASURE|RULE|FLAG|EXIT-CODE]")
def explain(name: str | None) -> int:
    """What a measure, a rule of a shipped policy, a flag or an exit code means; all of them without a name.

    \b
    Example:
      qc explain trim-offset-block

    Exit code: 0, or 2 for a name that is not known.
    """
    rules = _rules()
    if name is None:
        click.echo("\n".join(_everything(rules)))
        return 0
    texts = list(_texts(name, rules))
    if not texts:
        known = [*MEASURES, *(rule.id for _, rule in rules), *Flag, *map(str, exits.MEANINGS)]
        near = ", ".join(dict.fromkeys(get_close_matches(name, map(str, known), 3, 0.5)))
        hint = f"The nearest names are {near}." if near else "Call `qc explain` for all names."
        raise UsageError(f"{name!r} is no measure, rule, flag or exit code. {hint}")
    click.echo("\n\n".join(texts))
    return 0


def _rules() -> list[tuple[Policy, Rule]]:
    return [(policy, rule) for policy in map(load_policy, shipped()) for rule in policy.rules]


def _texts(name: str, rules: list[tuple[Policy, Rule]]) -> Iterator[str]:
    if name in MEASURES:
        yield _of_measure(MEASURES[name])
    found = [(policy, rule) for policy, rule in rules if name in (rule.id, rule.measure)]
    for policy, rule in found:
        yield rule_text(policy, rule)
    if name in MEASURES and not found:
        yield "No rule of a shipped policy uses it."
    for flag in Flag:
        if name == flag:
            yield f"Flag {flag}: {flag.meaning}."
    if name.isdecimal() and int(name) in exits.MEANINGS:
        yield f"Exit code {name}: {exits.MEANINGS[int(name)]}."


def _of_measure(measure: Measure[..., Any]) -> str:
    head = f"Measure {measure.id}: in {measure.unit}, {_SCOPE[measure.scope]}, version {measure.version}"
    return "\n\n".join(
        [
            head,
            *(
                inspect.getdoc(function_at(code)) or ""
                for code in (measure.code, *(p.code for p in PARTS if p.of == measure.id))
            ),
        ]
    )


def function_at(code: str) -> Callable[..., object]:
    """The function ``module:function``."""
    module, _, name = code.partition(":")
    function: Callable[..., object] = getattr(importlib.import_module(module), name)
    return function


def rule_text(policy: Policy, rule: Rule) -> str:
    """A rule in lines: what it judges, its limits, its sentence, where that stands and why the limit is there."""
    judged = ("|value|" if rule.magnitude else "value") + (f" at the {', '.join(rule.edges)}" if rule.edges else "")
    kind = f"{rule.severity}, required" if rule.required else rule.severity
    lines = [
        f"Rule {rule.id} of policy {policy.id} {policy.version} ({kind}): {rule.measure}, {judged}",
        f"  within   {_limit(rule.within.text, rule.within_text)}",
        f"  outside  {_limit(rule.outside.text, rule.outside_text) if rule.outside else 'never'}",
        *([_wrapped("doubt", f"{', '.join(rule.doubt)}: with one of these a person looks")] if rule.doubt else []),
        _wrapped("clause", rule.cited),
        _wrapped("source", rule.standing),
    ]
    return "\n".join(lines + [_wrapped("reason", rule.reason)] * bool(rule.reason))


def padding_text(padding: Padding) -> str:
    """What a printer may add at the end of a book, in lines: the numbers, their sentence, its source and the reason."""
    sheets = " or ".join(map(str, padding.sheets))
    lines = [
        "Padding at the end of a book",
        f"  count    rounded up to a multiple of {padding.round_to}, filled up to full sheets of {sheets} pages",
        f"  imprint  on up to {padding.imprint_pages} pages of its own",
        f"  file     ends with up to {padding.ordered_blanks} blank pages",
        _wrapped("clause", padding.cited),
        _wrapped("source", padding.standing),
        _wrapped("reason", padding.reason),
    ]
    return "\n".join(lines)


def _limit(written: str, in_unit: str) -> str:
    return written if written == in_unit else f"{written}, which is {in_unit}"


def _wrapped(label: str, text: str) -> str:
    return textwrap.fill(" ".join(text.split()), _WIDTH, initial_indent=f"  {label:<9}", subsequent_indent=" " * 11)


def _everything(rules: list[tuple[Policy, Rule]]) -> Iterator[str]:
    yield from _listed("Measures", {m.id: f"{m.unit}, {_SCOPE[m.scope]}" for m in MEASURES.values()})
    by_policy: dict[str, str] = {}
    for policy, rule in rules:
        by_policy[rule.id] = f"{by_policy[rule.id]}, {policy.id}" if rule.id in by_policy else f"policy {policy.id}"
    yield from _listed("Rules", by_policy)
    yield from _listed("Flags", {str(flag): flag.meaning for flag in Flag})
    yield from _listed("Exit codes", {str(code): meaning for code, meaning in exits.MEANINGS.items()})


def _listed(title: str, entries: Mapping[str, str]) -> Iterator[str]:
    yield title
    for name, meaning in entries.items():
        yield f"  {name:<28}{meaning}"
