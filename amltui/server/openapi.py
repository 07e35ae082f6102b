"""The OpenAPI description, generated from the table of endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import msgspec

import amltui
from amltui.server.routing import Endpoint
from amltui.wire import headers, messages

_PART: Final = re.compile(r"\{(\w+)\}")
_REFERENCES: Final = "#/components/schemas/{name}"
_PARTS: Final = {
    "w": "Workspace id",
    "id": "Dataset id: workspaceId.familyId.instanceId",
    "family": "Family id of a dataset",
    "e": "Experiment id",
    "node": "Node id in the experiment's graph",
    "port": "Name of the output port",
    "token": "Id or name of an access token",
    "key": "SHA-256 of the contents, in hex",
}
_USUAL_OPEN: Final = {
    400: "The request as such is wrong",
    503: "Database or store cannot be reached now",
}
_USUAL: Final = _USUAL_OPEN | {
    401: "The workspace or the token is wrong",
    403: "The token may not do this",
    429: "Too many failed logins from this address",
}
_USUAL_BODY: Final = {
    408: "The rest of the body did not come",
    411: "The body does not say its length",
    413: "The body is too large",
}


def document(endpoints: Iterable[Endpoint]) -> bytes:
    """The description of all endpoints, as JSON."""
    return _document(tuple(endpoints))


@cache
def _document(endpoints: tuple[Endpoint, ...]) -> bytes:
    kinds = [
        *(e.body for e in endpoints if e.body not in {None, bytes}),
        *(e.answer for e in endpoints if e.answer not in {None, bytes}),
        messages.Error,
    ]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCES)
    # Types may be unhashable generics: keep them by their place.
    named = {id(kind): schema for kind, schema in zip(kinds, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, named)
        paths.setdefault(f"/{endpoint.path}", {})[endpoint.method.lower()] = operation
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "amltui workspace server",
                "version": amltui.__version__,
                "description": "The REST protocol of Azure ML Studio (classic) workspaces.",
            },
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {
                    "token": {"type": "apiKey", "in": "header", "name": headers.TOKEN},
                    "bearer": {"type": "http", "scheme": "bearer"},
                },
            },
        }
    )


def _operation(endpoint: Endpoint, named: dict[int, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.handler.__module__.rpartition('.')[2]}_"
        f"{getattr(endpoint.handler, '__name__', '')}",
        "summary": endpoint.summary,
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": _responses(endpoint, named),
        "security": [] if endpoint.access == "open" else [{"token": []}, {"bearer": []}],
    }
    if endpoint.body is bytes:
        content: dict[str, Any] = {"application/octet-stream": {"schema": {}}}
        operation["requestBody"] = {"required": False, "content": content}
    elif endpoint.body is not None:
        content = {"application/json": {"schema": named[id(endpoint.body)]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PARTS[name],
            "schema": {"type": "string", "minLength": 1},
        }
        for name in _PART.findall(endpoint.path)
    ]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {
            "name": parameter.name,
            "in": "query",
            "required": parameter.required,
            "description": parameter.description,
            "schema": {"type": parameter.kind},
        }
        for parameter in endpoint.query
    ]


def _responses(endpoint: Endpoint, named: dict[int, dict[str, Any]]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    if endpoint.answer is None:
        responses["204"] = {"description": "Done"}
    else:
        media = (
            {"application/octet-stream": {"schema": {}}}
            if endpoint.answer is bytes
            else {"application/json": {"schema": named[id(endpoint.answer)]}}
        )
        responses[str(endpoint.success)] = {"description": "Done", "content": media}
    if endpoint.answer is bytes:
        responses["206"] = {"description": "The range asked for"}
        responses["307"] = {"description": "The contents are at the store"}
    if endpoint.method == "GET":
        responses["304"] = {"description": "Unchanged"}
    error = {"application/json": {"schema": named[id(messages.Error)]}}
    usual = _USUAL_OPEN if endpoint.access == "open" else _USUAL
    if endpoint.body is not None:
        usual = usual | _USUAL_BODY
    for status, words in {**usual, **endpoint.problems}.items():
        responses[str(status)] = {"description": words, "content": error}
    return responses
