"""How often dates, places and barcodes of drawn imprint pages are read, and ISBNs of photographed covers.

    python benchmarks/imprint_study.py --pages 200 --seed 5000 [--keep FOLDER]
    python benchmarks/imprint_study.py --isbn FOLDER      pictures, each beside a .txt that holds the number

Seeds below 5000 served for tuning. Fonts beyond the standard ones of PDF are taken from the system where it has them;
without a Japanese font no Japanese dates are drawn.
"""

from __future__ import annotations

import argparse
import pickle
import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import zxingcpp

from qc.features.text.barcode import read_isbns
from qc.features.text.codes import PLANTS
from qc.features.text.imprint import read_imprint
from qc.features.text.ocr import reader
from qc.synthetic import Scanner
from qc.synthetic.flat import draw_flat, sheet_of_pdf
from qc.synthetic.imprint import imprint_page

LATEST = date(2026, 11, 1)
FONTS = Path("/usr/share/fonts/truetype")
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
WORDINGS: tuple[tuple[str, str, tuple[str, ...], bool], ...] = (
    # language of the date, country, lines, whether a date stands below
    ("en", "USA", ("Made in the USA", "Columbia, SC"), True),
    ("en", "USA", ("Made in the USA", "Lexington, KY"), True),
    ("en", "USA", ("Made in the USA", "Middletown, DE"), True),
    ("en", "USA", ("Made in the USA", "Las Vegas, NV"), True),
    ("en", "Canada", ("Made in Canada", "Bolton, ON"), True),
    ("en", "United Kingdom", ("Printed in Great Britain", "by Amazon"), True),
    ("en", "United Kingdom", ("Printed in Great Britain", "by Amazon.co.uk, Ltd.,", "Marston Gate."), False),
    ("de", "Germany", ("Printed in Germany", "by Amazon Distribution", "GmbH, Leipzig"), True),
    ("de", "Germany", ("Gedruckt in Deutschland", "von Amazon Distribution GmbH"), True),
    ("fr", "France", ("Imprimé en France", "par Amazon", "Brétigny-sur-Orge, FR"), True),
    ("it", "Italy", ("Stampato in Italia", "da Amazon Italia Logistica S.r.l.", "Torrazza Piemonte (TO)"), True),
    ("es", "Spain", ("Impreso en España", "por Amazon"), True),
    ("pl", "Poland", ("Printed in Poland", "by Amazon Fulfillment", "Poland Sp. z o.o., Wrocław"), True),
    ("pl", "Poland", ("Wydrukowano w Polsce", "przez Amazon Fulfillment"), True),
    ("nl", "Netherlands", ("Gedrukt in Nederland", "door Amazon"), True),
    ("en", "Australia", ("Printed in Australia", "AUHW011234210922"), False),
    ("ja", "Japan", ("Printed in Japan", "Amazon.co.jp"), True),
    ("en", "Italy", ("Printed by Amazon Italia Logistica S.r.l.", "Torrazza Piemonte (TO), Italy"), True),
    ("en", "United Kingdom", ("Printed in Great", "Britain by Amazon"), False),
    ("de", "Germany", ("Printed by Amazon Distribution", "GmbH, Leipzig, Germany"), True),
    ("en", "Germany", ("Printed by BoD in Norderstedt, Germany",), False),
    ("code", "USA", ("CPSIA information can be obtained", "at www.ICGtesting.com", "Printed in the USA"), True),
    ("code", "USA", ("Printed in the USA",), True),
    ("code", "USA", ("CPSIA information can be obtained", "at www.ICGtesting.com"), True),
)
CODES = ("Code128", "Code128", "I2of5", "ECC200DataMatrix", "QR", "")
CONDITIONS = ("clean", "noise", "blur", "skew", "low contrast", "all")


@dataclass(frozen=True)
class Truth:
    day: date | None
    ambiguous: bool
    country: str
    code: str
    language: str
    condition: str
    upside_down: bool
    lines: tuple[str, ...]


