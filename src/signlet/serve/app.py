"""The service as an ASGI application; any server that runs those can run it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.security import HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from signlet.serve.answers import BODY, Answer, Health, Labels, answer, problems
from signlet.serve.docs_page import page
from signlet.serve.guard import Guard, as_json
from signlet.serve.hosts import Hosts
from signlet.serve.limits import Limits
from signlet.serve.live_page import add_live_page
from signlet.serve.model import Serves
from signlet.serve.query import only
from signlet.serve.rejection import Rejection
from signlet.serve.service import Service
from signlet.version import __version__

_ABOUT = (
    "Names the sign in a clip of landmarks. Send one clip per request. The service keeps no clips."
)
_TOP = Annotated[int, Query(ge=1, le=1000, description="how many signs to list (default 5)")]
_ASKED = (400, 408, 413, 415, 422, 500, 503, 504)


def make_app(
    recogniser: Serves,
    limits: Limits | None = None,
    token: str | None = None,
    site: Path | None = None,
    hosts: Iterable[str] | None = None,
) -> FastAPI:
    """The service around one recogniser, ready for uvicorn or a test client.

    recogniser: what `signlet.load` gives. limits: what a request may cost.
    token: asked of every request but those for /health; None asks for none.
    site: folder of a built live page, served at /; not together with a token, which pages of a
    browser cannot be asked for.
    hosts: host names that the service answers besides localhost; None: by any.
    The application needs ASGI's lifespan, which starts its queue and its processes.
    """
    service = Service(recogniser, limits or Limits())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        yield
        await service.stop()

    app = FastAPI(
        title="signlet",
        description=_ABOUT,
        version=__version__,
        lifespan=lifespan,
        docs_url=None,  # FastAPI's own page is loaded from a network for content
        redoc_url=None,
        redirect_slashes=False,
        openapi_url="/openapi.json",
    )
    app.state.service = service
    asked = ([] if token is None else [401]) + ([] if hosts is None else [403])
    # The guard asks for the token; this only says so in the description.
    locked: list[Any] = [] if token is None else [Depends(HTTPBearer(auto_error=False))]
    _add_recognise(app, service, locked, problems(*_ASKED, *asked))
    _add_about(app, service, locked, problems(*asked))
    _add_health(app, service, problems(*asked[-1:]) if hosts is not None else {})
    _add_problems(app)
    if site is not None:
        add_live_page(app, site)
    paths = [route.path for route in app.routes if hasattr(route, "path")]
    app.add_middleware(Guard, token=token, hosts=Hosts(hosts), paths=paths, metrics=service.metrics)
    return app


def _add_recognise(
    app: FastAPI, service: Service, locked: list[Any], refusals: dict[int | str, Any]
) -> None:
    checked = [*locked, Depends(only("top"))]

    @app.post("/recognise", dependencies=checked, responses=refusals, openapi_extra=BODY)
    async def recognise(request: Request, top: _TOP = 5) -> Answer:
        """Name the sign in one clip."""
        return answer(await service.recognise(request), top)


def _add_about(
    app: FastAPI, service: Service, locked: list[Any], refusals: dict[int | str, Any]
) -> None:
    checked = [*locked, Depends(only())]

    @app.get("/labels", dependencies=checked, responses=refusals | problems(422))
    async def labels() -> Labels:
        """The signs that the model knows."""
        return Labels(signs=list(service.signs), max_frames=service.limits.max_frames)

    text: dict[int | str, Any] = {200: {"content": {"text/plain": {}}}}
    metrics = app.get(
        "/metrics", dependencies=locked, responses=refusals | text, response_class=Response
    )
    metrics(_metrics(service))

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(page(app.openapi(), str(request.base_url)))


def _metrics(service: Service) -> Callable[[], Any]:
    async def metrics() -> Response:
        """Metrics for Prometheus."""
        return Response(service.metrics.text(), headers={"content-type": CONTENT_TYPE_LATEST})

    return metrics


def _add_health(app: FastAPI, service: Service, refusals: dict[int | str, Any]) -> None:
    busy: dict[int | str, Any] = {
        503: {"model": Health, "description": "The service takes no clips at the moment."}
    }

    @app.get("/health", responses=refusals | busy)
    async def health(response: Response) -> Health:
        """Whether the service takes clips now."""
        ready = service.ready()
        response.status_code = 200 if ready else 503
        return _health(service, ready)

    @app.get("/health/live", responses=refusals)
    async def live() -> Health:
        """Whether the service answers at all."""
        return _health(service, service.ready())


def _health(service: Service, ready: bool) -> Health:
    return Health(live=True, ready=ready, under_way=service.under_way, version=__version__)


def _add_problems(app: FastAPI) -> None:
    @app.exception_handler(Rejection)
    async def refused(_: Request, error: Rejection) -> JSONResponse:
        return as_json(error)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        return as_json(Rejection(error.status_code, str(error.detail), error.headers))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return as_json(Rejection(422, f"{where}: {first['msg'].lower()}"))
