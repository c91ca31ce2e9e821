"""docs/glossary.md, made from the glossary: ``python -m qc.report.page_of_words > docs/glossary.md``."""

from __future__ import annotations

from collections.abc import Iterator

from qc.report.glossary import HEADINGS, glossary


def markdown() -> str:
    """The page as Markdown."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Glossary"
    yield ""
    yield "Every word of a report. `qc explain NAME` prints the same; `--details` adds formulas and sources."
    for room, texts in glossary().items():
        yield from ("", f"## {HEADINGS[room]}", "")
        for word, text in texts.items():
            yield f"- **{word}**: {text}"
    yield ""


if __name__ == "__main__":
    print(markdown(), end="")