def date_text(rng: random.Random, day: date, language: str) -> tuple[str, bool]:
    """A date as it may be printed, and whether its numerals can be read either way; or the code of a plant."""
    if language == "code":
        letters = rng.choice(list(PLANTS)) + rng.choice(("OW", "HW"))
        return f"{letters}{rng.randrange(10**6):06}{day:%d%m%y}", False
    if language == "ja":
        return f"{day.year}年{day.month}月{day.day}日", False
    month = MONTHS[language].split()[day.month - 1]
    if rng.random() < 0.1:
        sign = "/" if language == "en" else rng.choice("./")
        return f"{day:%d}{sign}{day:%m}{sign}{day:%Y}", day.day <= 12 and day.day != day.month
    if rng.random() < 0.06:
        return day.isoformat(), False
    if language == "en":
        kinds = (f"{day:%d} {month} {day.year}", f"{month} {day.day}, {day.year}", f"{day.day} {month[:3]} {day.year}")
        return rng.choices(kinds, (6, 3, 1))[0], False
    if language == "de":
        return f"{day.day}. {month} {day.year}", False
    if language == "es":
        return f"{day.day} de {month} de {day.year}", False
    return f"{day:%d} {month} {day.year}", False


def drawn(seed: int, dpi: float | None) -> tuple[np.ndarray, float, Truth]:
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    japanese = FONTS / "droid" / "DroidSansFallbackFull.ttf"
    wordings = [w for w in WORDINGS if w[0] != "ja" or japanese.exists()]
    language, country, lines, dated = rng.choice(wordings)
    day = date(2010, 1, 1) + timedelta(days=rng.randrange((LATEST - date(2010, 1, 1)).days))
    text, ambiguous = date_text(rng, day, language)
    fonts: list[str | Path] = ["Helvetica", "Times-Roman", "Helvetica-Oblique", "Times-Italic"]
    for name in (
        "dejavu/DejaVuSans.ttf",
        "liberation/LiberationSans-Regular.ttf",
        "liberation/LiberationSerif-Regular.ttf",
    ):
        if (FONTS / name).exists():
            fonts.append(FONTS / name)
    font = rng.choice(fonts if language != "pl" else fonts[4:] or fonts)
    if dated:
        lines = (*lines, text)
    if language == "code":
        lines = (*lines, f"{rng.randrange(10**6)}LV000{rng.randrange(10**2):02}B/{rng.randrange(10**4)}")
    kind = rng.choice(CODES)
    digits = "".join(rng.choice("0123456789") for _ in range(12))
    code = {"Code128": f"{digits[:6]}UK00001B", "I2of5": digits, "ECC200DataMatrix": f"LS{digits}", "QR": digits}.get(
        kind, ""
    )
    condition = rng.choice(CONDITIONS)
    upside_down = rng.random() < 0.25
    every = condition == "all"
    scanner = Scanner(
        dpi=dpi or rng.choice((300.0, 300.0, 200.0, 400.0, 600.0)),
        skew_deg=(180.0 if upside_down else 0.0)
        + (rng.uniform(-2.5, 2.5) if condition == "skew" or every else rng.uniform(-0.3, 0.3)),
        read=rng.uniform(0.01, 0.02) if condition == "noise" or every else 0.003,
        blur_px=rng.uniform(1.0, 1.5) if condition == "blur" or every else 0.6,
        backing=(rng.choice((0.03, 0.3)),) * 3,
        quality=rng.choice((70, 85, 95)),
    )
    ink = rng.uniform(0.25, 0.45) if condition == "low contrast" or every else rng.uniform(0.03, 0.2)
    trim = (127.0, 152.0)
    module = rng.uniform(0.25, 0.4)
    beside = rng.random() < 0.3 and kind in ("ECC200DataMatrix", "QR")
    pdf = imprint_page(
        lines,
        code=(kind, code) if kind else None,
        module_mm=module,
        font=font,
        cjk=japanese if language == "ja" else None,
        size_pt=rng.uniform(7.0, 9.0),
        trim_mm=trim,
        code_right=beside,
        left_mm=rng.uniform(8, 20),
        foot_mm=rng.uniform(8, 20),
    )
    paper = rng.uniform(0.7, 0.86)
    pixels, _ = draw_flat(sheet_of_pdf(pdf, paper=paper, ink=ink), scanner, noise, (trim[0] + 14, trim[1] + 14))
    gray = np.asarray(pixels if pixels.ndim == 2 else pixels[..., 0], np.uint8)
    gray = cv2.imdecode(
        cv2.imencode(".jpg", gray, [cv2.IMWRITE_JPEG_QUALITY, scanner.quality])[1], cv2.IMREAD_GRAYSCALE
    )
    return (
        gray,
        scanner.dpi,
        Truth(day if dated else None, ambiguous and dated, country, code, language, condition, upside_down, lines),
    )


