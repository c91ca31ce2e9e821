"""docs/keys.md, made from the code that reads the files: ``python docs/make_keys.py > docs/keys.md``.

What may be written comes from the checks of each key themselves; what a key means stands here. A key without a meaning, or a
meaning without a key, is an error.
"""

from collections.abc import Iterator, Mapping

from qc.cli import settings
from qc.judge import policy
from qc.reference import title_toml
from qc.scan import copy_toml, returns_csv
from qc.scan.strict_toml import Check

COPY = {
    "schema": "1, the only one so far",
    "copy": "the id of the copy; wins over the name of its folder",
    "isbn": "of the book that came back",
    "title": "for people; printed in report and ticket",
    "pages_expected": "pages the copy should have",
    "claim": "the claim, see below; never used to judge the print",
    "scan": "how it was scanned, see below",
    "reference": "what was ordered, see below",
}
CLAIM = {
    "reason": "what is claimed",
    "ordered_isbn": "of the book that was ordered; another ISBN on the cover is a wrong item",
    "received_on": "the day the copy came; damaged copies are refunded for 30 days from it",
    "notified_on": "the day the loss was notified; lost copies are refunded for 30 days from it",
    "claimed_on": "the day of the claim",
    "content_updated_on": "the author's last change to the files; a copy printed before it is stale stock",
    "printed_on": "the print date as stated; an imprint that reads otherwise sends the copy to a person",
}
SCAN = {
    "scanner": "the calibration profile",
    "dpi": "the resolution, believed over what the files say",
    "backing": "what lies behind the paper; cropped: nothing of it is seen",
    "bound": "the copy was not taken apart: its spine edge is no cut",
    "complete": "every page was scanned, so a page not seen is missing",
    "first_page": "the page of the book that the first interior scan shows",
    "spine": "who cut the spine edge of loose sheets",
    "cover": "closed: front and back of the closed copy; off: it lay by itself; auto: closed, unless loose pages tell otherwise",
}
REFERENCE = {
    "file": "what was ordered, under `--titles` or beside the copies",
    "trim": "the ordered size",
    "bleed": "whether print runs to the edge of the page",
    "direction": "whether the book is read from left to right or from right to left",
}
TITLE = {
    "trim": "the ordered size, such as `6 x 9 in` or `148 x 210 mm`",
    "bleed": "whether print runs to the edge of the page",
    "paper": "the ordered paper",
    "ink": "the ordered ink",
    "pages": "pages as ordered",
    "direction": "ltr: read from left to right; rtl: from right to left",
    "cover": "the wrap, see below",
}
COVER = {
    "spine_mm": "width of the spine",
    "binding": "paperback, or case: a hardcover",
    "wrap_mm": "what is turned in round the boards of a case",
    "hinge_mm": "width of the hinge of a case",
    "bleed_mm": "bleed of the wrap of a paperback",
}
QC = {
    "titles": "the folder of titles",
    "store": "the store",
    "policy": "a shipped policy, or a file",
    "scanner": "the calibration profile",
    "out": "the folder for results",
    "by": "who decides",
}


def page() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Every key of every file"
    yield ""
    yield "Made by `python docs/make_keys.py` from the code that reads the files. Every key may be left out unless it says"
    yield "otherwise; an unknown key is an error that names the nearest one."
    yield from _part("copy.toml", "In the folder of a copy.", copy_toml.TOP, COPY)
    about = "Facts for the refund; never used to judge the print."
    yield from _part("copy.toml, [claim]", about, copy_toml.CLAIM, CLAIM)
    yield from _part("copy.toml, [scan]", "How the copy was scanned.", copy_toml.SCAN, SCAN)
    yield from _part("copy.toml, [reference]", "What the copy is held against.", copy_toml.REFERENCE, REFERENCE)
    yield from ("", "## returns.csv", "")
    yield "Beside the folders of copies: a row a copy, in UTF-8, with commas or semicolons and a header. A column means what the"
    yield "key of its name means in copy.toml, which wins where both state something. Dates are ISO (2026-10-01), an ISBN is"
    yield "written with all its digits. A row whose reason is `lost` needs no folder. Other columns are passed over, which is said."
    yield "The columns:"
    yield ""
    yield ", ".join(f"`{name}`" for name in returns_csv.COLUMNS) + "."
    yield from _part("title.toml", "In the folder of a title.", title_toml.KEYS, TITLE)
    yield from _part("title.toml, [cover]", "Of `cover.pdf`.", title_toml.COVER, COVER)
    yield from ("", "## qc.toml", "")
    yield "Settings, so that they need not be typed: in the working directory or above it, and in the user's folder. An option wins"
    yield "over the environment, that over qc.toml. `qc doctor` says which value holds and where it comes from."
    yield ""
    yield "| key | environment | what it is |"
    yield "| --- | --- | --- |"
    for name, meaning in _matched(dict.fromkeys(settings.NAMES), QC):
        yield f"| `{name}` | `{settings.variable(name)}` | {meaning} |"
    yield from ("", "## Policies", "")
    yield "[Writing a policy](policy.md) shows them at work."
    yield ""
    for title, checks in policy.TABLES.items():
        yield f"- **{title}**: {', '.join(f'`{key}`' for key in checks)}"


def _part(title: str, about: str, checks: Mapping[str, Check], meanings: Mapping[str, str]) -> Iterator[str]:
    yield from ("", f"## {title}", "", about, "", "| key | what it is | what to write |", "| --- | --- | --- |")
    for key, meaning in _matched(checks, meanings):
        yield f"| `{key}` | {meaning} | {_what_to_write(checks[key])} |"


def _matched(keys: Mapping[str, object], meanings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if keys.keys() != meanings.keys():
        raise SystemExit(f"meanings and keys differ: {sorted(keys.keys() ^ meanings.keys())}")
    return ((key, meanings[key]) for key in keys)


def _what_to_write(check: Check) -> str:
    """What the check of a key asks for, when it is given something that no key takes."""
    try:
        check(object())
    except ValueError as fault:
        return str(fault).removeprefix("write ").replace("|", "\\|")
    raise AssertionError("a check takes anything")


if __name__ == "__main__":
    print(page(), end="")
