"""`qc explain`: every word of a report in plain words, and what stands behind a number."""

from __future__ import annotations

import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import click

from qc.cli import completion, exits
from qc.errors import UsageError
from qc.judge.padding import Padding
from qc.judge.policy import Code, Policy, Rule, load_policy, shipped
from qc.judge.rule import Limit
from qc.measure import MEASURES
from qc.measure.registry import PARTS, Measure
from qc.number_format import spoken
from qc.report.glossary import HEADINGS, glossary, plain_texts

_WIDTH = 100
_SCOPE = {"page": "of a page", "copy": "of a copy", "copies": "between copies"}


@click.command()
@click.argument("name", required=False, metavar="[NAME]", shell_complete=completion.words)
@click.option("--details", is_flag=True, help="Formula, sources and the sentences of the policies, too.")
def explain(name: str | None, details: bool) -> int:
    """What a word of a report means: a verdict, a measure, a rule, a reason, an exit code; all of them without a name.

    \b
    Example:
      qc explain undecided
      qc explain trim-offset-block --details

    Exit code: 0, or 2 for a name that is not known.
    """
    rules = _rules()
    if name is None:
        click.echo("\n".join(_everything(rules)))
        return 0
    texts = list(_details(name, rules) if details else _plain(name, rules))
    if not texts:
        words = [word for room in glossary().values() for word in room]
        known = [*words, *MEASURES, *(rule.id for _, rule in rules), *map(str, exits.MEANINGS)]
        near = ", ".join(dict.fromkeys(get_close_matches(name, known, 3, 0.5)))
        hint = f"The nearest are {near}." if near else "Call `qc explain` for all words."
        raise UsageError(f"{name!r} is no word that qc explains. {hint}")
    click.echo("\n\n".join(texts))
    return 0


def _rules() -> list[tuple[Policy, Rule]]:
    return [(policy, rule) for policy in map(load_policy, shipped()) for rule in policy.rules]


def _codes(name: str) -> dict[Code, list[str]]:
    """Reasons of persons by this name, and the shipped policies that have them so."""
    found: dict[Code, list[str]] = {}
    for policy in map(load_policy, shipped()):
        for code in policy.codes:
            if code.code == name:
                found.setdefault(code, []).append(policy.id)
    return found


def _judging(name: str, rules: list[tuple[Policy, Rule]]) -> list[tuple[Policy, Rule]]:
    return [(policy, rule) for policy, rule in rules if name in (rule.id, rule.measure)]


def _plain(name: str, rules: list[tuple[Policy, Rule]]) -> Iterator[str]:
    found = _judging(name, rules)
    texts = plain_texts(name)
    if not texts and name in MEASURES:
        texts = [("", name, _first_paragraph(MEASURES[name]))]
    if not texts and found:
        rule = found[0][1]
        texts = plain_texts(rule.code or rule.measure)
    for heading, word, text in texts:
        yield _wrapped_text(f"{word}{f' ({heading})' if heading else ''}\n{text}")
    if found:
        yield "\n".join(_limits(found))
    if found or name in MEASURES:
        yield f"Formula, sources and the printer's sentences: qc explain {name} --details"
    for code, policies in _codes(name).items():
        yield _wrapped_text(
            f"{name} (reason of a person, {' and '.join(policies)})\n{code.text} Decides {code.outcome}."
        )
    if name.isdecimal() and int(name) in exits.MEANINGS:
        yield f"Exit code {name}: {exits.MEANINGS[int(name)]}."


def _details(name: str, rules: list[tuple[Policy, Rule]]) -> Iterator[str]:
    if name in MEASURES:
        yield _of_measure(MEASURES[name])
    found = _judging(name, rules)
    for policy, rule in found:
        yield rule_text(policy, rule)
    if name in MEASURES and not found:
        yield "No rule of a shipped policy uses it."
    if name not in MEASURES and not found:
        yield from _plain(name, rules)


def _limits(found: list[tuple[Policy, Rule]]) -> Iterator[str]:
    """A line a rule: what is allowed and what is a defect."""
    yield "Limits"
    for policy, rule in found:
        beyond = f"a defect: {_said(rule.outside, rule.unit)}" if rule.outside else "beyond it a person looks"
        if rule.severity != "defect":
            beyond = "a note, never a defect"
        yield f"  {policy.id:<8}{rule.id}: allowed: {_said(rule.within, rule.unit)}; {beyond}"


_SAID = {"<": "less than {}", "<=": "up to {}", ">": "more than {}", ">=": "{} and more"}


def _said(limit: Limit, unit: str) -> str:
    if unit == "count":
        return "none" if limit.is_upper and not limit.value else _SAID[limit.op].format(f"{limit.value:g}")
    # As the policy prints it: 0.125 in, not the 0.13 of a rounded 3.175 mm.
    size = f"{limit.value:.4g} mm ({limit.inches} in)" if limit.inches else spoken(limit.value, unit)
    return _SAID[limit.op].format(size if limit.value else f"0 {unit}")


def _wrapped_text(text: str) -> str:
    head, _, body = text.partition("\n")
    return f"{head}\n{textwrap.fill(body, _WIDTH, initial_indent='  ', subsequent_indent='  ')}"


def _first_paragraph(measure: Measure[..., Any]) -> str:
    return " ".join((inspect.getdoc(function_at(measure.code)) or measure.name).split("\n\n")[0].split())


def _of_measure(measure: Measure[..., Any]) -> str:
    head = f"Measure {measure.id}: in {measure.unit}, {_SCOPE[measure.scope]}, version {measure.version}"
    codes = [measure.code, *(part.code for part in PARTS if part.of == measure.id)]
    return "\n\n".join([head, *(inspect.getdoc(function_at(code)) or "" for code in codes)])


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
        *([_wrapped("faint", f"below {rule.faint.text}: only a note")] if rule.faint else []),
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
    for room, texts in glossary().items():
        yield from _listed(HEADINGS[room], {word: text.split(". ")[0].rstrip(".") for word, text in texts.items()})
    others = [m for m in MEASURES.values() if m.id not in glossary()["measures"]]
    yield from _listed("Measures of other packages", {m.id: m.name for m in others}) if others else ()
    by_policy: dict[str, list[str]] = {}
    for policy, rule in rules:
        by_policy.setdefault(rule.id, []).append(policy.id)
    yield from _listed("Rules", {rule: f"policy {', '.join(names)}" for rule, names in by_policy.items()})
    yield from _listed("Exit codes", {str(code): meaning for code, meaning in exits.MEANINGS.items()})


def _listed(title: str, entries: Mapping[str, str]) -> Iterator[str]:
    yield title
    for name, meaning in entries.items():
        indent = " " * 30
        yield textwrap.fill(meaning, _WIDTH, initial_indent=f"  {name:<27} ", subsequent_indent=indent)
