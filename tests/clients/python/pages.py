"""Somebody with a browser for the pages of the server: cookies, redirects and forms, no scripts."""

import random
import secrets
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

PASSWORD = "correct horse battery staple"
REDIRECTS = {301, 302, 303, 307, 308}


class Page(HTMLParser):
    """What a browser has arrived at; outside the server it only knows the address."""

    def __init__(self, url: str, response: requests.Response | None = None):
        super().__init__()
        self.url = url
        self.response = response
        self.text = response.text if response is not None else ""
        self.action = None
        self.fields = {}
        self.links = []
        self.onward = None
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = urljoin(self.url, attributes.get("action", ""))
        elif tag == "input" and attributes.get("type") == "hidden":
            self.fields.setdefault(attributes["name"], attributes.get("value", ""))
        elif tag == "meta" and attributes.get("http-equiv") == "refresh":
            delay, _, target = attributes["content"].partition(";url=")
            self.onward = target if delay == "0" else None
        elif tag == "a" and "href" in attributes:
            self.links.append(urljoin(self.url, attributes["href"]))


class Person:
    """Has an account as soon as they sign up."""

    def __init__(self, hosts=("127.0.0.1",)):
        self.hosts = hosts
        self.email = f"ada-{secrets.token_hex(6)}@example.com"
        self._session = requests.Session()
        # Guesses are damped by address. The local runtime believes the header that Cloudflare would overwrite.
        address = f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        self._session.headers["cf-connecting-ip"] = address
        self._session.headers["accept"] = "text/html,*/*;q=0.8"

    def open(self, url: str, method: str = "GET", **request) -> Page:
        """Follows redirects and pages that lead on at once, as long as they stay on `hosts`."""
        for _ in range(20):
            if urlsplit(url).hostname not in self.hosts:
                return Page(url)
            response = self._session.request(method, url, allow_redirects=False, timeout=120, **request)
            page = Page(url, response)
            onward = response.headers["location"] if response.status_code in REDIRECTS else page.onward
            if onward is None:
                return page
            url, method, request = urljoin(url, onward), "GET", {}
        raise AssertionError(f"too many redirects, the last to {url}")

    def submit(self, page: Page, **fields) -> Page:
        """Sends a page's form with more fields."""
        assert page.action, f"no form at {page.url}: {page.text}"
        return self.open(page.action, "POST", data={**page.fields, **fields})

    def log_in(self, page: Page) -> Page:
        return self.submit(page, username=self.email, password=PASSWORD, action="login")

    def sign_up(self, url: str) -> Page:
        """Makes an account on the way through `url`. Returns where that leads."""
        login = self.open(url)
        (link,) = [link for link in login.links if "/sign-up?" in link]
        fields = {"email": self.email, "name": "Ada Lovelace", "password": PASSWORD, "password_again": PASSWORD}
        return self.submit(self.open(link), **fields, action="sign_up")
