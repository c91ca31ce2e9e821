"""A policy: limits as the printer prints them, each with its source sentence. Data, read from TOML and checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from qc.errors import UsageError, shown
from qc.flags import Flag
from qc.geometry import Edge
from qc.judge.padding import Padding
from qc.judge.proposal import Change, Proposal
from qc.judge.rule import Limit as Limit
from qc.judge.rule import Rule as Rule
from qc.measure import MEASURES
from qc.model import PolicyId
from qc.scan.toml_file import NotToml, parse, read_bytes
from qc.units import number, to_mm

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
_LIMIT = re.compile(r"\s*(<=|>=|<|>)\s*(-?)(\d+(?:\.\d+)?(?:\s*/\s*\d+)?)\s*([A-Za-z]\w*)\s*")
_POLICY_KEYS = ("schema", "id", "version", "k", "claim_days", "padding", "rule", "clauses", "expected", "proposal")
_RULE_REQUIRED = ("id", "measure", "within", "severity", "source", "clause")
_RULE_OPTIONAL = ("outside", "magnitude", "required", "reason", "edges", "spine", "code", "notable", "doubt")
_PADDING_KEYS = ("round_to", "sheets", "imprint_pages", "ordered_blanks", "clause", "source", "reason")
_RULE_KEYS = _RULE_REQUIRED + _RULE_OPTIONAL
_PROPOSAL_REQUIRED = (
    *("base", "base_version", "base_sha256", "author", "reason", "made", "data_from", "data_to"),
    *("copies", "titles", "verdicts_changed", "change"),
)
_CHANGE_REQUIRED = ("rule", "limit", "was", "now")


class Clause(NamedTuple):
    """A sentence of the printer's policy and where it stands."""

    clause: str
    source: str


