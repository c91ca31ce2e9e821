"""`qc policy`: read a policy, check a file of your own, see where two differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from qc.cli import completion
from qc.cli.explain import padding_text, rule_text
from qc.errors import plain
from qc.judge.policy import Policy, Rule, load_policy, shipped


@click.group(invoke_without_command=True)
@click.pass_context
def policy(ctx: click.Context) -> None:
    """Limits and the sentences they come from: a shipped policy by name, or a TOML file of your own.

    \b
    Example:
      qc policy show kdp
      qc policy show kdp --toml > house.toml
      qc policy check house.toml
      qc policy diff kdp ingram

    Exit code: 0, or 2 for a policy that is missing or wrong.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)


@policy.command()
@click.argument("name", metavar="POLICY", shell_complete=completion.policies, default="kdp")
@click.option("--toml", is_flag=True, help="The file itself, to begin one of your own with.")
def show(name: str, toml: bool) -> int:
    """Every rule of POLICY with its limits, sentence, source and reason; then the sentences of the refund routes."""
    found = load_policy(name)
    click.echo(plain(found.toml.rstrip() if toml else "\n\n".join(_everything(found))))
    return 0


@policy.command()
@click.argument("name", metavar="POLICY", shell_complete=completion.policies)
def check(name: str) -> int:
    """Whether POLICY can be used; what is wrong is named with its rule and key."""
    found = load_policy(name)
    required = ", ".join(r.id for r in found.rules if r.required) or "none"
    click.echo(plain(f"{found.path}: policy {found.id} {found.version} can be used"))
    click.echo(
        plain(
            f"{len(found.rules)} rules, required: {required}; k = {found.k:g}, claims within {found.claim_days} days; "
            f"{len(found.codes)} codes of persons"
        )
    )
    for line in (*_proposed(found), *_contradicted(found)):
        click.echo(plain(line))
    return 0


@policy.command()
@click.argument("first", metavar="POLICY", shell_complete=completion.policies)
@click.argument("second", metavar="POLICY", shell_complete=completion.policies)
def diff(first: str, second: str) -> int:
    """What a copy is judged otherwise by in the second POLICY than in the first. Wording and sources are left out.

    Of a proposal it is said who argues for it, and on what data.
    """
    a, b = load_policy(first), load_policy(second)
    lines = list(differences(a, b)) or [f"{a.id} {a.version} and {b.id} {b.version} judge alike."]
    lines += [line for p in (a, b) for line in _proposed(p)]
    if b.proposal and b.proposal.base == a.id and b.proposal.base_sha256 != a.sha256:
        lines.append(f"It was made for another {a.id} than this one, {b.proposal.base_version}: propose anew.")
    click.echo(plain("\n".join(lines)))
    return 0


def differences(a: Policy, b: Policy) -> Iterator[str]:
    """A line for each setting or rule that differs; rules are paired by id."""
    for key in ("k", "claim_days"):
        if getattr(a, key) != getattr(b, key):
            yield f"{key}: {a.id} {getattr(a, key):g}, {b.id} {getattr(b, key):g}"
    if a.padding or b.padding:
        mine, theirs = (_padding_of(p) for p in (a, b))
        yield from (f"padding {k}: {a.id} {mine[k]}, {b.id} {theirs[k]}" for k in mine if mine[k] != theirs[k])
    rules: list[Mapping[str, Rule]] = [{r.id: r for r in p.rules} for p in (a, b)]
    for rule_id in dict.fromkeys(r for of in rules for r in of):
        one, other = (of.get(rule_id) for of in rules)
        if one is None or other is None:
            yield f"{rule_id}: only in {b.id if one is None else a.id}"
            continue
        changed = [f"{k} {x} -> {y}" for (k, x), (_, y) in zip(_judged(one), _judged(other), strict=True) if x != y]
        if changed:
            yield f"{rule_id}: {'; '.join(changed)}"


def _judged(rule: Rule) -> list[tuple[str, str]]:
    """What decides how a rule judges, in the unit of its measure."""
    return [
        ("measure", rule.measure),
        ("code", rule.code or "any"),
        ("within", rule.within_text),
        ("outside", rule.outside_text),
        ("severity", rule.severity),
        ("required", "yes" if rule.required else "no"),
        ("magnitude", "yes" if rule.magnitude else "no"),
        ("edges", ", ".join(rule.edges) or "none"),
        ("spine", rule.spine),
        ("doubt", ", ".join(rule.doubt) or "none"),
        ("faint", rule.faint.text if rule.faint else "none"),
        ("notable", rule.notable.printed(rule.unit) if rule.notable else "none"),
    ]


def _padding_of(found: Policy) -> dict[str, str]:
    """What padding is reckoned with; a policy without the table states nothing."""
    names = ("round_to", "sheets", "imprint_pages", "ordered_blanks")
    return {n: _plain(getattr(found.padding, n)) if found.padding else "not stated" for n in names}


def _plain(value: int | tuple[int, ...]) -> str:
    return " or ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _proposed(found: Policy) -> Iterator[str]:
    if found.proposal:
        yield from found.proposal.lines()


def _contradicted(found: Policy) -> Iterator[str]:
    """A line for each rule that keeps the printer's sentence beside limits that are not those of the shipped rule."""
    for base in map(load_policy, shipped()):
        theirs = {rule.id: rule for rule in base.rules}
        for rule in found.rules:
            one = theirs.get(rule.id)
            if one is None or not rule.verbatim or rule.clause != one.clause:
                continue
            if (rule.within_text, rule.outside_text) != (one.within_text, one.outside_text):
                yield (
                    f"{rule.id}: its limits are not those of {base.id}, but its sentence is still the printer's. Write your own "
                    "clause, source and reason, with verbatim = false."
                )


def _everything(found: Policy) -> Iterator[str]:
    yield (
        f"Policy {found.id} {found.version}: U = {found.k:g} u, claims within {found.claim_days} days, "
        f"sha256 {found.sha256}. Shipped are {', '.join(shipped())}."
    )
    if found.padding:
        yield padding_text(found.padding)
    if found.proposal:
        yield "\n".join(found.proposal.lines())
    yield from (rule_text(found, rule) for rule in found.rules)
    yield "\n".join(f"Refund {code}: {c.cited} ({c.standing})" for code, c in found.clauses.items())
    if found.codes:
        yield "\n".join(
            ["Codes of persons (qc decide --code):", *(f"  {c.code}: {c.text} ({c.outcome})" for c in found.codes)]
        )
    if found.expected:
        yield "\n".join(["Expected, and no rule:", *(f"  {c.cited} ({c.standing})" for c in found.expected)])
