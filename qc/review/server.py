"""The pages of `qc review` as a Flask application over a store."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, jsonify, request, send_file
from jinja2 import ChoiceLoader, Environment, PackageLoader

from qc.batch.store import Store
from qc.errors import QcError, UsageError
from qc.judge.clause import cite
from qc.report import words
from qc.report.environment import environment
from qc.report.trim_drawing import DRAWING
from qc.review.decide import Change, take, take_back
from qc.review.door import HEADERS, NOTHING, PAGE_POLICY, REPORT_POLICY
from qc.review.queue import LISTS, Item, Queue, load_queue
from qc.review.renewal import Renewal
from qc.review.sheet import Gone, first_picture, picture_path, sheet_of

_HERE = Path(__file__).parent / "templates"
_GIVEN = {"lists": LISTS, "drawing_size": DRAWING, "cite": cite}


class Pages:
    """What the page asks for. Every request opens the store anew, as a thread of its own must.

    Parameters
    ----------
    path : Path
        Of the store.
    by : str
        Who decides unless the page is told otherwise.
    renewal : Renewal
        Is told of each decision.
    """

    def __init__(self, path: Path, by: str, renewal: Renewal) -> None:
        self._path, self._by, self._renewal = path, by, renewal
        self._lock = Lock()
        self._known: tuple[str, Queue] | None = None
        self._faults: dict[int, str] = {}

    def begin(self) -> str:
        """The first copy that waits, or that none does."""
        with Store(self._path) as store:
            queue = self._queue(store)[1]
            first = next(
                (i for i in queue.listed(_list_name()) if i.waits or (i.needs_person and i.by != self._by)), None
            )
            return self._copy(store, first) if first else self._whole(store, self._end(queue))

    def copy(self, copy: str) -> str:
        """One copy."""
        with Store(self._path) as store:
            return self._copy(store, self._item(store, copy))

    def listed(self) -> str:
        """The copies of a list, and those with the same fault together."""
        with Store(self._path) as store:
            queue = self._queue(store)[1]
            return self._whole(store, _render("list.html", queue=queue, named=_list_name(), sight=_sight))

    def end(self) -> str:
        """What was done, where nothing waits any more."""
        with Store(self._path) as store:
            return self._whole(store, self._end(self._queue(store)[1]))

    def state(self) -> Response:
        """The list in short, for the script."""
        with Store(self._path) as store:
            return jsonify(self._summary(store))

    def find(self) -> Response:
        """The copy that a scanned or typed id or ISBN means."""
        code = words.one_line(request.args.get("code", "")).strip()[:80]
        with Store(self._path) as store:
            found = self._queue(store)[1].find(code)
        said = f"{len(found)} copies have the ISBN {code}; this is the first that waits." if len(found) > 1 else ""
        said = said or ("" if found else f"The store holds no copy and no ISBN {code}.")
        return jsonify({"copy": found[0].copy if found else None, "said": said})

    def decide(self) -> Response:
        """Take a decision."""
        return self._change(take)

    def undo(self) -> Response:
        """Take decisions back."""
        return self._change(take_back)

    def picture(self, copy: str, name: str) -> Response:
        """A picture beside the report of a copy. Its address names the inspection, whose pictures do not change."""
        with Store(self._path) as store:
            answer = send_file(picture_path(self._item(store, copy), name), mimetype="image/jpeg")
        answer.headers["Cache-Control"] = "private, max-age=3600"
        return answer

    def report(self, copy: str) -> Response:
        """The report of a copy."""
        with Store(self._path) as store:
            path = Path(self._item(store, copy).report)
        if path.name != "report.html" or not path.is_file():
            raise Gone(f"There is no report of {copy}. Inspect it again.")
        answer = send_file(path.absolute(), mimetype="text/html")
        answer.headers["Content-Security-Policy"] = REPORT_POLICY
        return answer

    def _queue(self, store: Store) -> tuple[str, Queue]:
        """The list as it stands now and what this state is called; it is read when a row was added."""
        with self._lock:
            version = store.last_rows()
            if self._known is None or self._known[0] != version:
                self._known = version, load_queue(store, self._faults)
            return self._known

    def _item(self, store: Store, copy: str) -> Item:
        item = self._queue(store)[1].get(copy)
        if item is None:
            raise Gone(f"The store holds no copy {copy}.")
        return item

    def _copy(self, store: Store, item: Item) -> str:
        own = _own(item)
        part = _render("copy.html", s=sheet_of(store, self._queue(store)[1], item, own), own=own)
        return self._whole(store, part, item.copy)

    def _end(self, queue: Queue) -> str:
        return _render("end.html", queue=queue, named=_list_name())

    def _whole(self, store: Store, part: str, copy: str = "") -> str:
        """A part of the page as the script asks for it, or within the page."""
        if request.args.get("part"):
            return part
        state = self._summary(store)
        return _render("page.html", part=part, by=self._by, copy=copy, named=_list_name(), queue=state)

    def _summary(self, store: Store) -> dict[str, Any]:
        """What the script needs of the list: each copy, the decision that stands on it, and whether it waits for somebody."""
        version, queue = self._queue(store)
        named = _list_name()
        copies = [
            [i.copy, i.seen, i.waits or i.needs_person] for i in queue.listed("all" if named == "decided" else named)
        ]
        return {"version": version, "list": named, "copies": copies, **queue.progress}

    def _change(self, change: Change) -> Response:
        with Store(self._path) as store:
            answer = change(store, self._queue(store)[1], request.get_json())
            self._renewal.tell(done["copy"] for done in answer["done"])
            return jsonify(answer | {"queue": self._summary(store)})


def make_app(path: Path, by: str, renewal: Renewal) -> Flask:
    """The pages over the store at `path`, to be put behind a `qc.review.door.Door`; for the rest see `Pages`."""
    app = Flask("qc.review", static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 1_000_000
    pages = Pages(path, by, renewal)
    views: dict[str, Callable[..., Any]] = {
        "/": pages.begin,
        "/list": pages.listed,
        "/end": pages.end,
        "/queue": pages.state,
        "/find": pages.find,
        "/copies/<copy>/": pages.copy,
        "/copies/<copy>/report.html": pages.report,
        "/copies/<copy>/report-files/<name>": pages.picture,
        "/review.css": _style,
        "/<any('keys.js','pictures.js','review.js'):name>": _script,
    }
    for address, view in views.items():
        app.add_url_rule(address, view_func=view)
    app.add_url_rule("/decide", view_func=pages.decide, methods=["POST"])
    app.add_url_rule("/undo", view_func=pages.undo, methods=["POST"])
    app.register_error_handler(QcError, _fault)
    app.after_request(_with_headers)
    return app


def _own(item: Item) -> str:
    """What the addresses of a copy begin with."""
    return f"{request.script_root}/copies/{quote(item.copy, safe='')}/"


def _sight(item: Item) -> str:
    return first_picture(item, _own(item))


def _style() -> Response:
    css = _templates().get_template("report.css").render() + (_HERE / "review.css").read_text("utf-8")
    return Response(css, mimetype="text/css")


def _script(name: str) -> Response:
    return Response((_HERE / name).read_text("utf-8"), mimetype="text/javascript")


@cache
def _templates() -> Environment:
    """Those of the reports and of this package: the page and the mailed file share their drawings."""
    return environment().overlay(loader=ChoiceLoader([PackageLoader("qc.review"), PackageLoader("qc.report")]))


def _render(template: str, **shown: Any) -> str:
    base = f"{request.script_root}/"
    return words.clean(_templates().get_template(template).render(base=base, **_GIVEN, **shown))


def _list_name() -> str:
    name = request.args.get("list", "needs")
    return name if name in LISTS else "needs"


def _fault(error: QcError) -> tuple[Response, int]:
    code = 404 if isinstance(error, Gone) else 400 if isinstance(error, UsageError) else 503
    return jsonify({"fault": words.one_line(str(error))}), code


def _with_headers(answer: Response) -> Response:
    policy = PAGE_POLICY if answer.mimetype == "text/html" else NOTHING
    for name, value in (*HEADERS, ("Content-Security-Policy", policy)):
        answer.headers.setdefault(name, value)
    return answer
