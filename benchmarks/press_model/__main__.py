"""Draw one copy: ``python -m press_model OUT --seed 1 --pages 12 [--color] [--plants] [--whole KIND]``."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from . import draw, faults


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pages", type=int, default=12)
    parser.add_argument("--color", action="store_true")
    parser.add_argument("--plants", action="store_true", help="every fault on every page that can have it")
    parser.add_argument("--whole", choices=faults.WHOLE)
    args = parser.parse_args()
    plants = [(k, n) for n in range(1, args.pages + 1) for k in faults.KINDS] if args.plants else []
    start = time.process_time()
    truth = draw(args.out, args.seed, pages=args.pages, color=args.color, plants=plants, whole=args.whole)
    scans = len(truth["pages"]) + len(truth["plants"])
    spent = time.process_time() - start
    print(f"{scans} scans, {spent:.1f} s CPU, {spent / scans:.2f} s a scan")


if __name__ == "__main__":
    main()
