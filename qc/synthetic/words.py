"""A few hundred words of text written for this purpose; sentences are drawn from it in any order."""

from __future__ import annotations

import numpy as np

_TEXT = """
The long field lay open to the west, and in the evening the light came over it like water over a weir. Nobody had
plowed it since the old man died. His brother kept the fence in order, walked the ditch twice a year and said that
the ground would wait. There was a gate of five bars, a trough with a cracked lip, and a hawthorn that leaned as if
it were listening. In March the lapwings came. In June the hay stood high enough to hide a child, and in September
somebody from the village cut it and took it away without asking. Letters arrived for the house long after the house
was empty. They were put in a tin box under the stairs, tied in bundles of twelve, and nobody read them. One winter
the roof of the barn gave way beneath the snow; the sound was heard as far as the mill. A surveyor came with a chain
and a boy to carry it. He measured the boundary from stone to stone, wrote the figures in a narrow book, and found
that the field was longer by eleven yards than the deed allowed. What had been given away without a word was given
back in the same manner. The clerk entered the difference in red ink. She remembered how quiet it was, how every
voice seemed to begin in the next valley and reach them only when it was tired. Bread, salt, a candle, a knife with a
bone handle: these were on the table when they opened the door. He asked what the name of the place had been before
the maps were drawn. It had been called many things, she said, and most of them meant far away. Rain was expected by
noon. By ten o'clock the swallows were low over the grass, and the two of them went down to the road together,
carrying the box between them and speaking of other years. At the bridge they stopped. The river had risen during the
night, quick and brown, with branches turning in it, and the posts of the jetty trembled as each one passed. We shall
have to go round by the quarry, he said, unless you would rather wait. She did not answer at once. Then she laughed,
which he had not heard for a long time, and put the bundle of letters, unread, into the pocket of her coat.
"""

SENTENCES = tuple(s.rstrip(".") + "." for s in " ".join(_TEXT.split()).split(". "))
TITLES = (
    "The Gate",
    "Lapwings",
    "A Tin Box",
    "The Surveyor",
    "Eleven Yards",
    "By the Quarry",
    "High Water",
    "The Deed",
)


def paragraph(rng: np.random.Generator, sentences: int) -> list[str]:
    """Words of a paragraph of `sentences` sentences; which ones depends on `rng`, and single words are exchanged."""
    words = " ".join(SENTENCES[i] for i in rng.choice(len(SENTENCES), sentences, replace=sentences > 10)).split()
    for i in np.flatnonzero(rng.random(len(words)) < 0.15):
        swap = int(rng.integers(len(words)))
        words[i], words[swap] = words[swap], words[i]
    return words
