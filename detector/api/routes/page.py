"""The status page: a few files, no build step, nothing from the network."""

from importlib.resources import files

from fastapi import APIRouter
from fastapi.responses import Response

from detector.api.problems import ProblemError

_TYPES = {
    "index.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "clips.js": "text/javascript; charset=utf-8",
    "watching.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
def page() -> Response:
    """Give the page; it holds no data, it asks for them with the user's key."""
    return _file("index.html")


@router.get("/page/{name}")
def page_file(name: str) -> Response:
    """Give a part of the page."""
    if name not in _TYPES:
        raise ProblemError(404, f"expected one of {', '.join(_TYPES)}, found {name}")
    return _file(name)


def _file(name: str) -> Response:
    content = (files("detector.api") / "page" / name).read_bytes()
    return Response(content, headers={"Content-Type": _TYPES[name], "Cache-Control": "no-cache"})
