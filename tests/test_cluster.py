"""A night over several machines: two workers of a real scheduler, of which one is killed, and what is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from conftest import Drawn, Run
from work_of_a_runner import work

from qc.batch.cluster import Cluster
from qc.batch.environment import differing, outlook
from qc.batch.job import Job
from qc.batch.store import Store
from qc.errors import ClusterFault, UsageError
from qc.judge.policy import load_policy

ROOT = Path(__file__).parents[1]
WAIT_S = 60.0


def same(_job: str) -> Mapping[str, str]:
    return {"qc": "1"}


def another(_job: str) -> Mapping[str, str]:
    return {"qc": "1", "process": str(os.getpid())}


@contextmanager
def process(module: str, *options: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / "tests")]))
    command = [sys.executable, "-m", f"distributed.cli.{module}", *map(str, options), "--no-dashboard"]
    started = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


@contextmanager
def machines(folder: Path, workers: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Address and process of a scheduler that has so many workers."""
    distributed = pytest.importorskip("distributed", reason="needs the extra [cluster]")
    file = folder / "scheduler.json"
    with ExitStack() as stack:
        options = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", file)
        scheduler = stack.enter_context(process("dask_scheduler", *options))
        for n in range(workers):
            # One as it is by default, with a process that starts it again, the others without, which starts sooner.
            kind = "--nanny" if n == 1 else "--no-nanny"
            stack.enter_context(process("dask_worker", "--scheduler-file", file, "--nthreads", "1", kind))
        until(file.exists)
        address = json.loads(file.read_text())["address"]
        with distributed.Client(address, set_as_default=False, timeout=WAIT_S) as client:
            client.wait_for_workers(workers, timeout=WAIT_S)
        yield address, scheduler


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with machines(tmp_path_factory.mktemp("scheduler"), 2) as (address, _):
        yield address


# --- the class --------------------------------------------------------------------------------------------------------


def test_a_job_that_dies_or_goes_beyond_a_limit_costs_itself_alone(address: str) -> None:
    jobs = ["one", "die", "two", "busy", "eat"]
    cluster = Cluster(work, address, same, differing, limit_s=4.0, memory_bytes=2**30)
    ended = {e.job: e for e in cluster.run(jobs)}
    assert set(ended) == set(jobs)
    lost = {job: e.lost for job, e in ended.items() if e.result is None}
    assert set(lost) == {"die", "busy"}
    assert "exit -9" in lost["die"] and "twice" in lost["die"] and "longer than 4 s" in lost["busy"]
    assert ended["one"].result == "did one" and ended["eat"].result == "refused"


def test_a_worker_killed_at_work_loses_no_job_and_doubles_none(address: str, tmp_path: Path) -> None:
    marks = [tmp_path / str(n) for n in range(6)]
    ended: list[Path] = []

    def at_work() -> int:
        """The worker that has begun a job and not ended it."""
        begun = [m.read_text() for m in marks if m not in ended and m.exists()]
        return next((int(text) for text in begun if text.endswith("\n")), 0)

    for end in Cluster(work, address, same, differing).run([f"mark:{m}" for m in marks]):
        assert end.result == "marked"
        ended.append(Path(end.job.removeprefix("mark:")))
        if len(ended) == 1:
            until(lambda: at_work() > 0)
            os.kill(at_work(), signal.SIGKILL)
    assert sorted(ended) == marks
    tried = [len(m.read_text().splitlines()) for m in marks]
    assert sorted(tried) == [1] * 5 + [2]


def test_stop_finishes_what_is_under_way_and_begins_nothing(address: str) -> None:
    cluster = Cluster(work, address, same, differing, processes=1)
    done = []
    for ended in cluster.run(["one", "two", "three"]):
        done.append(ended.job)
        cluster.stop()
    assert done == ["one"]


def test_a_worker_that_would_give_another_result_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"worker on .* has another process: \d+; here it is \d+"):
        list(Cluster(work, address, another, differing).run(["one"]))


