"""The shipped policy reads as its source does, and every fault of a policy file is named with file, rule and key."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Run

from qc.errors import UsageError
from qc.geometry import Edge
from qc.judge.policy import REFUND_CODES, load_policy, parse_policy, shipped
from qc.measure import MEASURES

HEAD = 'schema = 1\nid = "house"\nversion = "1"\nk = 2\nclaim_days = 30\n'
RULE = """
[[rule]]
id = "shift"
measure = "trim-offset-block"
magnitude = true
within = "< 1/16 in"
outside = "> 2 mm"
severity = "defect"
required = true
source = "test"
clause = "a sentence"
reason = "a reason"
"""


def write(folder: Path, text: str) -> str:
    path = folder / "house.toml"
    path.write_text(text)
    return str(path)


def test_kdp_is_shipped_and_states_the_trim_limits_in_millimeters() -> None:
    assert "kdp" in shipped()
    policy = load_policy()
    rule = policy.rule("trim-offset-block")
    assert (rule.within.value, rule.within.text, rule.within_text) == (3.175, "< 0.125 in", "< 3.175 mm")
    assert rule.outside is not None and (rule.outside.value, rule.outside_text) == (3.2, "> 3.2 mm")
    assert (rule.magnitude, rule.required, rule.severity) == (True, True, "defect")
    assert (policy.id, policy.k, policy.claim_days) == ("kdp", 2.0, 30)
    assert policy.identity.sha256 == policy.sha256 and len(policy.sha256) == 64


@pytest.mark.parametrize("name", shipped())
def test_shipped_policies_explain_every_limit_and_every_refund_code(name: str) -> None:
    policy = load_policy(name)
    assert set(policy.clauses) == set(REFUND_CODES)
    for rule in policy.rules:
        assert rule.reason and rule.clause and rule.source, rule.id
        assert rule.measure in MEASURES


def test_notes_and_review_only_rules_of_kdp() -> None:
    policy = load_policy("kdp")
    assert {r.id for r in policy.rules if r.severity == "defect"} == {
        "trim-offset-block",
        "trim-offset-page",
        "trim-size-block",
        "trim-skew",
        "print-scale",
        "print-position-recto-verso",
        "copy-position-outlier",
        "copy-color-outlier",
        "blank-pages-inside",
        "blank-pages-unexplained",
        "print-defect",
        "print-defect-spot",
        "print-defect-streak",
        "print-defect-smear",
        "print-defect-void",
        "print-defect-white-sliver",
        *(f"page-damage-{c}" for c in ("missing-corner", "notch", "tear", "dog-ear", "crease", "water", "hole")),
        "pages-foreign",
        "pages-extra-inside",
        "pages-missing",
        "pages-duplicated",
        "pages-out-of-order",
        "pages-upside-down",
        "color-lost-channel",
        "color-weak-channel",
        "color-gray",
        "color-fade",
        "color-band",
        "color-wrong-paper",
        "cover-trim-offset",
        "cover-fold-offset",
        "spine-centering",
        "spine-width",
        "cover-skew",
        "cover-identity",
        "cover-upside-down",
        "copy-cover-outlier",
    }
    assert {r.id for r in policy.rules if r.outside_text == "never" and r.measure.startswith(("cover", "spine"))} == {
        "spine-width",
        "cover-skew",
    }
    assert policy.rule("pages-foreign").outside is None
    assert policy.rule("blank-pages-at-end").outside_text == "never"
    assert [r.id for r in policy.rules if r.required] == ["trim-offset-block"]


def test_a_policy_file_is_read_with_its_defaults(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, HEAD + RULE.replace('outside = "> 2 mm"\n', "")))
    rule = policy.rule("shift")
    assert (rule.within_text, rule.outside_text) == ("< 1.5875 mm", ">= 1.5875 mm")
    assert (rule.edges, rule.spine, rule.code, rule.notable) == (tuple(Edge), "printer", None, None)
    assert policy.clauses == {} and "lost" in policy.sentence("lost").clause


@pytest.mark.parametrize("within, opposite", [("<", ">="), ("<=", ">"), (">", "<="), (">=", "<")])
def test_outside_left_out_is_the_opposite(tmp_path: Path, within: str, opposite: str) -> None:
    rule = RULE.replace('outside = "> 2 mm"\n', "").replace("< 1/16 in", f"{within} 2 mm")
    assert load_policy(write(tmp_path, HEAD + rule)).rule("shift").outside_text == f"{opposite} 2 mm"


FAULTS = [
    ("unknown rule key", RULE.replace("magnitude", "magnitud"), ["rule shift", "'magnitud'", "'magnitude'"]),
    ("unknown measure", RULE.replace("trim-offset-block", "trim-ofset-block"), ["measure", "'trim-offset-block'"]),
    ("wrong unit", RULE.replace("> 2 mm", "> 2 deg"), ["rule shift", "outside", "mm or in"]),
    ("unknown unit", RULE.replace("> 2 mm", "> 2 cm"), ["rule shift", "outside", "cm", "dE00"]),
    ("no unit", RULE.replace("> 2 mm", "> 2"), ["rule shift", "outside", "unit"]),
    ("no operator", RULE.replace("< 1/16 in", "1/16 in"), ["rule shift", "within", "< <= > >="]),
    ("division by zero", RULE.replace("1/16", "1/0"), ["rule shift", "within"]),
    ("length for a count", RULE.replace('"trim-offset-block"', '"pages-foreign"'), ["within", "count"]),
    ("bad severity", RULE.replace('"defect"', '"defekt"'), ["rule shift", "severity", "defect, note"]),
    ("duplicate id", RULE + RULE, ["two rules", "'shift'"]),
    ("missing clause", RULE.replace('clause = "a sentence"\n', ""), ["rule shift", "'clause'", "missing"]),
    ("missing id", RULE.replace('id = "shift"\n', ""), ["rule 1", "'id'", "missing"]),
    ("empty source", RULE.replace('source = "test"', 'source = " "'), ["rule shift", "source"]),
    ("flag as text", RULE.replace("required = true", 'required = "yes"'), ["rule shift", "required", "true or false"]),
    ("outside inside within", RULE.replace("> 2 mm", "> 1 mm"), ["rule shift", "outside", "1/16 in"]),
    ("outside on the same side", RULE.replace("> 2 mm", "< 2 mm"), ["rule shift", "outside"]),
    ("both take the limit", RULE.replace("< 1/16 in", "<= 2 mm").replace("> 2", ">= 2"), ["rule shift", "outside"]),
    ("bad edge", RULE + 'edges = ["top"]\n', ["rule shift", "edges", "fore-edge"]),
    ("edges of a count", RULE.replace('"trim-offset-block"', '"pages-foreign"').replace("1/16 in", "1 count")
        .replace("> 2 mm", "> 1 count") + 'edges = ["head"]\n', ["rule shift", "edges", "pages-foreign"]),
    ("bad spine", RULE + 'spine = "binder"\n', ["rule shift", "spine", "bench, printer"]),
    ("unknown refund code", RULE + '[clauses.loss]\nclause = "x"\nsource = "y"\n', ["clauses", "'loss'", "'lost'"]),
    ("clause without source", RULE + '[clauses.lost]\nclause = "x"\n', ["clauses.lost", "'source'"]),
    ("no rule table", "rule = 3\n", ["rule", "[[rule]]"]),
]  # fmt: skip


@pytest.mark.parametrize("body, words", [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_in_a_rule_is_named(tmp_path: Path, body: str, words: list[str]) -> None:
    path = write(tmp_path, HEAD + body)
    with pytest.raises(UsageError) as fault:
        load_policy(path)
    for word in [path, *words]:
        assert word in str(fault.value)


@pytest.mark.parametrize(
    "old, new, word",
    [
        ("k = 2", "k = 0", "k is 0"),
        ("k = 2", "k = -1", "k is -1"),
        ("k = 2", "k = nan", "k is nan"),
        ("k = 2", "k = true", "k is True"),
        ("k = 2\n", "", "'k' is missing"),
        ("schema = 1", "schema = 2", "schema is 2"),
        ("claim_days = 30", "claim_days = 0", "claim_days is 0"),
        ("claim_days = 30", "claim_days = 30.5", "claim_days is 30.5"),
        ("claim_days", "claim_day", "did you mean 'claim_days'"),
        ('version = "1"', "version = 1.1", "version"),
        ('id = "house"', "id = 3", "id is 3"),
    ],
)
def test_a_fault_at_the_top_is_named(tmp_path: Path, old: str, new: str, word: str) -> None:
    path = write(tmp_path, HEAD.replace(old, new) + RULE)
    with pytest.raises(UsageError) as fault:
        load_policy(path)
    assert word in str(fault.value) and path in str(fault.value)


@pytest.mark.parametrize("data", [b"schema = = 1", b"\xff\xfe\x00", b""])
def test_a_file_that_is_no_policy(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"p\.toml"):
        load_policy(str(path))


def test_an_unknown_name_gets_the_nearest_and_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'kdp'"):
        load_policy("kpd")
    with pytest.raises(UsageError, match="neither"):
        load_policy(str(tmp_path))


def test_judging_loads_no_image_library() -> None:
    code = "import sys, qc.judge.policy, qc.judge.judge, qc.judge.refund; print({'cv2', 'PIL', 'skimage'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("name", shipped())
def test_what_is_quoted_the_printer_wrote_and_all_else_says_that_it_is_ours(name: str) -> None:
    policy = load_policy(name)
    pages = "\n".join(p.read_text(encoding="utf-8") for p in (Path(__file__).parent / "data/policy").glob("*.txt"))
    assert policy.padding is not None
    sentences = [*policy.rules, *policy.clauses.values(), *policy.expected, policy.padding]
    quoted = [s for s in sentences if s.verbatim]
    assert len(quoted) > len(sentences) / 2
    for said in quoted:
        assert said.clause in pages and said.read_on is not None, said.clause
        assert said.cited == f"“{said.clause}”" and str(said.read_on) in said.standing
    for said in set(sentences) - set(quoted):
        assert said.read_on is None and "“" not in said.cited and said.cited.endswith("(our summary)")


@pytest.mark.parametrize("given", ["verbatim = true\n", "read_on = 2026-11-20\n"])
def test_a_quotation_states_when_it_was_read(tmp_path: Path, given: str) -> None:
    with pytest.raises(UsageError, match=r"rule shift: .* has both"):
        parse_policy((HEAD + RULE + given).encode(), tmp_path / "p.toml")


def test_a_policy_is_begun_with_the_shipped_file(tmp_path: Path, run_qc: Run) -> None:
    house = tmp_path / "house.toml"
    house.write_text(run_qc("policy", "show", "kdp", "--toml").out, "utf-8")
    assert run_qc("policy", "diff", "kdp", house).out.endswith("judge alike.\n")
    assert "verbatim" not in run_qc("policy", "check", house).out
    # Shipped rules of one sentence have limits of several; only a limit that was changed contradicts it.
    house.write_text(
        house.read_text("utf-8")
        .replace('outside = "> 3.2 mm"', 'outside = "> 2 mm"', 1)
        .replace('"< 0.125 in"', '"< 2 mm"', 1),
        "utf-8",
    )
    said = [line for line in run_qc("policy", "check", house).out.splitlines() if "verbatim = false" in line]
    assert len(said) == 1 and said[0].startswith("trim-offset-block: ") and "not those of kdp" in said[0]
