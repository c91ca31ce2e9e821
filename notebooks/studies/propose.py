"""Write other limits of a policy as a proposal: its file with every comment, and who argues for it on what data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table

from qc.errors import OutputError, UsageError
from qc.judge.policy import Policy, load_policy, parse_policy
from qc.judge.rejudge import Flip, flips
from qc.model import Inspection

MARK = "+proposed"
"""Ends the version of a proposed policy."""


@dataclass(frozen=True)
class Proposed:
    """A proposal that was written; `flips` are the verdicts that change under it."""

    path: Path
    policy: Policy
    flips: tuple[Flip, ...]


def propose(
    base: str,
    limits: Mapping[str, Mapping[str, str]],
    *,
    by: str,
    reason: str,
    inspections: Sequence[Inspection],
    copies: int,
    titles: int,
    intervals: Mapping[str, tuple[float, float]] | None = None,
    evidence: str = "",
    folder: Path | str = ".",
    made: date | None = None,
) -> Proposed:
    """Write ``NAME.proposed.toml`` beside nothing it changes, and tell which verdicts would flip.

    Parameters
    ----------
    base : str
        Name of a shipped policy, or the path of a file.
    limits : mapping of str to mapping
        For each rule the texts of `within` and `outside` that change: ``{"trim-offset-block": {"outside": "> 2.9 mm"}}``;
        `studies.sweep.limit_lines` makes them.
    by, reason : str
        Who argues for it, and why, in a sentence.
    inspections : sequence of Inspection
        All of the store, labeled or not; they say what range of days it rests on, and which verdicts flip.
    copies, titles : int
        With labels.
    intervals : mapping of str to (float, float), optional
        95 % interval of the best limit of a rule, in the unit of its measure.
    evidence : str
        Path of the notebook.
    folder : path
        Where to write; an older proposal of the same policy is replaced.
    made : date, optional
        Today, if left out.

    Returns
    -------
    Proposed

    Raises
    ------
    UsageError
        A rule or limit is not there, nothing changes, or what results is no policy.
    OutputError
        The file cannot be written, or something that is no proposal has its name.

    Notes
    -----
    The flips are those between the base and the file as it was read again, so what is said and what is written cannot
    differ. To put a proposal into force, delete its `[proposal]` table, give it a version and rename it.
    """
    if not by.strip() or not reason.strip():
        raise UsageError("A proposal needs its author and a reason: others decide on it later.")
    if not inspections:
        raise UsageError("A proposal needs the inspections it rests on; `qc.load_store` gives them.")
    old = load_policy(base)
    if old.proposal:
        raise UsageError(
            f"{old.path} is a proposal itself. Propose against {old.proposal.base}, which it would change."
        )
    document = tomlkit.parse(old.toml)
    intervals = intervals or {}
    changes = [
        (rule_id, limit, text, _set(document, old, rule_id, limit, text))
        for rule_id, texts in limits.items()
        for limit, text in texts.items()
    ]
    changes = [c for c in changes if c[2] != c[3]]
    if not changes:
        raise UsageError(f"The limits given are those of {old.id} {old.version} already. There is nothing to propose.")
    document["version"] = f"{old.version}{MARK}"
    days = sorted(date.fromisoformat(i.provenance.started[:10]) for i in inspections)
    facts: dict[str, Any] = {
        "base": old.id,
        "base_version": old.version,
        "base_sha256": old.sha256,
        "author": by.strip(),
        "reason": reason.strip(),
        "made": made or date.today(),
        "data_from": days[0],
        "data_to": days[-1],
        "copies": copies,
        "titles": titles,
        "verdicts_changed": 0,
    }
    if evidence:
        facts["evidence"] = evidence
    path = Path(folder) / f"{old.path.stem}.proposed.toml"
    changed = flips(inspections, old, parse_policy(tomlkit.dumps(document).encode(), path))
    facts["verdicts_changed"] = len(changed)
    document["proposal"] = _table(facts, changes, intervals)
    text = tomlkit.dumps(document)
    policy = parse_policy(text.encode(), path)
    _write(path, text)
    return Proposed(path, policy, tuple(flips(inspections, old, policy)))


def _set(document: tomlkit.TOMLDocument, old: Policy, rule_id: str, limit: str, text: str) -> str:
    """Change one limit in the document; its old text is returned."""
    rule = next((r for r in old.rules if r.id == rule_id), None)
    if rule is None:
        raise UsageError(f"Policy {old.id} has no rule {rule_id!r}. It has {', '.join(r.id for r in old.rules)}.")
    if limit not in ("within", "outside"):
        raise UsageError(f"Rule {rule_id} has no limit {limit!r}. Limits are within and outside.")
    table: Table = next(t for t in document["rule"] if t["id"] == rule_id)
    was = str(table[limit]) if limit in table else (rule.outside.text if rule.outside else "never")
    if was == text:
        return was
    if limit in table:
        table[limit] = text
    else:
        table.add(limit, text)
    return was


def _table(
    facts: Mapping[str, Any],
    changes: Sequence[tuple[str, str, str, str]],
    intervals: Mapping[str, tuple[float, float]],
) -> Table:
    table = tomlkit.table()
    for key, value in facts.items():
        table.add(key, value)
    entries = tomlkit.aot()
    for rule_id, limit, now, was in changes:
        entry = tomlkit.table()
        for key, text in (("rule", rule_id), ("limit", limit), ("was", was), ("now", now)):
            entry.add(key, text)
        if rule_id in intervals:
            entry.add("interval", [round(float(v), 4) for v in intervals[rule_id]])
        entries.append(entry)
    table.add("change", entries)
    return table


def _write(path: Path, text: str) -> None:
    try:
        if path.exists() and parse_policy(path.read_bytes(), path).proposal is None:
            raise OutputError(f"{path} is a policy, no proposal. Move it away, or write to another folder.")
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}. Choose another folder.") from error
