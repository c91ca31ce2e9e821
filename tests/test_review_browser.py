"""The review page in a browser: keys, scan gun, undo, two persons, what a screen and a screen reader meet."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from review_store import KINDS, DrawnStore

from qc.batch.store import Store

waitress = pytest.importorskip("waitress", reason="the extra `review` is not installed")
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's Chromium is not installed")

AXE = Path(__file__).parent / "data" / "axe" / "axe.min.js"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update"]
GAP_S = 0.1
"""Between two keys of a person: more than the page takes for a gun."""

IDLE = "!document.body.classList.contains('busy')"
SAID = "document.querySelector('#said').textContent.includes(given)"

_GUN = """([text, gap]) => new Promise(done => {
  const start = performance.now(), keys = [...text, 'Enter'];
  const send = n => {
    const event = new KeyboardEvent('keydown', {key: keys[n], bubbles: true, cancelable: true});
    Object.defineProperty(event, 'timeStamp', {value: start + n * gap});
    const target = document.activeElement;
    target.dispatchEvent(event);
    if (keys[n].length === 1 && target.matches('input:not([type=checkbox])')) target.value += keys[n];
    if (n + 1 < keys.length) setTimeout(send, start + (n + 1) * gap - performance.now(), n + 1); else done();
  };
  send(0);
})"""


class Server:
    """The page over a store, at an address."""

    def __init__(self, drawn: DrawnStore) -> None:
        from qc.review.door import Door
        from qc.review.renewal import Renewal
        from qc.review.server import make_app

        self.drawn, self._renewal = drawn, Renewal(drawn.path)
        door = Door(make_app(drawn.path, "", self._renewal), "t")
        self._server = waitress.create_server(door, host="127.0.0.1", port=0, threads=4)
        self.address = f"http://127.0.0.1:{self._server.effective_port}/t/"
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        # To close it is what ends it; the thread then waits for a socket that is gone.
        with suppress(OSError):
            self._server.run()

    def end(self) -> None:
        self._server.close()
        self._renewal.end()

    def decided(self) -> dict[str, str]:
        with Store(self.drawn.path) as store:
            return {r["copy"]: r["decided"] for r in store.view("latest_verdicts") if r["decided"]}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    drawn = DrawnStore(tmp_path)
    for number in range(8):
        drawn.add(list(KINDS)[number % 4], f"RMA-1000{number}", title=f"Title {number}", isbn=f"978000000000{number}")
    made = Server(drawn)
    yield made
    made.end()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


class Person:
    """A browser of its own, with a name, at a list."""

    def __init__(self, chromium: Any, server: Server, name: str = "anna", **how: Any) -> None:
        self.context = chromium.new_context(viewport={"width": 1280, "height": 720}, **how)
        self.context.add_init_script(f"if (!localStorage.getItem('by')) localStorage.setItem('by', '{name}')")
        self.page, self.faults = self.context.new_page(), []
        self.page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        self.page.goto(f"{server.address}?list=open")
        self.page.wait_for_selector("#progress .said:not(:empty)")

    @property
    def copy(self) -> str | None:
        found = self.page.query_selector("article.copy")
        return found and found.get_attribute("data-copy")

    @property
    def said(self) -> str:
        return str(self.page.inner_text("#said"))

    def until(self, expression: str, given: Any = None, most_s: float = 30.0) -> None:
        """Wait for something to be true on the page, whose policy allows no `eval` and so none of Playwright's waiting."""
        end = time.monotonic() + most_s
        while not self.page.evaluate(f"given => Boolean({expression})", given):
            assert time.monotonic() < end, f"{expression}: {given}"
            time.sleep(0.02)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            time.sleep(GAP_S)
            self.until(IDLE)

    def moves(self, *keys: str) -> None:
        """Press keys that lead to another copy, and wait for it."""
        before = self.copy
        self.press(*keys)
        self.until("(document.querySelector('article')?.dataset.copy ?? null) !== given", before)
        self.until(IDLE)

    def scan(self, text: str, gap_ms: float) -> None:
        """What a scan gun sends. As from a real one, an event carries the time at which it was sent, however busy the page is."""
        self.page.evaluate(_GUN, [text, gap_ms])


@pytest.fixture
def anna(chromium: Any, server: Server) -> Iterator[Person]:
    person = Person(chromium, server)
    yield person
    person.context.close()
    assert person.faults == []


def test_one_key_a_copy_where_qc_is_right_and_the_list_moves_on(anna: Person, server: Server) -> None:
    assert anna.copy == "RMA-10002"
    anna.moves("d")
    anna.moves("f")
    for _ in range(6):
        anna.moves("Enter")
    assert "Nothing waits here" in anna.page.inner_text("#main")
    right = {f"RMA-1000{n}": list(KINDS)[n % 4] for n in range(8)}
    assert server.decided() == right | {"RMA-10002": "defect", "RMA-10006": "no-defect"}


