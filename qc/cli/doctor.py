"""`qc doctor`: what is in place, what is wrong, and where each setting comes from."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from qc.batch import checkup
from qc.batch.checkup import Check
from qc.cli import options, settings
from qc.cli.settings import Setting
from qc.errors import QcError, failure, one_line

_DEFAULTS = {"policy": options.POLICY, "out": options.OUT}


@click.command()
@options.as_json
def doctor(as_json: bool) -> int:
    """Check versions, text reader, policy, scanner profiles, titles, store and disk, and show where each setting comes from.

    Nothing is changed. A setting is looked for in the environment (QC_TITLES, QC_STORE, QC_POLICY, QC_SCANNER, QC_OUT, QC_BY),
    then in the nearest qc.toml upward from the working directory but for folders of copies, then in that of your user's folder.
    An option given to a command wins over all of them.

    \b
    Example:
      qc doctor

    Exit code: 0 where all is well, else that of the part that fails: 2 a setting, a policy or the titles, 4 a scanner profile
    that is expired or cannot be read, 5 store or results cannot be written or the disk is full, 6 a program is missing. Where
    several parts fail, the smallest: what is set wrong comes first.
    """
    found, checks = _settings()
    checks += _parts(found)
    code = min((c.exit for c in checks if c.exit), default=0)
    if as_json:
        listed = [{"name": name, **asdict(s)} for name, s in found.items()]
        click.echo(
            json.dumps({"schema": "qc.doctor/1", "exit": code, "checks": [*map(asdict, checks)], "settings": listed})
        )
        return code
    for check in checks:
        click.echo(f"{'✗' if check.exit else 'ok':<3}{one_line(check.part):<14} {one_line(check.message)}")
    for name, s in found.items():
        said = "not set" if s.value is None else f"{s.value}  ({s.origin})"
        click.echo(f"   {name:<14} {one_line(said)}")
    click.echo(_sum_up(checks, code))
    return code


def _settings() -> tuple[dict[str, Setting], list[Check]]:
    """Every setting, and the files that they were looked for in."""
    files = settings.find_files()
    told = [f"{path} is read" for path in files.read]
    told += [f"{path} is not read, as it lies in a folder of copies" for path in files.passed_over]
    check = Check("settings", 0, "; ".join(told) or f"No {settings.NAME}.")
    found = {}
    for name in settings.NAMES:
        try:
            s = settings.setting(name)
        except QcError as fault:
            s, check = Setting(None, ""), Check("settings", *failure(fault))
        usual = _DEFAULTS.get(name)
        found[name] = Setting(usual, "default") if s.value is None and usual else s
    return found, [check]


def _parts(found: dict[str, Setting]) -> list[Check]:
    titles, store = (Path(value) if (value := found[name].value) else None for name in ("titles", "store"))
    return [
        checkup.check_versions(),
        checkup.check_reader(),
        checkup.check_policy(found["policy"].value or options.POLICY),
        *checkup.check_profiles(found["scanner"].value, date.today()),
        checkup.check_titles(titles),
        checkup.check_store(store),
        checkup.check_out(Path(found["out"].value or options.OUT)),
    ]


def _sum_up(checks: list[Check], code: int) -> str:
    wrong = [c.part for c in checks if c.exit]
    return (
        f"{len(wrong)} of {len(checks)} parts are not right: {', '.join(wrong)} (exit {code})."
        if wrong
        else "All is well."
    )
