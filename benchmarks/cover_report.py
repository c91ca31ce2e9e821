"""What `cover_study.py report` prints."""

import json


def read_lines(path):
    return [json.loads(t) for t in path.read_text().splitlines()] if path.exists() else []


def report(lines): ...
