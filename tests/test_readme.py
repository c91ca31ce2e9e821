"""What the README names exists: commands, options, exit codes, files, and the two commands a newcomer pastes."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from qc.cli import exits, main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = re.findall(r"^```(?:sh|bash|shell|console)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
CODE = re.findall(r"`([^`\n]+)`", README)
COMMANDS = main.list_commands(click.Context(main))


def options_of(command: str) -> set[str]:
    found = main.get_command(click.Context(main), command)
    assert found is not None
    commands = [found]
    if isinstance(found, click.Group):
        context = click.Context(found)
        commands += [c for name in found.list_commands(context) if (c := found.get_command(context, name))]
    parameters = [parameter for c in commands for parameter in c.params]
    return {name for parameter in parameters for name in (*parameter.opts, *parameter.secondary_opts)}


def calls() -> list[list[str]]:
    """Every call of qc the README shows, in words, without the leading qc."""
    lines = [part for block in SHELL for line in block.splitlines() for part in line.split(" && ")] + CODE
    found = []
    for line in lines:
        words = shlex.split(line)
        if words and words[0].removeprefix(".venv/bin/") == "qc" and len(words) > 1:
            found.append(words[1:])
    return found


@pytest.mark.parametrize("call", calls(), ids=" ".join)
def test_calls_exist(call: list[str]) -> None:
    command, *rest = call
    assert command in COMMANDS
    assert {word for word in rest if word.startswith("-")} <= options_of(command)


def test_every_command_is_shown() -> None:
    assert {call[0] for call in calls()} == set(COMMANDS)


def test_options_named_in_the_text_exist() -> None:
    named = {word for code in CODE for word in code.split() if word.startswith("--")}
    assert named and named <= set().union(*map(options_of, COMMANDS))


def test_exit_codes_are_all_described() -> None:
    table = README.split("| exit code | meaning |")[1].split("\n\n")[0]
    told = {int(n) for line in table.splitlines()[2:] for n in re.findall(r"\d+", line.split("|")[1])}
    assert told == set(exits.MEANINGS)


def test_two_blocks_set_up_by_themselves() -> None:
    first, second = SHELL[:2]
    assert README.index("```") == README.index("```sh\n" + first)
    for block in (first, second):
        assert block.startswith("python3 -m venv .venv && .venv/bin/pip install -q ")
        assert "$" not in block and block.count("\n") == 1, "one line that stops where something fails"
    assert "qc batch samples/returns --titles samples/titles" in first
    assert "pytest" in second


def test_extras_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = re.findall(r"\.\[(\w+)\]", README)
    assert named and set(named) <= set(extras)


def test_links_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert (page.parent / target).exists(), (page.name, target)
        for name in re.findall(r"`((?:qc|tests|benchmarks)/[\w/]+(?:\.py|\.toml|\.csv)?)`", text):
            assert (ROOT / name).exists(), (page.name, name)


def test_the_architecture_shows_every_room() -> None:
    shown = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {p.parent.name for p in (ROOT / "qc").glob("*/__init__.py")}
    assert rooms == set(re.findall(r"`(\w+)/`", "".join(line for line in shown.splitlines() if line[:2] == "| "))) - {
        "qc"
    }
