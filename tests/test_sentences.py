"""Every sentence of every rule reads as a person would say it, in few words, and does not contradict its outcome."""

import re

from sentences import POLICIES, TABLE, sentences, table

from qc.flags import Flag
from qc.judge.policy import load_policy
from qc.measure import MEASURES

RULES = {rule.id for name in POLICIES for rule in load_policy(name).rules}
# One word is both an id and English.
IDS = {i for i in RULES | set(MEASURES) | {str(f) for f in Flag} if "-" in i} - {"fore-edge"}
LENGTH = re.compile(r"(\d[\d.]*) mm(?! \(\d[\d./]* in\))")
SIZE_AND_LIMIT = re.compile(
    r"(\d[\d.]*)(?: mm \(([\d.]+) in\)| %|°| \(ΔE00\)| density units).*; up to (\d[\d.]*)(?: mm \(([\d./]+) in\))?"
)
SAID = [(name, *line) for name in POLICIES for line in sentences(load_policy(name))]


def test_the_file_holds_every_sentence() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "run tests/sentences.py, read the file, and commit it"


def test_every_rule_is_said_in_each_of_its_outcomes() -> None:
    for name in POLICIES:
        for rule in load_policy(name).rules:
            outcomes = {o for n, r, o, _ in SAID if (n, r) == (name, rule.id)}
            told = {o.partition(" ")[0] for o in outcomes}
            assert told >= {"within", "not-judged"} and {f"undecided ({d})" for d in rule.doubt} <= outcomes, rule.id
            assert rule.outside is None or "outside" in told, rule.id


def _faults(sentence: str) -> list[str]:
    words = sentence.replace("None of", "")
    return [
        fault
        for fault, is_so in {
            "too long": len(sentence.split()) > 25,
            "no capital": not (sentence[0].isupper() or sentence[0].isdigit()),
            "periods": not sentence.endswith(".") or re.search(r"\.\s", sentence),
            "jargon": re.search(r"fraction|±|\bu\b|dE00|\boutside\b|\bregistered\b|True|None", words),
            "id": [i for i in IDS if re.search(rf"\b{i}\b", sentence)],
            "inches": LENGTH.search(sentence),
            "form": "  " in sentence or sentence.count(";") > 1,
        }.items()
        if is_so
    ]


def test_a_sentence_is_plain() -> None:
    wrong = {sentence: faults for *_, sentence in SAID if (faults := _faults(sentence))}
    assert not wrong


def test_numbers_do_not_contradict_the_outcome() -> None:
    checked = 0
    for _, rule, outcome, sentence in SAID:
        said = SIZE_AND_LIMIT.search(sentence)
        if not said or rule == "print-defect-white-sliver":
            continue
        value, inches, limit, limit_inches = said.groups()
        assert (float(value) > float(limit)) == (outcome == "outside"), sentence
        if inches and "/" not in limit_inches:
            assert (float(inches) > float(limit_inches)) == (outcome == "outside"), sentence
        checked += 1
    assert checked > 100
