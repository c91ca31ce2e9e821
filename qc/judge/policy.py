"""A policy: limits as the printer prints them, each with its source sentence. Data, read from TOML and checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

from qc.errors import UsageError, shown
from qc.flags import Flag
from qc.geometry import Edge
from qc.judge.clause import Clause
from qc.judge.faint import read_faint
from qc.judge.padding import Padding
from qc.judge.proposal import Change, Proposal
from qc.judge.rule import Limit as Limit
from qc.judge.rule import Rule as Rule
from qc.judge.rule import read_limit
from qc.measure import MEASURES
from qc.model import PolicyId, VerdictOutcome
from qc.scan.strict_toml import (
    Check,
    NotToml,
    any_table,
    checked,
    choice,
    day,
    nearest,
    parse,
    read_bytes,
    text,
    truth,
    value_of,
    whole,
)

REFUND_CODES = (
    "wrong-item",
    "defect",
    "lost",
    "damaged",
    "claim-window",
    "expected-variance",
    "stale-revision",
    "none-found",
    "needs-review",
    "insufficient-evidence",
)
UNITS = ("mm", "in", "deg", "count", "dE00", "density", "fraction")
SEVERITIES = ("defect", "note")

_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True)
class Code:
    """A reason that persons decide for: short, in words, and the outcome that it stands for."""

    code: str
    text: str
    outcome: VerdictOutcome


@dataclass(frozen=True)
class Policy:
    """A checked policy file; `clauses` are the sentences of the refund routes by code, `expected` those of no rule, `codes` the
    reasons of persons.

    `padding` is what the printer adds at the end of a book, None where the file does not say. `toml` is the text of the
    file, which `sha256` is the hash of. `proposal` says who argues for it, where it is not in force yet.
    """

    id: str
    version: str
    k: float
    claim_days: int
    rules: tuple[Rule, ...]
    clauses: Mapping[str, Clause]
    expected: tuple[Clause, ...]
    sha256: str
    path: Path
    padding: Padding | None = None
    toml: str = field(default="", repr=False)
    proposal: Proposal | None = None
    codes: tuple[Code, ...] = ()

    @property
    def identity(self) -> PolicyId:
        return PolicyId(self.id, self.version, self.sha256)

    def rule(self, rule_id: str) -> Rule:
        return next(r for r in self.rules if r.id == rule_id)

    def sentence(self, code: str) -> Clause:
        """The sentence for a refund code; a policy file without one is named as the source of the silence."""
        return self.clauses.get(code, Clause(f"Policy {self.id} states no sentence for {code}.", str(self.path)))


def shipped() -> list[str]:
    """Names of the policies that come with the package."""
    return sorted(f.name[:-5] for f in _folder().iterdir() if f.name.endswith(".toml"))


def load_policy(name_or_path: str = "kdp") -> Policy:
    """The policy of a shipped name or of a TOML file.

    Parameters
    ----------
    name_or_path : str
        A name of `shipped()`, which wins, or a path.

    Returns
    -------
    Policy
        Limits in the unit of their measure (lengths in mm); `sha256` is that of the file.

    Raises
    ------
    UsageError
        The file is missing, no TOML, or wrong in a key; the sentence names file, rule, key and what is allowed.
    """
    path = _folder() / f"{name_or_path}.toml" if name_or_path in shipped() else Path(name_or_path)
    try:
        data = read_bytes(path)
    except OSError as error:
        names = ", ".join(shipped())
        raise UsageError(
            f"policy {name_or_path!r} is neither a shipped policy ({names}) nor a readable file "
            f"({error.strerror}){nearest(name_or_path, shipped())}. Give a name or the path of a policy file."
        ) from None
    return parse_policy(data, path)


def parse_policy(data: bytes, path: Path) -> Policy:
    """The policy that the bytes of a file at `path` say; raises `UsageError` as `load_policy` does."""
    try:
        table = parse(data)
    except NotToml as error:
        raise UsageError(f"policy {path} is not valid TOML: {error}. Correct the file.") from None
    return replace(_policy(table, path, hashlib.sha256(data).hexdigest()), toml=data.decode())


def _folder() -> Path:
    return Path(str(resources.files("qc.judge") / "policies"))


def _limit(measure: str) -> Check:
    unit = MEASURES[measure].unit
    units = "mm or in" if unit == "mm" else unit

    def check(value: object) -> Limit:
        form = f"write one of < <= > >=, a number or fraction and a unit, {units} for {measure}, like '< 1 {unit}'"
        try:
            stated = read_limit(text(value))
        except ValueError:
            stated = None
        if stated is None:
            raise ValueError(form)
        limit, found = stated
        if found != unit and not (unit == "mm" and found == "in"):
            known = "" if found in UNITS else f" ({found} is none of the units {' '.join(UNITS)})"
            raise ValueError(f"write the unit of {measure}, which is {units}{known}")
        return limit

    return check


def _fail(where: str, key: str, value: object, instead: str) -> NoReturn:
    raise UsageError(f"{where}: {key} is {shown(repr(value))}; {instead}.")


def _schema(value: object) -> int:
    if type(value) is not int or value != 1:
        raise ValueError("write 1, the only schema this version reads")
    return value


def _version(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise ValueError('write a text such as "2026.1"')
    return str(value)


def _k(value: object) -> float:
    if type(value) not in (int, float) or not 0 < value < float("inf"):  # type: ignore[operator]
        raise ValueError("write a number above 0, usually 2")
    return float(value)  # type: ignore[arg-type]


def _code(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
        raise ValueError('write small letters, digits and hyphens, such as "scanner-artifact"')
    return value


def _sheets(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not value or not all(type(n) is int and n > 0 and n % 2 == 0 for n in value):
        raise ValueError("write a list of even numbers of pages, such as [4, 6]")
    return tuple(value)


def _list_of(known: Sequence[str], what: str, least: int = 0) -> Check:
    def check(value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) < least or any(n not in known for n in value):
            near = "".join(nearest(str(n), known) for n in value if n not in known) if isinstance(value, list) else ""
            raise ValueError(f"write a list of {what}{near}")
        return tuple(value)

    return check


def _tables(name: str, least: int = 1) -> Check:
    def check(value: object) -> list[Any]:
        if not isinstance(value, list) or len(value) < least:
            raise ValueError(f"write one or more [[{name}]] tables")
        return value

    return check


_CLAUSE: Mapping[str, Check] = {"clause": text, "source": text, "verbatim": truth, "read_on": day}
_CLAUSE_REQUIRED = ("clause", "source")
_PADDING: Mapping[str, Check] = {
    "round_to": whole(1),
    "sheets": _sheets,
    "imprint_pages": whole(0),
    "ordered_blanks": whole(0),
    "reason": text,
    **_CLAUSE,
}
_RULE: Mapping[str, Check] = {
    "id": text,
    "measure": text,
    "within": text,
    "severity": choice(*SEVERITIES),
    **_CLAUSE,
    "outside": text,
    "magnitude": truth,
    "required": truth,
    "reason": text,
    "edges": _list_of([str(e) for e in Edge], ", ".join(Edge), 1),
    "spine": choice("bench", "printer"),
    "code": text,
    "notable": text,
    "doubt": _list_of([str(f) for f in Flag], "flags, which `qc explain` lists"),
    "faint": read_faint,
}
_RULE_REQUIRED = ("id", "measure", "within", "severity", "source", "clause")
_PROPOSAL: Mapping[str, Check] = {
    **dict.fromkeys(("base", "base_version", "base_sha256", "author", "reason"), text),
    **dict.fromkeys(("made", "data_from", "data_to"), day),
    **dict.fromkeys(("copies", "titles", "verdicts_changed"), whole(0)),
    "change": _tables("proposal.change"),
    "evidence": text,
}
_CHANGE: Mapping[str, Check] = {
    "rule": text,
    "limit": choice("outside", "within"),
    "was": text,
    "now": text,
    "interval": lambda value: value,
}
_CODE: Mapping[str, Check] = {"code": _code, "text": text, "outcome": choice(*(str(o) for o in VerdictOutcome))}
_POLICY: Mapping[str, Check] = {
    "schema": _schema,
    "id": text,
    "version": _version,
    "k": _k,
    "claim_days": whole(1),
    "rule": _tables("rule"),
    "padding": any_table,
    "clauses": any_table,
    "expected": _tables("expected", 0),
    "codes": _tables("codes", 0),
    "proposal": any_table,
}
_POLICY_REQUIRED = ("schema", "id", "version", "k", "claim_days", "rule")
TABLES: Mapping[str, Mapping[str, Check]] = {
    "at the top": _POLICY,
    "[[rule]]": _RULE,
    "[padding]": _PADDING,
    "[clauses.CODE] and [[expected]]": _CLAUSE,
    "[[codes]]": _CODE,
    "[proposal]": _PROPOSAL,
    "[[proposal.change]]": _CHANGE,
}
"""The keys of each table of a policy."""


def _policy(data: dict[str, Any], path: Path, sha256: str) -> Policy:
    where = f"policy {path}"
    table = checked(where, data, _POLICY, _POLICY_REQUIRED)
    rules: list[Rule] = []
    for position, entry in enumerate(table["rule"], 1):
        rule = _rule(entry, where, position)
        if any(r.id == rule.id for r in rules):
            raise UsageError(f"{where}: two rules have id = {shown(repr(rule.id))}. Give each rule its own id.")
        rules.append(rule)
    codes = checked(f"{where}, clauses", table.get("clauses", {}), dict.fromkeys(REFUND_CODES, any_table))
    return Policy(
        id=table["id"],
        version=table["version"],
        k=table["k"],
        claim_days=table["claim_days"],
        rules=tuple(rules),
        clauses={code: _clause(entry, f"{where}, clauses.{code}") for code, entry in codes.items()},
        expected=tuple(_clause(e, f"{where}, expected {n}") for n, e in enumerate(table.get("expected", []), 1)),
        sha256=sha256,
        path=path,
        padding=_padding(table["padding"], f"{where}, padding") if "padding" in table else None,
        proposal=_proposal(table["proposal"], f"{where}, proposal", rules) if "proposal" in table else None,
        codes=_codes(table.get("codes", []), where),
    )


def _codes(entries: Sequence[object], where: str) -> tuple[Code, ...]:
    found: dict[str, Code] = {}
    for n, entry in enumerate(entries, 1):
        table = checked(f"{where}, codes {n}", entry, _CODE, _CODE.keys())
        code = Code(table["code"], table["text"], VerdictOutcome(table["outcome"]))
        if code.code in found:
            raise UsageError(f"{where}: two codes have code = {code.code!r}. Give each its own.")
        found[code.code] = code
    return tuple(found.values())


def _padding(entry: object, where: str) -> Padding:
    table = checked(where, entry, _PADDING, _PADDING.keys() - {"verbatim", "read_on"})
    _check_reading(table, where)
    return Padding(**table)


def _clause(entry: object, where: str) -> Clause:
    table = checked(where, entry, _CLAUSE, _CLAUSE_REQUIRED)
    _check_reading(table, where)
    return Clause(**table)


def _check_reading(table: Mapping[str, Any], where: str) -> None:
    if table.get("verbatim", False) != ("read_on" in table):
        said, other = ("verbatim", "read_on") if table.get("verbatim") else ("read_on", "verbatim")
        raise UsageError(
            f"{where}: {said} without {other}. A sentence that is the printer's own has both, such as verbatim = true and "
            "read_on = 2026-11-20; one in your own words has neither."
        )


def _rule(entry: object, where: str, position: int) -> Rule:
    where = f"{where}, rule {shown(str(entry.get('id', position))) if isinstance(entry, dict) else position}"
    table = checked(where, entry, {**_RULE, "measure": choice(*sorted(MEASURES))}, _RULE_REQUIRED)
    _check_reading(table, where)
    measure = table["measure"]
    limits: dict[str, Limit | None] = {
        key: value_of(where, key, table[key], _limit(measure))
        for key in ("within", "outside", "notable")
        if key in table and (key, table[key]) != ("outside", "never")
    }
    within = limits["within"]
    assert within is not None
    if "outside" not in table:
        op = _OPPOSITE[within.op]
        limits["outside"] = Limit(op, within.value, within.text.replace(within.op, op, 1))
    elif outside := limits.setdefault("outside", None):
        upper, lower = (within, outside) if within.is_upper else (outside, within)
        overlap = lower.value < upper.value or (lower.value == upper.value and upper.op == "<=" and lower.op == ">=")
        if within.is_upper == outside.is_upper or overlap:
            instead = f"write a limit that begins where within = {within.text!r} has ended, or 'never'"
            _fail(where, "outside", outside.text, instead)
    if not MEASURES[measure].by_edge:
        for key in table.keys() & {"edges", "spine"}:
            _fail(where, key, table[key], f"write no {key} here: {measure} is not measured edge by edge")
    edges = tuple(map(Edge, table.get("edges", Edge))) if MEASURES[measure].by_edge else ()
    return Rule(**{"magnitude": False, "required": False, **table, **limits, "edges": edges})


def _proposal(data: object, where: str, rules: Iterable[Rule]) -> Proposal:
    table = checked(where, data, _PROPOSAL, _PROPOSAL.keys() - {"evidence"})
    by_id = {r.id: r for r in rules}
    changes = tuple(_change(entry, f"{where}.change {n}", by_id) for n, entry in enumerate(table.pop("change"), 1))
    return Proposal(**table, changes=changes)


def _change(entry: object, where: str, rules: Mapping[str, Rule]) -> Change:
    table = checked(where, entry, {**_CHANGE, "rule": choice(*rules)}, _CHANGE.keys() - {"interval"})
    rule, limit = rules[table["rule"]], table["limit"]
    held = rule.within if limit == "within" else rule.outside
    if held is None or table["now"] != held.text:
        says = held.text if held else "never"
        instead = f"write what {limit} of rule {rule.id} says, {says!r}: the two belong together"
        _fail(where, "now", table["now"], instead)
    if low_high := table.pop("interval", None):
        numbers = isinstance(low_high, list) and all(type(v) in (int, float) for v in low_high)
        if not numbers or len(low_high) != 2 or low_high[0] > low_high[1]:
            _fail(where, "interval", low_high, f"write two numbers in {rule.unit}, the smaller one first")
        table["interval"] = (float(low_high[0]), float(low_high[1]))
    return Change(**table)
