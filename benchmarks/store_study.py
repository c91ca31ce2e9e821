"""What a large store costs: bytes, and time and memory of export, index, judge and decide.

    python benchmarks/store_study.py samples/returns/RMA-10481 --titles samples/titles --copies 10000 --store /tmp/qc.db

The copy is inspected once and stored under as many ids, every tenth with a decision. Each command then runs in a process of its
own; printed are its processor seconds and the most memory it held. A store that is there already is only read.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from qc.batch.job import Job
from qc.batch.store import Store
from qc.batch.work import inspect_one
from qc.judge.policy import load_policy
from qc.model import VerdictOutcome

RUN = """import resource, sys
sys.path.insert(0, {code!r})
{work}
used = resource.getrusage(resource.RUSAGE_SELF)
# not ru_maxrss, which begins at what the parent held
most = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(f"{{used.ru_utime + used.ru_stime:8.1f}} s {{most / 1024:8.0f}} MB  {what}", file=sys.stderr)
"""
INDEX = """from pathlib import Path
from qc.batch.overview import publish, stored_rows
from qc.batch.store import Store
with Store(Path({store!r})) as store:
    publish(store, list(stored_rows(store).values()), Path({out!r}), "Returns")
"""
FIRST = 250
"""Copies that are stored one by one; the others repeat their rows."""
COMMAND = "import qc.cli; qc.cli.main.main({words!r}, standalone_mode=False)"


def fill(path: Path, copy: Path, titles: Path, copies: int, out: Path) -> None:
    policy = load_policy()
    result = inspect_one(Job(copy, "RMA-1", out, policy, titles=titles), lambda: None)
    assert result.inspection is not None, result.row.message
    first = min(copies, FIRST)
    with Store(path, create=True) as store:
        run = store.begin_run("study")
        for n in range(first):
            one = replace(result.inspection, copy=replace(result.inspection.copy, id=f"RMA-{n}"))
            number = store.add(one, policy, run, key=str(n), report=str(out / f"RMA-{n}" / "report.html"))
            if n % 10 == 0:
                store.add_decision(number, VerdictOutcome.DEFECT, None, "A. Mueller", "Seen on the copy.", "cut-wrong")
    with closing(sqlite3.connect(path)) as db:
        for more in range(first, copies, first):
            for table in ("inspections", "observations", "verdicts", "decisions"):
                _repeat(db, table, first, more)
            db.commit()


def _repeat(db: sqlite3.Connection, table: str, first: int, more: int) -> None:
    """Add the rows of the first copies once more, as those of others: SQLite is faster at it than `Store.add`."""
    columns = [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})") if name != "id"]
    number = "id" if table == "inspections" else "inspection_id"
    other = {"name": f"'RMA-' || (id + {more} - 1)", "inspection_id": f"inspection_id + {more}"}
    if table == "inspections":
        other["copy"] = other["name"]
    if table == "decisions":
        other["verdict_id"] = "NULL"
    values = ", ".join(other.get(name, f'"{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    db.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {number} <= {first}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("copy", type=Path)
    parser.add_argument("--titles", type=Path, required=True)
    parser.add_argument("--copies", type=int, default=1000)
    parser.add_argument("--store", type=Path, required=True)
    asked = parser.parse_args()
    code = str(Path(__file__).parents[1])
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        if not asked.store.exists():
            fill(asked.store, asked.copy, asked.titles, asked.copies, out)
        print(f"{os.path.getsize(asked.store) / 1e6:8.1f} MB in the store", file=sys.stderr)
        works = {"index and summary": INDEX.format(store=str(asked.store), out=folder)}
        export = ["export", "--store", str(asked.store), "--format"]
        commands = {
            "export csv": [*export, "csv"],
            "export csv, observations": [*export, "csv", "--what", "observations"],
            "export jsonl": [*export, "jsonl"],
            "judge": ["judge", "--store", str(asked.store), "--policy", "ingram"],
            "decide": ["decide", "RMA-7", "no-defect", "--store", str(asked.store), "--by", "A. Mueller"],
        }
        works |= {name: COMMAND.format(words=words) for name, words in commands.items()}
        for what, work in works.items():
            text = RUN.format(code=code, work=work, what=what)
            subprocess.run([sys.executable, "-c", text], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
