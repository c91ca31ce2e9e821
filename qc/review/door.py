"""Who may come in: only this machine's browser, with the token of the address that `qc review` printed."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_HOSTS = ("127.0.0.1", "localhost")
HEADERS = (
    ("Cache-Control", "no-store"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    f"{NOTHING}; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "style-src 'self'; style-src-attr 'unsafe-inline'"
)
REPORT_POLICY = f"{NOTHING}; img-src 'self' data:; style-src 'unsafe-inline'"
"""Of a report: its style stands in it, and it has no script."""


class Door:
    """WSGI application in front of another, which is asked only by those who know the token.

    Notes
    -----
    Every address begins with the token, so that there is no cookie which a page of another origin could use. The name of the host
    is checked as well: a stranger's domain may be made to point to 127.0.0.1 (DNS rebinding). Posts are JSON of our own origin.
    """

    def __init__(self, inside: Wsgi, token: str) -> None:
        self._inside, self._token = inside, token

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        _, token, *rest = f"{environ.get('PATH_INFO', '')}//".split("/", 2)
        if urlsplit(f"//{host}").hostname not in _HOSTS:
            return _refuse(start_response, "This page answers at 127.0.0.1 only.")
        if not hmac.compare_digest(token.encode("latin-1", "replace"), self._token.encode()):
            return _refuse(start_response, "The address is not complete. Open the one that qc review printed.")
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") and not _from_here(environ, host):
            return _refuse(start_response, "A page of another origin may not decide anything here.")
        environ["SCRIPT_NAME"] = f"/{self._token}"
        environ["PATH_INFO"] = f"/{rest[0].removesuffix('//')}" if rest else "/"
        return self._inside(environ, start_response)


def _from_here(environ: dict[str, Any], host: str) -> bool:
    return (
        environ.get("HTTP_ORIGIN") == f"http://{host}"
        and environ.get("HTTP_SEC_FETCH_SITE", "same-origin") == "same-origin"
        and environ.get("CONTENT_TYPE", "").partition(";")[0].strip() == "application/json"
    )


def _refuse(start_response: Callable[..., Any], why: str) -> Iterable[bytes]:
    start_response(
        "403 Forbidden", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Security-Policy", NOTHING), *HEADERS]
    )
    return [why.encode()]
