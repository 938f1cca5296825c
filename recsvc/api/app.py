"""The application: routes, errors and lifespan put together."""

from litestar import Litestar, Router
from litestar.exceptions import HTTPException, ValidationException
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template.config import TemplateConfig

from recsvc import __version__, tracing
from recsvc.api import gorse
from recsvc.api.console import routes as console
from recsvc.api.embed import modules, oembed
from recsvc.api.embed import pages as embed_pages
from recsvc.api.http import metrics
from recsvc.api.http.bodies import Bodies
from recsvc.api.http.compression import compressed
from recsvc.api.http.connections import watching
from recsvc.api.http.door import door
from recsvc.api.http.head_requests import App
from recsvc.api.http.headers import add_headers
from recsvc.api.http.openapi import config
from recsvc.api.http.openapi_completion import COMPONENTS, complete
from recsvc.api.http.problems import on_recsvc_error, on_recursion, on_validation_error
from recsvc.api.http.query_names import learn_names
from recsvc.api.http.request_body import JSONRequest
from recsvc.api.http.traces import note_answer
from recsvc.api.huggingface import routes as huggingface
from recsvc.api.mail import digest_pages, subscribe_pages
from recsvc.api.pages import brand
from recsvc.api.pages import problems as page_problems
from recsvc.api.pages import routes as pages
from recsvc.api.pages.page import environment
from recsvc.api.reference import page as reference
from recsvc.api.services import lifespan_of, provided
from recsvc.api.syndication import private
from recsvc.api.syndication import routes as syndication
from recsvc.api.v1 import (
    blend,
    bounces,
    erasures,
    events,
    everybody,
    experiments,
    feeds,
    items,
    keys,
    lists,
    loop,
    operations,
    people,
    preferences,
    saves,
    snapshots,
    subscriptions,
    users,
    vote_explanations,
    votes,
)
from recsvc.core import compiled
from recsvc.errors import RecsvcError
from recsvc.logs import configure
from recsvc.settings import Settings, from_environment
from recsvc.store.access import wrapping


def _doors(settings: Settings) -> list[Router]:
    """Return what is there for browsers and other clients, unless it is switched off."""
    doors = [
        (settings.pages, [pages.router]),
        (settings.console, [console.router]),
        (settings.syndication, [syndication.router, private.router]),
        (settings.huggingface, [huggingface.router]),
        (settings.embed, [modules.router, oembed.router, embed_pages.router]),
    ]
    return [router for is_on, routers in doors if is_on for router in routers]


def create_app(settings: Settings | None = None) -> Litestar:
    """Return the application, with the environment's settings unless others are given."""
    settings = settings or from_environment()
    configure(settings.log_format, settings.log_level)
    tracing.begin("api", __version__)
    wrapping.use(settings.wrapping_key)
    compiled.use(is_wanted=settings.compiled)
    app = App(
        Bodies(settings.max_bodies_bytes, settings.max_body_bytes),
        names_below=settings.gorse_path,
        route_handlers=[
            events.router,
            feeds.router,
            lists.router,
            items.router,
            everybody.router,
            users.router,
            people.router,
            preferences.router,
            saves.router,
            snapshots.router,
            experiments.router,
            blend.router,
            loop.router,
            keys.router,
            erasures.router,
            operations.router,
            metrics.metrics,
            votes.router,
            vote_explanations.router,
            subscriptions.router,
            bounces.router,
            subscribe_pages.router,
            digest_pages.router(has_pages=settings.pages),
            pages.static,
            brand.router(settings.brand),
            *_doors(settings),
            *([gorse.router(settings.gorse_path)] if settings.gorse_path else []),
        ],
        middleware=[compressed, door],
        before_send=[add_headers, *([note_answer] if tracing.is_on() else [])],
        lifespan=[lifespan_of(settings), watching(settings)],
        on_startup=[metrics.observe],
        on_shutdown=[tracing.end],
        dependencies=provided(lambda: app),
        exception_handlers={
            RecsvcError: on_recsvc_error,
            ValidationException: on_validation_error,
            HTTPException: page_problems.on_http_error,
            RecursionError: on_recursion,
            Exception: page_problems.on_bug,
        },
        template_config=TemplateConfig(
            instance=JinjaTemplateEngine.from_environment(environment(settings))
        ),
        openapi_config=config(COMPONENTS, reference.page),
        request_class=JSONRequest,
        request_max_body_size=settings.max_body_bytes,
    )
    complete(app)
    learn_names(app)
    return app