def study(pages: int, seed: int, dpi: float | None, keep: Path | None, verbose: bool) -> None:
    counts: Counter[str] = Counter()
    used = 0.0
    with reader() as engine:
        for s in range(seed, seed + pages):
            at = keep / f"{s}-{dpi or 'mixed'}.pickle" if keep else None
            if at is not None and at.exists():
                gray, at_dpi, truth = pickle.loads(at.read_bytes())
            else:
                gray, at_dpi, truth = drawn(s, dpi)
                if at is not None:
                    at.parent.mkdir(parents=True, exist_ok=True)
                    at.write_bytes(pickle.dumps((gray, at_dpi, truth)))
            before = time.process_time()
            got = read_imprint(gray, at_dpi, engine, LATEST)
            used += time.process_time() - before
            marks = judged(truth, got)
            counts.update(marks)
            wrong = [
                m
                for m in marks
                if m.split(":")[0] in ("missed", "wrong", "invented", "code wrong", "code missed", "place wrong")
            ]
            if verbose and (wrong or "exact: flagged" in marks or "place missed" in marks):
                print(s, at_dpi, truth, got and (got.lines, got.printed, got.codes), marks, sep="\n   ", flush=True)
    print(f"{pages} pages from seed {seed}, {used / pages:.2f} s of CPU a page")
    for name, count in sorted(counts.items()):
        print(f"  {name:24} {count}")


def judged(truth: Truth, got: Any) -> list[str]:
    marks = ["dated" if truth.day else "undated"]
    printed = got.printed if got else None
    if truth.day is None:
        if printed:
            marks.append(f"invented: {'flagged' if printed.doubts else 'UNFLAGGED'}")
    elif printed is None:
        marks.append("missed")
    else:
        right = printed.day == truth.day or (truth.ambiguous and truth.day in printed.others)
        state = "flagged" if printed.doubts else "sure" if right else "UNFLAGGED"
        how = " (ambiguous numerals)" if truth.ambiguous else " (code)" if truth.language == "code" else ""
        marks.append(f"{'exact' if right else 'wrong'}: {state}{how}")
    place = got.place if got else None
    named = place.country if place else None
    marks.append("place right" if named == truth.country else "place missed" if named is None else "place wrong")
    if truth.code:
        texts = [c.text for c in got.codes] if got else []
        marks.append("code right" if texts == [truth.code] else "code missed" if not texts else "code wrong")
    elif got and got.codes:
        marks.append("code wrong")
    return marks


def isbn_study(folder: Path) -> None:
    """Numbers of the pictures in `folder` by zxing-cpp alone, by pyzbar where it is installed, and by qc."""
    try:
        from pyzbar import pyzbar
    except ImportError:
        pyzbar = None
    ean = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.EAN13])
    rows: dict[str, Counter[str]] = {}

    def mark(name: str, texts: list[str], truth: str) -> None:
        rows.setdefault(name, Counter()).update(
            {"right": truth in texts, "wrong": any(t != truth for t in texts), "nothing": not texts}
        )

    for path in sorted(folder.glob("*.png")):
        truth = path.with_suffix(".txt").read_text().strip()
        gray = np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)
        mark("zxing-cpp", [b.text.split()[0] for b in zxingcpp.read_barcodes(gray, formats=ean)], truth)
        if pyzbar is not None:
            read = pyzbar.decode(gray, symbols=[pyzbar.ZBarSymbol.EAN13, pyzbar.ZBarSymbol.ISBN13])
            mark("pyzbar", [b.data.decode() for b in read], truth)
        mark("qc, any", [c.isbn for c in read_isbns(gray)], truth)
        mark("qc, sure", [c.isbn for c in read_isbns(gray) if c.sure], truth)
        mark("qc, sure, ISBN ordered", [c.isbn for c in read_isbns(gray, [truth]) if c.sure], truth)
    for name, row in rows.items():
        print(f"  {name:24} right {row['right']:3}  wrong {row['wrong']:3}  nothing {row['nothing']:3}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--seed", type=int, default=5000)
    parser.add_argument("--dpi", type=float, help="one resolution for all pages; 200 to 600 mixed if not given")
    parser.add_argument("--keep", type=Path, help="folder for the drawn pages")
    parser.add_argument("--isbn", type=Path, help="folder of pictures with numbers beside them")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the pages that went wrong")
    args = parser.parse_args()
    if args.isbn:
        isbn_study(args.isbn)
    else:
        study(args.pages, args.seed, args.dpi, args.keep, args.verbose)


if __name__ == "__main__":
    main()
