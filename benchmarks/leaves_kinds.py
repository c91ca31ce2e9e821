"""Kinds of copy for `leaves_study`: how leaves were bound, scanned and delivered, and what of that is true.

A kind edits the shots of a `Plan` and states its truth: `true` lists what may be claimed for certain (all else is false),
`find` lists what has to be noticed. Positions count the interior pages scanned, from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from leaves_model import BLANK, Content, Leaf, Shot

Line = dict[str, Any]
JITTERS = (0.2, 0.05, 0.3, 0.1, 0.15, 0.25, 0.03, 0.2)
"""Jitter of print (mm) of copies with sheets that come twice, in turn; half of them lie in 0.15 to 0.3."""
CUT_TURNS = ("fore-edge", None, "spine", "head", "fore-edge", "tail")
WORDS = ("The Front Cover Story", "Back Cover Blues", "My Spine", "Target Practice", "A Wrap of Glass")
CALM = ["no-defect"]
PERSON = ["needs-review", "insufficient-evidence"]
NOT_BLAMED = [*CALM, *PERSON]
SEEN = ["defect", "needs-review"]


@dataclass
class Plan:
    """A copy to draw: the shots in the order of the scan, how all is stated, and its truth."""

    rng: np.random.Generator
    turn: int
    pages: int
    feeder: bool
    jitter: float
    complete: bool
    extras: int = 0
    direction: str = "ltr"
    stated: str | None = None
    printer: bool = False
    bleed: bool = False
    other: bool = False
    dpi_stated: bool = True
    stack: str | None = None
    words: str | None = None
    cuts: dict[str, float] = field(default_factory=dict)
    leaves: list[Leaf] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    true: list[Line] = field(default_factory=list)
    find: list[Line] = field(default_factory=list)
    groups: list[Line] = field(default_factory=list)
    want: list[str] = field(default_factory=lambda: CALM)

    def bind(self, sides: Sequence[Content] | None = None) -> None:
        """Make leaves of sides (of all pages by default) and one shot of each side."""
        wanted = list(sides or [Content(self.extras + n) for n in range(1, self.pages + 1)])
        wanted += [BLANK] * (len(wanted) % 2)
        self.leaves = [Leaf(wanted[i], wanted[i + 1]) for i in range(0, len(wanted), 2)]
        self.rescan(self.leaves)

    def rescan(self, leaves: Iterable[Leaf]) -> None:
        """Both sides of these leaves are the shots."""
        self.shots = [Shot(leaf, side) for leaf in leaves for side in (0, 1)]

    def at(self, *leaves: Leaf) -> list[int]:
        """Positions of the shots of these leaves."""
        interior = [s for s in self.shots if s.role == "page"]
        return [i for i, s in enumerate(interior, 1) if s.leaf in leaves]

    def some(self, count: int, gap: int = 2) -> list[int]:
        """Indices of that many leaves, none first or last, at least ``gap`` apart."""
        free = list(range(1, len(self.leaves) - 1))
        chosen: list[int] = []
        while free and len(chosen) < count:
            chosen.append(int(self.rng.choice(free)))
            free = [i for i in free if abs(i - chosen[-1]) >= gap]
        return sorted(chosen)

    def cut(self, edge: str | None) -> None:
        """Cut the block 3.7 to 5 mm too deep at an edge; half of the time the whole block lies that much off."""
        if edge is None:
            return
        self.cuts[edge] = -float(self.rng.uniform(3.7, 5.0))
        self.printer = self.printer or edge == "spine"
        other = {"head": "tail", "tail": "head", "spine": "fore-edge", "fore-edge": "spine"}[edge]
        if self.rng.random() < 0.5 and not self.bleed and (other != "spine" or self.printer):
            self.cuts[other] = -self.cuts[edge]
        self.want = SEEN

    def claim(self, measures: Sequence[str], pages: list[int | None], find: bool = True) -> None:
        """State a fact about the order of leaves: it may be claimed and, unless told otherwise, must be found."""
        self.true += [{"measure": m, "pages": pages} for m in measures]
        if find:
            self.find.append({"measures": list(measures), "pages": pages})


def sound(p: Plan) -> None:
    """Nothing is wrong."""
    p.bleed = p.rng.random() < 0.3


def _again(p: Plan) -> None:
    """One to three leaves captured twice: at once, as a run after a jam, or once more at the end."""
    form = ("next", "jam", "end", "next", "sides", "next")[p.turn % 6]
    if form == "jam":
        first, run = p.some(1)[0], int(p.rng.integers(2, 4))
        runs = [list(range(first, min(first + run, len(p.leaves) - 1)))]
    else:
        runs = [[i] for i in p.some(int(p.rng.integers(1, 4)))]
    for run_of in reversed(runs):
        shots = [Shot(p.leaves[i], side) for i in run_of for side in (0, 1)]
        last = 2 * run_of[-1] + 2
        if form == "end":
            p.shots += shots
        elif form == "sides" and not p.feeder:
            p.shots[last - 2 : last] = [p.shots[last - 2], shots[0], p.shots[last - 1], shots[1]]
        else:
            p.shots[last:last] = shots
    for index in sorted(i for run_of in runs for i in run_of):
        p.groups.append({"what": "again", "pages": p.at(p.leaves[index]), "form": form})


def fed_again_flatbed(p: Plan) -> None:
    """Sheets laid on the glass twice."""
    p.feeder = False
    _again(p)


def fed_again_feeder(p: Plan) -> None:
    """Sheets fed twice; a person may be asked."""
    p.feeder, p.want = True, NOT_BLAMED
    _again(p)


def one_side_again(p: Plan) -> None:
    """One side of a leaf captured twice: never certain."""
    for index in reversed(p.some(2)):
        side = int(p.rng.integers(2))
        p.shots.insert(2 * index + side + 1, Shot(p.leaves[index], side))
    p.want = NOT_BLAMED


def second_print(p: Plan) -> None:
    """Leaves bound twice: as contents the same, as paper and print others."""
    if p.turn % 4 == 3:
        first = p.some(1)[0]
        runs = [list(range(first, min(first + 2, len(p.leaves) - 1)))]
    else:
        runs = [[i] for i in p.some(1 + p.turn % 2, 3)]
    bound = list(p.leaves)
    pairs = []
    for run in reversed(runs):
        twins = [Leaf(p.leaves[i].front, p.leaves[i].back) for i in run]
        bound[run[-1] + 1 : run[-1] + 1] = twins
        pairs.append([*(p.leaves[i] for i in run), *twins])
    p.rescan(bound)
    for pair in pairs:
        pages: list[int | None] = [*p.at(*pair)]
        p.claim(["pages-duplicated", "pages-extra-inside"], pages)
        for one, two in zip(pair[: len(pair) // 2], pair[len(pair) // 2 :], strict=True):
            p.groups.append({"what": "second", "pages": p.at(one, two), "form": "bound"})
    p.want = SEEN


def two_formats(p: Plan) -> None:
    """Each pass delivered in two files: other format, gray beside color, half the resolution, or in two rows of files."""
    form, shots = p.turn % 4, list(p.shots)
    p.dpi_stated = form != 2
    twins = [Shot(s.leaf, s.side, like=s) for s in shots]
    for number, (one, two) in enumerate(zip(shots, twins, strict=True), 1):
        names = (
            (f"p-{number:04d}.jpg", f"p-{number:04d}.tif"),
            (f"p-{number:04d}.jpg", f"p-{number:04d}-gray.png"),
            (f"p-{number:04d}.png", f"p-{number:04d}-small.jpg"),
            (f"color-{number:04d}.jpg", f"gray-{number:04d}.tif"),
        )[form]
        one.name, two.name = names
        two.gray, two.half = form in (1, 3), form == 2
    p.shots = [*shots, *twins] if form == 3 else [s for pair in zip(shots, twins, strict=True) for s in pair]
    p.cut(("fore-edge", None, None, "tail", None, None)[p.turn % 6])


def identical_files(p: Plan) -> None:
    """The bytes of some files once more: beside them, or in the place of the next page's."""
    chosen = sorted(int(i) for i in p.rng.choice(len(p.shots) - 3, 2, replace=False) + 1)
    if p.turn % 2 == 0:
        for index in reversed(chosen):
            first = p.shots[index]
            first.name = f"p-{index + 1:04d}"
            p.shots.insert(index + 1, Shot(first.leaf, first.side, like=first, name=f"p-{index + 1:04d} (1)"))
    else:
        index = chosen[0]
        lost = p.shots[index + 1]
        p.shots[index + 1] = Shot(p.shots[index].leaf, p.shots[index].side, like=p.shots[index])
        p.complete, p.want = p.turn % 4 == 1, NOT_BLAMED
        if p.complete and lost.content.page:
            p.find.append({"measures": ["rescan", "any:pages-missing"], "pages": [lost.content.page]})


