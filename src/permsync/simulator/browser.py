"""
A person at a browser, as small as one can be: opens a consent page and presses a button.

Standard library only, blocking. Knows the page's form and nothing of the world behind it.
"""

import http.client
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS = 10


class ConsentFailedError(Exception):
    """The host showed no consent form, or took the decision badly."""

    def __init__(self, status: int, page: str) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.page = page


def consent(
    url: str, *, person: str, scopes: list[str] | None = None, decision: str = "approve"
) -> str:
    """
    Open the authorisation URL, decide as `person`, and return where the host redirects to.

    `scopes` are the boxes left ticked, None for all of them. A host that refuses the request by
    a redirect is believed at once. Raises ConsentFailedError for anything else.
    """
    status, location, page = _exchange("GET", url, None)
    if location:
        return location
    form = _ConsentForm()
    form.feed(page)
    if not form.action:
        raise ConsentFailedError(status, page)
    fields = [("request", form.request), ("person", person), ("decision", decision)]
    fields += [("scope", each) for each in form.scopes if scopes is None or each in scopes]
    parts = urlsplit(url)
    status, location, page = _exchange(
        "POST", f"{parts.scheme}://{parts.netloc}{form.action}", urlencode(fields)
    )
    if not location:
        raise ConsentFailedError(status, page)
    return location


class _ConsentForm(HTMLParser):
    """Collects the form's action, its hidden request and its ticked scopes."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.request = ""
        self.scopes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one opening tag."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found.get("action", "")
        elif tag == "input" and found.get("name") == "request":
            self.request = found.get("value", "")
        elif tag == "input" and found.get("name") == "scope" and "checked" in found:
            self.scopes.append(found.get("value", ""))


def _exchange(method: str, url: str, form: str | None) -> tuple[int, str, str]:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    opener = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = opener(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        headers = {"User-Agent": "a person", "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, f"{parts.path}?{parts.query}", form, headers)
        answer = connection.getresponse()
        page = answer.read().decode(errors="replace")
        return answer.status, answer.getheader("Location", ""), page
    finally:
        connection.close()