@dataclass(frozen=True)
class Policy:
    """A checked policy file; `clauses` are the sentences of the refund routes by code, `expected` those of no rule.

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
            f"({error.strerror}){_nearest(name_or_path, shipped())}. Give a name or the path of a policy file."
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


class _Table:
    """A TOML table that names file, table and key in every complaint."""

    def __init__(self, table: object, where: str, allowed: tuple[str, ...], required: tuple[str, ...]) -> None:
        self.where = where
        if not isinstance(table, dict):
            raise UsageError(f"{where}: found {shown(repr(table))} where a table of {', '.join(allowed)} belongs.")
        self.table: dict[str, Any] = table
        for key in table:
            if key not in allowed:
                raise UsageError(
                    f"{where}: unknown key {shown(repr(key))}{_nearest(key, allowed)}. Allowed are {', '.join(allowed)}."
                )
        for key in required:
            if key not in table:
                raise UsageError(f"{where}: key {key!r} is missing. Add it; needed are {', '.join(required)}.")

    def fail(self, key: str, allowed: str) -> NoReturn:
        raise UsageError(f"{self.where}: {key} = {shown(repr(self.table[key]))} is not allowed. Write {allowed}.")

    def text(self, key: str) -> str:
        value = self.table[key]
        if not isinstance(value, str) or not value.strip():
            self.fail(key, "a text that is not empty")
        return value.strip()

    def flag(self, key: str) -> bool:
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            self.fail(key, "true or false")
        return value

    def choice(self, key: str, allowed: Iterable[str], default: str | None = None) -> str:
        value = self.table.get(key, default)
        options = sorted(allowed)
        if value not in options:
            self.fail(key, f"one of {', '.join(options)}{_nearest(str(value), options)}")
        return str(value)

    def whole(self, key: str, least: int) -> int:
        value = self.table[key]
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.fail(key, f"a whole number, {least} or more")
        return value

    def day(self, key: str) -> date:
        value = self.table[key]
        if type(value) is not date:
            self.fail(key, "a day such as 2026-11-24, without quotes")
        return value

    def limit(self, key: str, measure: str) -> Limit:
        text, unit = self.text(key), MEASURES[measure].unit
        units = "mm or in" if unit == "mm" else unit
        form = f"one of < <= > >=, a number or fraction and a unit, {units} for {measure}, like '< 1 {unit}'"
        match = _LIMIT.fullmatch(text)
        if not match:
            self.fail(key, form)
        if match[4] != unit and not (unit == "mm" and match[4] == "in"):
            known = "" if match[4] in UNITS else f" ({match[4]} is none of the units {' '.join(UNITS)})"
            self.fail(key, f"the unit of {measure}, which is {units}{known}")
        try:
            size = number(match[3])
        except ValueError:
            self.fail(key, form)
        value = -size if match[2] else size
        return Limit(match[1], to_mm(value, match[4]) if unit == "mm" else value, text)


def _policy(data: dict[str, Any], path: Path, sha256: str) -> Policy:
    top = _Table(data, f"policy {path}", _POLICY_KEYS, ("schema", "id", "version", "k", "claim_days", "rule"))
    if data["schema"] != 1 or isinstance(data["schema"], bool):
        top.fail("schema", "1, the only schema this version reads")
    version, k, days = data["version"], data["k"], data["claim_days"]
    if isinstance(version, bool) or not isinstance(version, str | int) or version == "":
        top.fail("version", 'a text such as "2026.1"')
    if isinstance(k, bool) or not isinstance(k, int | float) or not 0 < k < float("inf"):
        top.fail("k", "a number above 0, usually 2")
    if isinstance(days, bool) or not isinstance(days, int) or days < 1:
        top.fail("claim_days", "a whole number of days, 1 or more")
    if not isinstance(data["rule"], list) or not data["rule"]:
        top.fail("rule", "one or more [[rule]] tables")
    rules: list[Rule] = []
    for position, table in enumerate(data["rule"], 1):
        rule = _rule(table, path, position)
        if any(r.id == rule.id for r in rules):
            raise UsageError(f"policy {path}: two rules have id = {shown(repr(rule.id))}. Give each rule its own id.")
        rules.append(rule)
    return Policy(
        id=top.text("id"),
        version=str(version),
        k=float(k),
        claim_days=days,
        rules=tuple(rules),
        clauses=_clauses(data.get("clauses", {}), path),
        expected=_expected(data.get("expected", []), path),
        sha256=sha256,
        path=path,
        padding=_padding(data["padding"], path) if "padding" in data else None,
        proposal=_proposal(data["proposal"], path, rules) if "proposal" in data else None,
    )


def _padding(data: object, path: Path) -> Padding:
    table = _Table(data, f"policy {path}, padding", _PADDING_KEYS, _PADDING_KEYS)
    sheets = table.table["sheets"]
    if not isinstance(sheets, list) or not sheets or not all(type(n) is int and n > 0 and n % 2 == 0 for n in sheets):
        table.fail("sheets", "a list of even numbers of pages, such as [4, 6]")
    return Padding(
        round_to=table.whole("round_to", 1),
        sheets=tuple(sheets),
        imprint_pages=table.whole("imprint_pages", 0),
        ordered_blanks=table.whole("ordered_blanks", 0),
        clause=table.text("clause"),
        source=table.text("source"),
        reason=table.text("reason"),
    )


def _rule(data: object, path: Path, position: int) -> Rule:
    name = shown(str(data.get("id", position))) if isinstance(data, dict) else position
    table = _Table(data, f"policy {path}, rule {name}", _RULE_KEYS, _RULE_REQUIRED)
    measure = table.choice("measure", MEASURES)
    within = table.limit("within", measure)
    outside = _outside(table, measure, within)
    return Rule(
        id=table.text("id"),
        measure=measure,
        magnitude=table.flag("magnitude"),
        within=within,
        outside=outside,
        severity=table.choice("severity", SEVERITIES),
        required=table.flag("required"),
        source=table.text("source"),
        clause=table.text("clause"),
        reason=table.text("reason") if "reason" in table.table else "",
        edges=_edges(table, measure),
        spine=table.choice("spine", ("printer", "bench"), "printer"),
        code=table.text("code") if "code" in table.table else None,
        notable=table.limit("notable", measure) if "notable" in table.table else None,
        doubt=_doubt(table),
    )


def _outside(table: _Table, measure: str, within: Limit) -> Limit | None:
    if "outside" not in table.table:
        op = _OPPOSITE[within.op]
        return Limit(op, within.value, within.text.replace(within.op, op, 1))
    if table.text("outside") == "never":
        return None
    outside = table.limit("outside", measure)
    upper, lower = (within, outside) if within.is_upper else (outside, within)
    overlap = lower.value < upper.value or (lower.value == upper.value and upper.op == "<=" and lower.op == ">=")
    if within.is_upper == outside.is_upper or overlap:
        table.fail("outside", f"a limit that begins where within = {within.text!r} has ended, or 'never'")
    return outside


def _doubt(table: _Table) -> tuple[str, ...]:
    names = table.table.get("doubt", [])
    known = [str(f) for f in Flag]
    if not isinstance(names, list) or any(n not in known for n in names):
        near = "".join(_nearest(str(n), known) for n in names if n not in known) if isinstance(names, list) else ""
        table.fail("doubt", f"a list of flags, which `qc explain` lists{near}")
    return tuple(names)


def _edges(table: _Table, measure: str) -> tuple[Edge, ...]:
    if not MEASURES[measure].by_edge:
        for key in ("edges", "spine"):
            if key in table.table:
                table.fail(key, f"no {key} here: {measure} is not measured edge by edge")
        return ()
    names = table.table.get("edges", [str(e) for e in Edge])
    allowed = [str(e) for e in Edge]
    if not isinstance(names, list) or not names or any(n not in allowed for n in names):
        table.fail("edges", f"a list of {', '.join(allowed)}")
    return tuple(Edge(n) for n in names)


def _clauses(data: object, path: Path) -> dict[str, Clause]:
    table = _Table(data, f"policy {path}, clauses", REFUND_CODES, ())
    return {code: _clause(entry, f"policy {path}, clauses.{code}") for code, entry in table.table.items()}


def _expected(data: object, path: Path) -> tuple[Clause, ...]:
    if not isinstance(data, list):
        raise UsageError(f"policy {path}: found expected = {shown(repr(data))} where [[expected]] tables belong.")
    return tuple(_clause(entry, f"policy {path}, expected {n}") for n, entry in enumerate(data, 1))


def _proposal(data: object, path: Path, rules: Iterable[Rule]) -> Proposal:
    table = _Table(data, f"policy {path}, proposal", (*_PROPOSAL_REQUIRED, "evidence"), _PROPOSAL_REQUIRED)
    if not isinstance(table.table["change"], list) or not table.table["change"]:
        table.fail("change", "one or more [[proposal.change]] tables")
    by_id = {r.id: r for r in rules}
    return Proposal(
        base=table.text("base"),
        base_version=table.text("base_version"),
        base_sha256=table.text("base_sha256"),
        author=table.text("author"),
        reason=table.text("reason"),
        made=table.day("made"),
        data_from=table.day("data_from"),
        data_to=table.day("data_to"),
        copies=table.whole("copies", 0),
        titles=table.whole("titles", 0),
        verdicts_changed=table.whole("verdicts_changed", 0),
        changes=tuple(
            _change(entry, f"policy {path}, proposal.change {n}", by_id)
            for n, entry in enumerate(table.table["change"], 1)
        ),
        evidence=table.text("evidence") if "evidence" in table.table else "",
    )


def _change(data: object, where: str, rules: Mapping[str, Rule]) -> Change:
    table = _Table(data, where, (*_CHANGE_REQUIRED, "interval"), _CHANGE_REQUIRED)
    rule, limit = rules[table.choice("rule", rules)], table.choice("limit", ("within", "outside"))
    held = rule.within if limit == "within" else rule.outside
    if held is None or table.text("now") != held.text:
        table.fail(
            "now", f"what {limit} of rule {rule.id} says, {held.text if held else 'never'!r}: the two belong together"
        )
    low_high = table.table.get("interval")
    if low_high is None:
        return Change(rule.id, limit, table.text("was"), held.text)
    numbers = isinstance(low_high, list) and all(type(v) in (int, float) for v in low_high)
    if not numbers or len(low_high) != 2 or low_high[0] > low_high[1]:
        table.fail("interval", f"two numbers in {rule.unit}, the smaller one first")
    return Change(rule.id, limit, table.text("was"), held.text, (float(low_high[0]), float(low_high[1])))


def _clause(data: object, where: str) -> Clause:
    table = _Table(data, where, Clause._fields, Clause._fields)
    return Clause(table.text("clause"), table.text("source"))


def _nearest(word: str, allowed: Iterable[str]) -> str:
    near = get_close_matches(word, list(allowed), 1)
    return f" (did you mean {near[0]!r}?)" if near else ""
