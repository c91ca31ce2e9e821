"""Explanations of a fold weighed against each other."""

from __future__ import annotations

import pytest

from qc.edges.fold_place import MOST_U_MM, U_FOLD_MM, Explanation, weigh

LEFT = 5e-5


def test_one_explanation_stands_as_it_is() -> None:
    place = weigh([Explanation(0.4, 0.02, LEFT, True), Explanation(0.41, 0.02, 1.2 * LEFT, True)])
    assert place.inside_mm == pytest.approx(0.4)
    assert U_FOLD_MM < place.u_mm < 0.1


@pytest.mark.parametrize("apart_mm", [0.3, 0.9])
def test_rivals_widen_u_by_how_far_they_lie_apart(apart_mm: float) -> None:
    place = weigh([Explanation(0.0, 0.02, LEFT, True), Explanation(apart_mm, 0.02, LEFT, True)])
    assert place.inside_mm == pytest.approx(apart_mm / 2)
    assert apart_mm / 2 < place.u_mm < apart_mm / 2 + 0.1
    assert (place.u_mm > MOST_U_MM) == (apart_mm > 0.6)


def test_a_fold_without_a_wall_is_likelier_and_a_bad_rival_counts_for_nothing() -> None:
    alike = weigh([Explanation(0.0, 0.02, LEFT, False), Explanation(0.5, 0.02, LEFT, True)])
    assert alike.inside_mm < 0.1
    clear = weigh([Explanation(0.0, 0.02, LEFT, True), Explanation(1.0, 0.02, 10 * LEFT, True)])
    assert abs(clear.inside_mm) < 0.01
    assert clear.u_mm < 0.1
