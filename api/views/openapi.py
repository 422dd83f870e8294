"""The OpenAPI document, built once for each language: generating one takes 70 ms and is not thread-safe."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import translation
from django.utils.cache import get_conditional_response
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

_building = Lock()


@dataclass(frozen=True)
class Document:
    content: bytes
    etag: str


def documents() -> Mapping[tuple[str, str], Document]:
    """Return the documents by language and format ("yaml", "json"); the first call builds them."""
    with _building:
        return _build()


@cache
def _build() -> Mapping[tuple[str, str], Document]:
    built = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
            for renderer in (OpenApiYamlRenderer(), OpenApiJsonRenderer()):
                content = renderer.render(schema, renderer_context={})
                built[language, renderer.format] = Document(content, f'"{sha256(content).hexdigest()[:32]}"')
    return built


class SchemaView(SpectacularAPIView):
    """Answers in YAML or JSON, in the language of `Accept-Language` or `?lang=`."""

    content_negotiation_class = DefaultContentNegotiation

    @extend_schema(exclude=True)
    def get(self, request: Request, *_args: Any, **_kwargs: Any) -> HttpResponse:
        renderer = request.accepted_renderer
        asked = request.query_params.get("lang", ""), translation.get_language() or "", settings.LANGUAGE_CODE
        built = documents()
        document = next(built[language, renderer.format] for language in asked if (language, renderer.format) in built)
        answer = HttpResponse(
            document.content,
            content_type=request.accepted_media_type,
            headers={
                "Content-Disposition": f'inline; filename="referral.{renderer.format}"',
                "ETag": document.etag,
                # Stored, but asked for again: a 304 is enough (RFC 9111, section 5.2.2.4).
                "Cache-Control": "no-cache",
            },
        )
        return get_conditional_response(request, etag=document.etag, response=answer) or answer
