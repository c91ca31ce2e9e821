"""What the shell completes beside commands and options: ids of copies, policies, profiles and words to explain.

The shell asks with each press of the key: nothing here raises, and a store that cannot be read completes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from qc.cli import settings


def copies(ctx: click.Context, _param: click.Parameter, start: str) -> list[str]:
    """Ids of the copies in the store that is given or set."""
    store = ctx.params.get("store") or settings.setting("store").value
    if store is None or not Path(store).is_file():
        return []
    from qc.batch.database import copies_in

    return _beginning(start, copies_in(Path(store)))


def policies(_ctx: click.Context, _param: click.Parameter, start: str) -> list[str]:
    """The shipped policies."""
    from qc.judge.policy import shipped

    return _beginning(start, shipped())


def profiles(_ctx: click.Context, _param: click.Parameter, start: str) -> list[str]:
    """Scanner profiles by name."""
    from qc.scan.profile_file import folders

    return _beginning(start, (path.stem for folder in folders() for path in folder.glob("*.toml")))


def words(_ctx: click.Context, _param: click.Parameter, start: str) -> list[str]:
    """What `qc explain` knows."""
    from qc.judge.policy import load_policy, shipped
    from qc.report.glossary import glossary

    rules = (rule.id for policy in map(load_policy, shipped()) for rule in policy.rules)
    return _beginning(start, (*(word for texts in glossary().values() for word in texts), *rules))


def _beginning(start: str, names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if name.startswith(start)})