def test_reasons_rescan_skip_and_undo(anna: Person, server: Server) -> None:
    first = anna.copy
    anna.moves("1")
    anna.moves("r")
    assert server.decided() == {"RMA-10002": "needs-review", "RMA-10006": "needs-review"}
    skipped = anna.copy
    anna.moves("s")
    assert anna.copy != skipped
    anna.moves("u")
    assert anna.copy == skipped
    anna.moves("u")
    anna.moves("z")
    assert anna.copy == first
    assert server.decided() == {}
    with Store(server.drawn.path) as store:
        assert len(list(store.view("decision_history"))) == 4


def test_a_line_of_ones_own_goes_with_the_decision(anna: Person, server: Server) -> None:
    anna.press("t")
    anna.page.keyboard.type("Dust on the glass, u and r and 1 are no keys here", delay=5)
    time.sleep(GAP_S)
    anna.press("Escape")
    anna.moves("f")
    with Store(server.drawn.path) as store:
        (row,) = [r for r in store.view("latest_verdicts") if r["decided"]]
    assert (row["decided"], row["reason"]) == ("no-defect", "Dust on the glass, u and r and 1 are no keys here")


def test_those_that_were_ticked_are_decided_at_once_and_undone_at_once(
    chromium: Any, server: Server, anna: Person
) -> None:
    for number in range(4):
        server.drawn.add("needs-review", f"RMA-2000{number}", title="Alike", isbn="9783161484100")
    anna.page.goto(f"{server.address}copies/RMA-20000/?list=needs")
    assert "4 of 4 copies of Alike: missing print" in anna.page.inner_text("p.pattern")
    anna.press("l")
    anna.page.wait_for_selector("details.pattern[open]")
    assert anna.page.query_selector("text=/approve all/i") is None
    anna.page.click("[data-act=together][data-outcome=defect]")
    assert "Tick the copies" in anna.said
    anna.page.check("[value=RMA-20001]")
    anna.page.check("[value=RMA-20003]")
    assert anna.page.inner_text("details[open] .count") == "2 ticked."
    anna.page.click("details[open] [data-act=together][data-outcome=defect]")
    anna.until(SAID, "2 copies")
    assert server.decided() == {"RMA-20001": "defect", "RMA-20003": "defect"}
    anna.press("u")
    anna.until(SAID, "Taken back")
    assert server.decided() == {}


def test_who_disagrees_without_a_reason_is_asked_for_one(anna: Person, server: Server) -> None:
    anna.scan("RMA-10000", 20)
    anna.page.wait_for_selector("[data-copy=RMA-10000]")
    anna.press("f")
    assert "You disagree" in anna.said
    assert server.decided() == {}


@pytest.mark.parametrize("where", ["", "#note", "#code", "[data-act=skip]"])
def test_a_gun_lands_and_presses_no_key(anna: Person, server: Server, where: str) -> None:
    drawn = random.Random(where)
    for _ in range(6):
        if where:
            anna.page.focus(where)
        number = drawn.randrange(8)
        code = drawn.choice([f"RMA-1000{number}", f"978000000000{number}", f"rma-1000{number}"])
        anna.scan(code, drawn.uniform(5, 50))
        anna.until("document.querySelector('article').dataset.copy === given", f"RMA-1000{number}")
        time.sleep(GAP_S)
    assert server.decided() == {}
    assert anna.page.input_value("#note") == ""
    anna.scan("RMA-9999999", 15)
    anna.until(SAID, "no copy")


def test_a_gun_is_not_overtaken_by_the_answer_to_a_decision(anna: Person, server: Server) -> None:
    def slowly(route: Any) -> None:
        time.sleep(0.5)
        route.continue_()

    anna.context.route("**/decide?*", slowly)
    anna.page.keyboard.press("1")
    time.sleep(2 * GAP_S)
    anna.scan("RMA-10005", 10)
    anna.until("document.querySelector('article').dataset.copy === given", "RMA-10005")
    anna.until(IDLE)
    assert anna.copy == "RMA-10005"
    assert server.decided() == {"RMA-10002": "needs-review"}


def test_two_persons_see_each_other_and_overwrite_nothing(chromium: Any, anna: Person, server: Server) -> None:
    bob = Person(chromium, server, "bob")
    assert bob.copy == anna.copy == "RMA-10002"
    bob.moves("d")
    anna.press("f")
    anna.until("/bob decided DEFECT|Somebody else/.test(document.querySelector('#said').textContent)")
    assert server.decided() == {"RMA-10002": "defect"}
    assert "bob decided" in anna.page.inner_text(".decided")
    bob.context.close()


