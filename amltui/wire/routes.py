"""Every route of the protocol, relative to the endpoint.

`path` fills a template with percent-encoded parts; the server mounts the same templates. Routes
under "Ours" are extensions that no server but amltui's has.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode

WORKSPACE: Final = "api/workspaces/{w}"
DATASOURCES: Final = "api/workspaces/{w}/datasources"
DATASOURCE: Final = "api/workspaces/{w}/datasources/{id}"
SCHEMA: Final = "api/workspaces/{w}/datasources/{id}/schema"
VISUALIZATION: Final = "api/workspaces/{w}/datasources/{id}/visualizationdata"
FAMILY: Final = "api/workspaces/{w}/datasources/family/{family}"
RESOURCE_UPLOADS: Final = "api/resourceuploads/workspaces/{w}/"
BLOB_UPLOADS: Final = "api/blobuploads/workspaces/{w}/"
EXPERIMENTS: Final = "api/workspaces/{w}/experiments"
EXPERIMENT: Final = "api/workspaces/{w}/experiments/{e}"
OUTPUT: Final = "api/workspaces/{w}/experiments/{e}/outputdata/{node}/{port}"
USERS: Final = "api/workspaces/{w}/users"
QUOTA: Final = "api/workspaces/{w}/quota"
DATATYPES: Final = "api/workspaces/{w}/datatypes"
WEBSERVICES: Final = "workspaces/{w}/webservices"

# Ours. FAMILY also takes PATCH (rename, describe); OUTPUT also takes PUT (publish)
# and DELETE; so do DATASOURCE, for an old instance, and EXPERIMENT.
VERSIONS: Final = "api/workspaces/{w}/datasources/family/{family}/versions"
RESTORE: Final = "api/workspaces/{w}/datasources/{id}/restore"
TOKENS: Final = "api/workspaces/{w}/tokens"
TOKEN: Final = "api/workspaces/{w}/tokens/{token}"  # noqa: S105 - a name, not a secret
REGENERATE: Final = "api/workspaces/{w}/tokens/{token}/regenerate"
CLEAN: Final = "api/workspaces/{w}/clean"
CONTENT: Final = "content/{key}"
HEALTH: Final = "health"
HEALTH_LIVE: Final = "health/live"
HEALTH_READY: Final = "health/ready"
OPENAPI: Final = "openapi.json"


def path(template: str, *, query: dict[str, str | int] | None = None, **parts: str) -> str:
    """`template` with each part percent-encoded as one path segment, and a query if given."""
    filled = template.format(**{key: quote(value, safe="") for key, value in parts.items()})
    return f"{filled}?{urlencode(query)}" if query else filled


def resource_upload(workspace_id: str, data_type_id: str) -> str:
    """Where an upload begins."""
    query: dict[str, str | int] = {"userStorage": "true", "dataTypeId": data_type_id}
    return path(RESOURCE_UPLOADS, w=workspace_id, query=query)


def blob_upload(
    workspace_id: str, *, blocks: int, block: int, upload_id: str, data_type_id: str
) -> str:
    """Where block `block` (0-based) of `blocks` goes."""
    query: dict[str, str | int] = {
        "numberOfBlocks": blocks,
        "blockId": block,
        "uploadId": upload_id,
        "dataTypeId": data_type_id,
    }
    return path(BLOB_UPLOADS, w=workspace_id, query=query)