def fronts_only(p: Plan) -> None:
    """One side of every leaf was scanned."""
    side = int(p.turn % 5 == 4)
    p.shots = [s for s in p.shots if s.side == side]
    p.complete = p.turn % 2 == 0
    p.want = PERSON if p.complete else NOT_BLAMED
    if p.complete:
        p.find.append({"measures": ["rescan", "any:pages-missing"], "pages": None})
    p.cut("fore-edge" if p.turn % 3 == 1 else None)


def half_leaves(p: Plan) -> None:
    """Files of single sides were lost, while the scan is said to be complete."""
    p.complete, p.want = True, NOT_BLAMED
    for index in reversed(p.some(1 + p.turn % 3)):
        lost = p.shots.pop(2 * index + int(p.rng.integers(2)))
        if lost.content.page:
            p.find.append({"measures": ["rescan", "any:pages-missing"], "pages": [lost.content.page]})


def leaves_missing(p: Plan) -> None:
    """Whole leaves are not there; with ``complete`` that is true."""
    p.complete, run = p.turn % 4 != 3, 1 + p.turn % 2
    first = (p.some(1)[0], len(p.leaves) - run, 0)[p.turn % 3]
    first = min(first, len(p.leaves) - run)
    p.rescan(p.leaves[:first] + p.leaves[first + run :])
    if p.complete:
        p.want = SEEN
        p.claim(["pages-missing"], [2 * first + 1])
    else:
        p.want = NOT_BLAMED


