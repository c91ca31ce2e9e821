"""English-looking text from a small word list of this model's own: sentences, paragraphs, titles, verse."""

from __future__ import annotations

import numpy as np


def _list(text: str) -> list[str]:
    return text.split()


ARTICLES = _list("the the the a his her our their this that every another one no")
ADJECTIVES = _list("""old quiet narrow small bright gray heavy distant wooden broken gentle early late cold warm silver
empty
curious patient stubborn northern southern hollow ragged crooked ordinary careful sudden familiar forgotten weathered
unfinished considerable transparent inexplicable pale deep long dark low tall blue""")
NOUNS = _list("""keeper lantern door harbor letter winter garden road river window kitchen mother brother stranger
captain
teacher village mountain island boat field orchard clock table chair paper book page word voice story morning evening
night summer rain snow wind bridge station train street corner market bread kettle fire stone wall gate key coat hand
face shoulder shadow light mirror photograph map compass telescope instrument machine engine wheel rope sail horse
crow sparrow fox salmon apple pear walnut ledger account argument question answer promise secret neighborhood
correspondence arrangement""")
VERB_LIST = [
    "carried",
    "opened",
    "followed",
    "remembered",
    "watched",
    "crossed",
    "found",
    "left",
    "kept",
    "heard",
    "answered",
    "counted",
    "painted",
    "mended",
    "wanted",
    "forgot",
    "described",
    "measured",
    "promised",
    "borrowed",
    "noticed",
    "examined",
    "lifted",
    "closed",
    "turned",
    "wrote",
    "read",
    "sold",
    "bought",
    "hid",
    "told",
    "understood",
    "gathered",
    "waited for",
    "looked at",
    "listened to",
    "walked past",
    "gave up",
    "thought about",
]
PREPOSITIONS = _list("""through across under above behind beside near toward without after before against between
around
within beyond upon over""")
ADVERBS = _list("slowly again always never already perhaps quietly once still almost often afterward")
CONNECTIVES = ["and", "but", "while", "because", "so that", "until", "although", "and then", "when", "for"]
NAMES = _list("Anna Tobias Miriam Walter Helen Ruben Clara Edmund Ida Jonas Martha Simon Greta Oliver")


def _pick(rng: np.random.Generator, words: list[str]) -> str:
    return words[int(rng.integers(len(words)))]


def phrase(rng: np.random.Generator) -> str:
    """Return a noun phrase such as ``the old lantern``."""
    if rng.random() < 0.12:
        return _pick(rng, NAMES)
    adjective = _pick(rng, ADJECTIVES) + " " if rng.random() < 0.55 else ""
    word = _pick(rng, ARTICLES)
    rest = adjective + _pick(rng, NOUNS)
    if word == "a" and rest[0] in "aeiou":
        word = "an"
    return f"{word} {rest}"


def clause(rng: np.random.Generator) -> str:
    """Return a clause with subject, verb, object and sometimes a place."""
    parts = [phrase(rng)]
    if rng.random() < 0.2:
        parts.append(_pick(rng, ADVERBS))
    parts += [_pick(rng, VERB_LIST), phrase(rng)]
    if rng.random() < 0.5:
        parts += [_pick(rng, PREPOSITIONS), phrase(rng)]
    return " ".join(parts)


def sentence(rng: np.random.Generator) -> str:
    """Return one sentence of 4 to about 35 words."""
    text = clause(rng)
    for _ in range(int(rng.integers(0, 3))):
        join = _pick(rng, CONNECTIVES)
        text += (", " if rng.random() < 0.6 else " ") + join + " " + clause(rng)
    draw = rng.random()
    if draw < 0.1:
        text = f"\u201c{text[0].upper()}{text[1:]},\u201d said {_pick(rng, NAMES)}"
        return text + "."
    end = "?" if draw < 0.16 else ("!" if draw < 0.19 else ".")
    return text[0].upper() + text[1:] + end


def paragraph(rng: np.random.Generator) -> str:
    """Return a paragraph of one to seven sentences."""
    return " ".join(sentence(rng) for _ in range(int(rng.integers(1, 8))))


def title(rng: np.random.Generator) -> str:
    """Return a title of two to six words."""
    form = int(rng.integers(3))
    noun = _pick(rng, NOUNS).capitalize()
    if form == 0:
        return f"The {_pick(rng, ADJECTIVES).capitalize()} {noun}"
    if form == 1:
        return f"{noun} and {_pick(rng, NOUNS).capitalize()}"
    return f"A {noun} {_pick(rng, PREPOSITIONS)} the {_pick(rng, NOUNS).capitalize()}"


def verse(rng: np.random.Generator, lines: int) -> list[str]:
    """Return ``lines`` lines of verse, of varied length."""
    out = []
    for _ in range(lines):
        draw = rng.random()
        if draw < 0.35:
            text = phrase(rng)
        elif draw < 0.6:
            text = f"{_pick(rng, PREPOSITIONS)} {phrase(rng)}"
        else:
            text = f"{phrase(rng)} {_pick(rng, VERB_LIST)} {phrase(rng)}"
        mark = _pick(rng, ["", "", ",", ";", ".", ","])
        out.append(text[0].upper() + text[1:] + mark)
    return out


def label(rng: np.random.Generator) -> str:
    """Return one capitalized noun, for a table row or a diagram."""
    return _pick(rng, NOUNS).capitalize()
