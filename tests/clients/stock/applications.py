"""Serves the snippets of docs/clients.md: `python applications.py NAME SNIPPET PORT`.

Each application has `/sign-in`, which leads to the server, and the snippet's callback, which answers with what it learned of
the person as JSON.
"""

import json
import os
import pathlib
import sys
from urllib.parse import urlsplit

NAME, SNIPPET, PORT = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
BASE = f"http://127.0.0.1:{PORT}"
# Loopback without https is for tests only.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


def load():
    namespace = {"__name__": "snippet"}
    exec(compile(SNIPPET.read_text(), str(SNIPPET), "exec"), namespace)
    return namespace


def starlette():
    import uvicorn
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.sessions import SessionMiddleware
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    mintedge = load()["oauth"].mintedge

    async def sign_in(request):
        return await mintedge.authorize_redirect(request, f"{BASE}/callback")

    async def callback(request):
        token = await mintedge.authorize_access_token(request)
        return JSONResponse(dict(token["userinfo"]))

    routes = [Route("/sign-in", sign_in), Route("/callback", callback)]
    app = Starlette(routes=routes, middleware=[Middleware(SessionMiddleware, secret_key="only in tests")])
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")


def django():
    from django.conf import settings

    own = {name: value for name, value in load().items() if name.startswith("OIDC_")}
    settings.configure(
        SECRET_KEY="only in tests", ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF="__main__", LOGIN_REDIRECT_URL="/me",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "mozilla_django_oidc"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        AUTHENTICATION_BACKENDS=["mozilla_django_oidc.auth.OIDCAuthenticationBackend"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{SNIPPET}.sqlite"}},
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        **own,
    )
    import django as framework

    framework.setup()
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponseRedirect, JsonResponse
    from django.urls import include, path

    call_command("migrate", verbosity=0)
    global urlpatterns
    urlpatterns = [
        path("oidc/", include("mozilla_django_oidc.urls")),
        path("sign-in", lambda request: HttpResponseRedirect("/oidc/authenticate/")),
        path("me", lambda request: JsonResponse({"email": getattr(request.user, "email", None)})),
    ]
    serve(get_wsgi_application())


def serve(application):
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_):
            pass

    make_server("127.0.0.1", PORT, application, handler_class=Quiet).serve_forever()


def plain(sign_in, callback):
    """An application of one person."""

    def application(environ, start_response):
        if environ["PATH_INFO"] == "/sign-in":
            start_response("303 See Other", [("location", sign_in())])
            return [b""]
        url = f"{BASE}{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        start_response("200 OK", [("content-type", "application/json")])
        return [json.dumps(callback(url)).encode()]

    serve(application)


def requests_oauthlib():
    snippet = load()
    session = snippet["session"]

    def callback(url):
        snippet["callback"](url)
        learned = session.get(snippet["USERINFO"]).json()
        refreshed = session.refresh_token(snippet["TOKEN"], client_id=session.client_id, client_secret=os.environ["CLIENT_SECRET"])
        return {**learned, "refreshed": bool(refreshed["access_token"])}

    plain(lambda: session.authorization_url(snippet["AUTHORIZE"])[0], callback)


def requests_oauth2client():
    client = load()["client"]
    started = []

    def sign_in():
        started[:] = [client.authorization_request(scope="openid profile email")]
        return started[0].uri

    def callback(url):
        token = client.authorization_code(started[0].validate_callback(url))
        refreshed = client.refresh_token(token)
        return {**client.userinfo(refreshed), "refreshed": True}

    plain(sign_in, callback)


if __name__ == "__main__":
    assert urlsplit(BASE).hostname == "127.0.0.1"
    {
        "starlette": starlette,
        "django": django,
        "requests-oauthlib": requests_oauthlib,
        "requests-oauth2client": requests_oauth2client,
    }[NAME]()