def test_a_worker_without_this_qc_is_refused_before_it_gets_a_job(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qc.batch.cluster.__version__", "9.9")
    with pytest.raises(UsageError, match=r"The worker at tcp://.* has qc .*\. Install qc 9\.9 there"):
        list(Cluster(work, address, same, differing).run(["one"]))


def test_a_scheduler_that_goes_ends_the_night_and_keeps_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qc.batch.cluster.CONNECT_S", 3.0)
    with machines(tmp_path, 1) as (address, scheduler):
        done = []
        with pytest.raises(ClusterFault, match="is gone"):
            for ended in Cluster(work, address, same, differing).run(["one", "slow", "two"]):
                done.append(ended.job)
                scheduler.kill()
        assert done == ["one"]


# --- the command ------------------------------------------------------------------------------------------------------


def test_a_night_over_the_cluster_is_the_night_on_this_machine(
    address: str, drawn: Drawn, run_qc: Run, tmp_path: Path
) -> None:
    for name in ("RMA-1", "RMA-2"):
        drawn.copied_to(tmp_path / "inbox" / name)
    (tmp_path / "inbox" / "RMA-3").mkdir()
    (tmp_path / "inbox" / "RMA-3" / "p-1.jpg").write_bytes(b"")
    command = ("batch", "inbox", "--titles", drawn.titles)
    local = run_qc(*command, "--out", "local", "--jobs", "1")
    ran = run_qc(*command, "--out", "far", "--cluster", address, "--store", "qc.db")
    assert ran.code == local.code == 3, ran.err
    texts = {}
    for out in ("local", "far"):
        for path in sorted((tmp_path / out).glob("*/inspection.json")):
            content = json.loads(path.read_text("utf-8"))
            content["provenance"].pop("started")
            texts[out, path.parent.name] = json.dumps(content)
    assert [texts["far", name] for name in ("RMA-1", "RMA-2")] == [texts["local", name] for name in ("RMA-1", "RMA-2")]
    assert len(texts) == 4
    assert (tmp_path / "far/summary.csv").read_bytes() == (tmp_path / "local/summary.csv").read_bytes()
    assert (tmp_path / "far/index.html").read_bytes() == (tmp_path / "local/index.html").read_bytes()
    assert (tmp_path / "far/RMA-1/report.html").stat().st_size > 10_000
    with Store(tmp_path / "qc.db") as store:
        kept = [(r["copy"], r["status"], r["report"]) for r in store.view("inspections")]
    report = str(tmp_path / "far/RMA-1/report.html")
    # Copies of one title get a second row once they were held against each other.
    assert {k[:2] for k in kept} == {("RMA-1", "done"), ("RMA-2", "done"), ("RMA-3", "failed")}
    assert ("RMA-1", "done", report) in kept
    again = run_qc(*command, "--out", "far", "--cluster", address, "--store", "qc.db")
    assert "3 done before" in again.err and "3 of 3" not in again.err


def test_no_scheduler_and_no_dask_are_told(drawn: Drawn, run_qc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qc.batch.cluster.CONNECT_S", 1.0)
    if "distributed" in sys.modules:
        ran = run_qc("batch", drawn.copy.parent, "--cluster", "tcp://127.0.0.1:9")
        assert (ran.code, ran.out.strip()) == (2, "") and "No scheduler answers at tcp://127.0.0.1:9" in ran.err
    monkeypatch.setitem(sys.modules, "distributed", None)
    ran = run_qc("batch", drawn.copy.parent, "--cluster", "tcp://127.0.0.1:9")
    assert ran.code == 6 and "print-return-qc[cluster]" in ran.err


# --- what another machine sees ----------------------------------------------------------------------------------------


def test_what_differs_on_another_machine_is_named_with_what_to_do(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = drawn.copied_to(tmp_path / "RMA-1")
    job = Job(copy, "RMA-1", tmp_path / "out", load_policy(), titles=drawn.titles)
    here = outlook(job)
    assert differing(here, outlook(job)) == ""
    moved = copy.rename(tmp_path / "elsewhere")
    said = differing(here, outlook(job))
    assert f"scans: 0 files of 0 bytes in {copy}" in said and "Mount the folder" in said
    moved.rename(copy)
    monkeypatch.setattr("qc.batch.environment.__version__", "9.9")
    assert differing(here, outlook(job)).startswith("has another qc: 9.9; here it is ")