def leaves_late(p: Plan) -> None:
    """Leaves of a sound copy were scanned last."""
    p.complete = p.turn % 2 == 0
    late = [p.leaves[i] for i in p.some(1 + p.turn // 2 % 2)]
    p.rescan([leaf for leaf in p.leaves if leaf not in late] + late)
    p.want = ["needs-review"] if p.complete else NOT_BLAMED
    p.find.append({"measures": ["flag:scanned-late", "any:pages-out-of-order"], "pages": None})
    p.cut("fore-edge" if p.turn % 4 == 3 else None)


def leaf_moved(p: Plan) -> None:
    """A leaf is bound in a wrong place, two to four places away."""
    old, step = 1 + int(p.rng.integers(len(p.leaves) - 5)), int(p.rng.integers(2, 5))
    new = min(old + step, len(p.leaves) - 2)
    if p.turn % 2:
        old, new = new, old
    order = list(p.leaves)
    order.insert(new, order.pop(old))
    p.rescan(order)
    p.complete, p.want = True, SEEN
    reach = range(2 * min(old, new) + 1, 2 * max(old, new) + 3)
    near = {*p.at(p.leaves[old]), 2 * old + 1, 2 * old + 2}
    pages: list[int | None] = [i for i in reach if i in near]
    p.claim(["pages-out-of-order"], pages)


def _extra(p: Plan, printed: bool) -> None:
    """Leaves between content that nobody ordered: blank, or of another book."""
    p.other = printed
    bound = list(p.leaves)
    runs = []
    for number, index in enumerate(reversed(p.some(1 + p.turn % 2, 3))):
        sides = [Content(2 * number + 1 + s, other=True) if printed else BLANK for s in range(4)]
        run = [Leaf(sides[0], sides[1]), Leaf(sides[2], sides[3])][: 2 if p.turn % 4 == 3 else 1]
        bound[index + 1 : index + 1] = run
        runs.append(run)
    p.rescan(bound)
    p.want = SEEN
    for run in runs:
        pages: list[int | None] = [*p.at(*run)]
        p.claim(["pages-extra-inside", "pages-foreign"] if printed else ["pages-extra-inside"], pages)


def shifted_print(p: Plan) -> None:
    """A blank side was bound before page 1: every page stands on the other side."""
    pages = [s.content for s in p.shots]
    p.bind([BLANK, *pages])
    p.want = ["no-defect", "needs-review"]
    p.find.append({"measures": ["flag:sides", "pages-extra-inside"], "pages": None})
    p.cut(CUT_TURNS[p.turn % 6])
    p.claim(["pages-extra-inside"], [1], find=False)


def shifted_scan(p: Plan) -> None:
    """The blank inside of the cover was scanned first; page 1 is a recto all the same."""
    p.shots.insert(0, Shot(Leaf(BLANK, BLANK), 1))
    p.cut(CUT_TURNS[p.turn % 6])


def pdf_front(p: Plan) -> None:
    """One or two pages (a cover) stand in the PDF before the first page of the block."""
    p.extras, p.complete = 1 + p.turn % 2, p.turn % 4 >= 2
    p.bleed = p.turn % 3 == 2
    p.bind()
    p.want = NOT_BLAMED if p.complete else CALM
    p.cut(CUT_TURNS[(p.turn // 2) % 6])


def _rtl(p: Plan, stated: str | None) -> None:
    """Right to left, by the PDF, title.toml or copy.toml."""
    p.direction, p.stated, p.bleed = "rtl", stated, p.rng.random() < 0.3
    p.cut(CUT_TURNS[p.turn % 6])


def rtl_unstated(p: Plan) -> None:
    """Right to left, and nobody says so."""
    _rtl(p, None)
    if not p.cuts:
        p.want = NOT_BLAMED


def cut_deep(p: Plan) -> None:
    """An ordinary copy cut too deep at one edge."""
    p.bleed = p.rng.random() < 0.3
    p.cut(("fore-edge", "head", "spine", "tail")[p.turn % 4])


def foreign_whole(p: Plan) -> None:
    """The block of another book."""
    p.other = True
    p.bind([Content(n, other=True) for n in range(1, p.pages + 1)])
    p.claim(["pages-foreign"], [1, None])
    p.want = ["needs-review"]


def foreign_from(p: Plan) -> None:
    """From a leaf on, early in the book, all pages are those of another."""
    p.other = True
    first = 2 * int(p.rng.integers(1, max(2, len(p.leaves) // 3))) + 1
    p.bind([Content(n, other=n >= first) for n in range(1, p.pages + 1)])
    p.claim(["pages-foreign"], [first])
    p.want = ["needs-review"]


def covers_stack(p: Plan) -> None:
    """All in one TIFF, covers first and last, their insides blank."""
    p.other, p.stack, p.complete = True, ("folder", "file")[p.turn % 2], False
    front, back = Leaf(Content(1, other=True), BLANK), Leaf(BLANK, Content(2, other=True))
    covers = [Shot(front, 0, role="cover-front"), Shot(front, 1, role="inside")]
    ends = [Shot(back, 0, role="inside"), Shot(back, 1, role="cover-back")]
    p.shots = [*covers, *p.shots, *ends]
    p.find.append({"measures": ["role:cover-front"], "pages": None})


def role_words(p: Plan) -> None:
    """The title of the book, in all file names, has words that name roles."""
    p.words = WORDS[p.turn % len(WORDS)]
    p.cut(None if p.turn % 3 else "fore-edge")


KINDS: dict[str, Callable[[Plan], None]] = {
    **{f.__name__.replace("_", "-"): f for f in (sound, fed_again_flatbed, fed_again_feeder, one_side_again)},
    **{f.__name__.replace("_", "-"): f for f in (second_print, two_formats, identical_files, fronts_only, half_leaves)},
    **{f.__name__.replace("_", "-"): f for f in (leaves_missing, leaves_late, leaf_moved)},
    "extra-blank": partial(_extra, printed=False),
    "extra-printed": partial(_extra, printed=True),
    **{f.__name__.replace("_", "-"): f for f in (shifted_print, shifted_scan, pdf_front)},
    **{f"rtl-{stated}": partial(_rtl, stated=stated) for stated in ("pdf", "title", "copy")},
    **{f.__name__.replace("_", "-"): f for f in (rtl_unstated, cut_deep, foreign_whole, foreign_from, covers_stack)},
    "role-words": role_words,
}
SCHEDULE = (*KINDS, "second-print", "fed-again-flatbed", "second-print", "sound")
"""Kinds in turn; sheets that come twice come more often, for their shares are to be known better."""
TWICE = ("second-print", "fed-again-flatbed", "fed-again-feeder")


def plan(seed: int) -> tuple[str, Plan]:
    """Kind and plan of a seed: kinds in turn, and within a kind its variants in turn."""
    slot, turn = seed % 1000 % len(SCHEDULE), seed % 1000 // len(SCHEDULE)
    kind = SCHEDULE[slot]
    turn = turn * SCHEDULE.count(kind) + SCHEDULE[:slot].count(kind)  # each visit of a kind is its next variant
    rng = np.random.default_rng([seed, 1])
    pages = 2 * int(rng.integers(7, 12))
    jitter = JITTERS[turn % len(JITTERS)] if kind in TWICE else float(np.exp(rng.uniform(np.log(0.03), np.log(0.3))))
    p = Plan(rng, turn, pages, bool(rng.random() < 0.5), jitter, bool(rng.random() < 0.5))
    p.bind()
    if kind == "second-print":
        p.feeder = turn % 3 == 2
    KINDS[kind](p)
    return kind, p
