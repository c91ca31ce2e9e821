"""Pictures of the notebooks show the numbers they are given; without matplotlib it is said what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import Drawn

from qc.judge.policy import load_policy
from qc.pipeline import inspect_copy
from qc.reference.find import find_reference
from qc.scan.copy_folder import open_copy
from studies.cost import Costs, cost_curve
from studies.curves import histogram
from studies.example import example
from studies.labels import Label, agreed
from studies.sweep import Sweep, sweep

KDP = load_policy("kdp")
RULE = KDP.rule("trim-offset-block")
NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def test_without_matplotlib_it_is_said_what_to_install() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None; sys.modules['matplotlib.pyplot'] = None\n"
        "from qc.errors import MissingProgram\n"
        "try: import studies.plots\n"
        "except MissingProgram as error: print(error.exit_code, error)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=NOTEBOOKS, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("6 ") and "print-return-qc[notebooks]" in ran.stdout


@pytest.fixture(scope="module")
def swept() -> Sweep:
    drawn = example(KDP, titles=10, copies=60, seed=5201)
    truth, _ = agreed(Label(copy, decision, person) for copy, person, decision in drawn.labels)
    return sweep(drawn.inspections, truth, KDP, RULE.id, np.arange(2.0, 4.0, 0.1))


@pytest.fixture
def axes():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def test_a_histogram_has_every_copy_and_both_limits(axes, swept: Sweep) -> None:
    from studies import plots

    plots.histogram(axes, histogram(swept, 20), RULE, KDP.k, 0.05)
    bars = [bar.get_height() for container in axes.containers for bar in container]
    assert sum(bars) == len(swept.copies)
    assert sorted(line.get_xdata()[0] for line in axes.lines) == [3.175, 3.2]


def test_a_cost_plot_marks_the_best_limit_and_the_present(axes, swept: Sweep) -> None:
    from studies import plots

    curve = cost_curve(swept, Costs(14, 22, 3), draws=20)
    plots.cost(axes, curve, swept.present, RULE)
    assert any(curve.best in np.atleast_1d(line.get_xdata()) for line in axes.lines)
    assert any(f"best {curve.best:.2f} mm" in text.get_text() for text in axes.texts)


def test_a_slider_is_one_picture_where_nobody_can_drag() -> None:
    pytest.importorskip("matplotlib")
    from studies import plots

    drawn: list[float] = []
    plots.slider(drawn.append, 2.0, 4.0, 3.2, 0.1)
    assert drawn == [3.2]


def test_copies_without_scans_have_no_pictures(swept: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    from qc.judge.rejudge import flips
    from studies import plots
    from studies.sweep import with_limit

    drawn = example(KDP, titles=10, copies=60, seed=5201)
    changed = flips(drawn.inspections, KDP, with_limit(KDP, RULE.id, 2.5))
    assert changed and plots.crops(changed) == 0
    assert "no pictures" in capsys.readouterr().out


def test_a_verdict_that_flips_is_shown_where_its_scan_is(drawn: Drawn) -> None:
    pytest.importorskip("matplotlib").use("agg")
    import matplotlib.pyplot as plt

    from qc.judge.rejudge import flips
    from studies import plots
    from studies.sweep import with_limit

    copy = open_copy(drawn.copy)
    reference, note = find_reference(copy, None, drawn.titles)
    assert reference is not None, note
    inspection = inspect_copy(copy, reference, KDP)
    changed = flips([inspection], KDP, with_limit(KDP, RULE.id, 0.001, gap=0.0))
    assert plots.crops(changed) == 1
    (axes,) = plt.gcf().axes
    assert len(axes.lines) == 2 and len(axes.images) == 1 and copy.id in axes.get_title(loc="left") + axes.get_title()
    plt.close("all")