def test_nothing_is_decided_while_the_server_is_gone(anna: Person, server: Server) -> None:
    anna.moves("d")
    anna.context.set_offline(True)
    before = anna.copy
    anna.press("d")
    anna.until(SAID, "does not answer")
    assert anna.copy == before
    assert server.decided() == {"RMA-10002": "defect"}


def test_single_keys_can_be_switched_off(anna: Person, server: Server) -> None:
    anna.press("?")
    anna.page.uncheck("#single")
    anna.press("Escape")
    for key in ("d", "Enter", "1", "r", "s"):
        anna.press(key)
    assert (anna.copy, server.decided()) == ("RMA-10002", {})
    anna.scan("RMA-10005", 10)
    anna.page.wait_for_selector("[data-copy=RMA-10005]")
    anna.page.click("[data-act=agree]")
    anna.until("document.querySelector('#progress').textContent.includes('1 of 8')")
    assert server.decided() == {"RMA-10005": "no-defect"}


def test_random_walks_leave_the_decisions_that_were_made(chromium: Any, server: Server) -> None:
    walk(chromium, server, seed=1, steps=40)


def walk(chromium: Any, server: Server, seed: int, steps: int) -> None:
    """Two persons decide, undo, skip and reload at random; what the store says in the end is what a plain model says."""
    drawn = random.Random(seed)
    persons = [Person(chromium, server, name) for name in ("anna", "bob")]
    stood = server.decided()
    made: dict[str, list[tuple[str, str, str]]] = {"anna": [], "bob": []}
    for _ in range(steps):
        person = drawn.choice(persons)
        name = person.page.inner_text("#who")
        act = drawn.choice(["d", "f", "Enter", "1", "r", "s", "u", "reload", "gun"])
        before, copy = server.decided(), person.copy
        if act == "reload":
            person.page.reload()
            person.page.wait_for_selector("#progress .said:not(:empty)")
        elif act == "gun":
            person.scan(f"RMA-1000{drawn.randrange(8)}", drawn.uniform(5, 50))
        else:
            person.press(act)
        time.sleep(2 * GAP_S)
        person.until(IDLE)
        now = server.decided()
        changed = {c for c in before.keys() | now.keys() if before.get(c) != now.get(c)}
        assert len(changed) <= 1, (act, changed)
        if changed and act != "u":
            assert changed == {copy}, (act, copy, changed)
            made[name].append((copy or "", before.get(copy or "", ""), now[copy or ""]))
        assert act not in ("reload", "gun", "s") or not changed
        stood = now
    assert server.decided() == stood
    for person in persons:
        assert person.faults == []
        person.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 640, 390])
def test_axe_finds_nothing_and_nothing_runs_off_the_screen(
    chromium: Any, server: Server, scheme: str, width: int
) -> None:
    for number in range(3):
        server.drawn.add("needs-review", f"RMA-2000{number}", title="Alike", isbn="9783161484100")
    person = Person(chromium, server, color_scheme=scheme, bypass_csp=True)
    page = person.page
    page.set_viewport_size({"width": width, "height": 844 if width == 390 else width * 9 // 16})
    for address in ("copies/RMA-10000/", "copies/RMA-10001/", "copies/RMA-10003/", "list?list=open", "end", "?"):
        page.goto(server.address + address)
        page.evaluate("document.querySelectorAll('details').forEach(group => { group.open = true; })")
        if address == "?":
            person.press("?")
        page.add_script_tag(path=str(AXE))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found] == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    page.goto(f"{server.address}copies/RMA-10000/")
    if width != 640:
        box = page.locator(".look:not([hidden]) .frame").first.bounding_box()
        assert box["y"] + box["height"] <= page.viewport_size["height"]
    person.context.close()


def test_pictures_move_together_and_blink(anna: Person) -> None:
    anna.scan("RMA-10000", 10)
    anna.page.wait_for_selector("[data-copy=RMA-10000]")

    def shifts() -> list[str]:
        return anna.page.eval_on_selector_all(
            ".look:not([hidden]) .zoomed", "all => all.map(one => getComputedStyle(one).transform)"
        )

    still = shifts()
    anna.press("e")
    assert len(set(shifts())) == 1
    assert shifts() != still
    anna.press("Escape")
    assert shifts() == still
    anna.press("ArrowDown")
    assert anna.page.get_attribute(".look:not([hidden])", "data-finding") == "2"
    anna.press("b")
    seen = set()
    for _ in range(12):
        seen.add(anna.page.is_visible(".look:not([hidden]) figure.other, .look:not([hidden]) figure:first-child"))
        time.sleep(0.1)
    assert seen == {True, False}
    anna.press("g")
    assert "p-0007.jpg" in anna.page.inner_text(".stage .page")
    anna.press("ArrowRight")
    assert "p-0008.jpg" in anna.page.inner_text(".stage .page")
