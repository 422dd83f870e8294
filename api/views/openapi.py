"""The OpenAPI document, generated once for each language: it takes 150 ms and is not thread-safe."""

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

_generating = Lock()


@dataclass(frozen=True)
class Document:
    content: bytes
    etag: str


def generate() -> None:
    """Generate the document in every language, unless that was done."""
    with _generating:
        for language, _name in settings.LANGUAGES:
            _schema(language)


def document(language: str, format_name: str) -> Document:
    """Return the document in a language of LANGUAGES, as "yaml" or "json"; the first call for both renders it."""
    with _generating:
        return _rendered(language, format_name)


@cache
def _rendered(language: str, format_name: str) -> Document:
    renderer = OpenApiYamlRenderer() if format_name == OpenApiYamlRenderer.format else OpenApiJsonRenderer()
    with translation.override(language):
        content = renderer.render(_schema(language), renderer_context={})
    return Document(content, f'"{sha256(content).hexdigest()[:32]}"')


@cache
def _schema(language: str) -> dict[str, Any]:
    with translation.override(language):
        schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        return schema


class SchemaView(SpectacularAPIView):
    """Answers in YAML or JSON, in the language of `Accept-Language` or `?lang=`."""

    content_negotiation_class = DefaultContentNegotiation

    @extend_schema(exclude=True)
    def get(self, request: Request, *_args: Any, **_kwargs: Any) -> HttpResponse:
        renderer = request.accepted_renderer
        asked = request.query_params.get("lang", ""), translation.get_language() or "", settings.LANGUAGE_CODE
        language = next(language for language in asked if language in dict(settings.LANGUAGES))
        told = document(language, renderer.format)
        answer = HttpResponse(
            told.content,
            content_type=request.accepted_media_type,
            headers={
                "Content-Disposition": f'inline; filename="referral.{renderer.format}"',
                "ETag": told.etag,
                # Stored, but asked for again: a 304 is enough (RFC 9111, section 5.2.2.4).
                "Cache-Control": "no-cache",
            },
        )
        return get_conditional_response(request, etag=told.etag, response=answer) or answer
