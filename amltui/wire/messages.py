"""The protocol's JSON objects, and what they mean as models.

Reading is lenient: a missing, null or unknown key never fails, because servers differ, and
`lenient` takes what is odd for missing. Writing gives every key that the old client reads.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from amltui import models
from amltui.wire import dates


class Extension:
    """Names in `WorkspaceSettings.extensions`: what our server adds to the protocol of 2015."""

    EDIT: Final = "edit"
    """PATCH of a family: rename and describe without contents."""
    VERSIONS: Final = "versions"
    RESTORE: Final = "restore"
    PUBLISH: Final = "publish"
    """PUT of an experiment's output."""
    TOKENS: Final = "tokens"
    PRUNE: Final = "prune"
    """DELETE of an instance that is not the latest."""
    ALL: Final = (EDIT, VERSIONS, RESTORE, PUBLISH, TOKENS, PRUNE)


class Message(msgspec.Struct, rename="pascal", kw_only=True, gc=False):
    """Base: JSON keys are PascalCase, as .NET wrote them.

    Messages are trees, so the cycle collector need not look at the 40,000 of a long list.
    """


class DownloadLocation(Message):
    """`DownloadLocation`, `VisualizeEndPoint` and `SchemaEndPoint` of a dataset."""

    base_uri: str | None = ""
    location: str | None = ""
    access_credential: str | None = ""
    size: int | None = None
    name: str | None = ""
    endpoint_type: str | None = ""
    credential_container: str | None = ""
    file_type: str | None = ""
    is_auxiliary: bool | None = False

    def model(self) -> models.Location:
        """As a model, nulls as empty values."""
        return models.Location(
            base_uri=self.base_uri or "",
            location=self.location or "",
            access_credential=self.access_credential or "",
            size=_amount(self.size),
            name=self.name or "",
            endpoint_type=self.endpoint_type or "",
            credential_container=self.credential_container or "",
            file_type=self.file_type or "",
            is_auxiliary=bool(self.is_auxiliary),
        )


def _amount(number: int | None) -> int | None:
    """A number of bytes; None for what no content can have."""
    return number if number is not None and 0 <= number < 1 << 63 else None


_NOWHERE: Final = models.Location()


class DataSource(Message):
    """One dataset instance."""

    id: str
    family_id: str | None = None
    name: str | None = None
    description: str | None = ""
    data_type_id: str | None = None
    size: int | None = None
    created_date: str | None = None
    created_date_ticks: int | None = None
    owner: str | None = ""
    source_origin: str | None = ""
    resource_upload_id: str | None = None
    uploaded_from_filename: str | None = ""
    experiment_id: str | None = None
    promoted_from: str | None = None
    client_version: str | None = None
    service_version: int | None = 0
    is_latest: bool | None = True
    is_deprecated: bool | None = False
    category: str | None = ""
    culture: str | None = ""
    batch: int | None = 0
    schema_status: str | None = ""
    download_location: DownloadLocation | None = None
    visualize_end_point: DownloadLocation | None = None
    schema_end_point: DownloadLocation | None = None
    sha256: str | msgspec.UnsetType | None = msgspec.UNSET
    """Of the contents, in hex. Only our server gives it: for one dataset, and for its versions."""
    created_by: str | msgspec.UnsetType | None = msgspec.UNSET
    """Name of the token that made it; `owner` is what its client wrote. Given as `sha256` is."""

    def model(self) -> models.Dataset:
        """As a model; a missing family id is taken from the id's middle part."""
        parts = self.id.split(".")
        return models.Dataset(
            id=self.id,
            family_id=self.family_id or (parts[1] if len(parts) == 3 else self.id),
            name=self.name or "",
            data_type_id=self.data_type_id or "",
            description=self.description or "",
            size=_amount(self.size),
            created_date=dates.from_wire(self.created_date),
            created_date_ticks=self.created_date_ticks,
            owner=self.owner or "",
            created_by=self.created_by or "",
            source_origin=self.source_origin or "",
            resource_upload_id=self.resource_upload_id,
            uploaded_from_filename=self.uploaded_from_filename or "",
            experiment_id=self.experiment_id,
            promoted_from=self.promoted_from,
            client_version=self.client_version,
            service_version=self.service_version or 0,
            is_latest=self.is_latest is not False,
            is_deprecated=bool(self.is_deprecated),
            category=self.category or "",
            culture=self.culture or "",
            batch=self.batch or 0,
            schema_status=self.schema_status or "",
            download_location=self.download_location.model()
            if self.download_location
            else _NOWHERE,
            visualize_end_point=(
                self.visualize_end_point.model() if self.visualize_end_point else _NOWHERE
            ),
            schema_end_point=self.schema_end_point.model() if self.schema_end_point else _NOWHERE,
            sha256=self.sha256 or None,
        )


class NewDataSource(Message):
    """The `DataSource` part of a create or update."""

    name: str
    data_type_id: str
    description: str | None = ""
    family_id: str | None = None
    """None creates a dataset; a known family gets a new instance."""
    owner: str | None = ""
    source_origin: str | None = "FromResourceUpload"


class CreateDataSource(Message):
    """Body of POST datasources."""

    data_source: NewDataSource
    upload_id: str | None = None
    uploaded_from_file_name: str | None = ""
    client_poll: bool | None = True
    # Promotion of an experiment's output (SourceOrigin FromOutputPromotion).
    experiment_id: str | None = None
    module_node_id: str | None = None
    output_name: str | None = None


class EditDataSource(Message, omit_defaults=True):
    """Body of PATCH family (ours). An absent key leaves that field as it is."""

    name: str | None = None
    description: str | None = None


class ResourceUpload(Message):
    """Answer of POST resourceuploads."""

    id: str
    data_type_id: str | None = ""
    content_type: str | None = None
    committed: bool | None = False
    workspace_id: str | None = None
    shared_access_uri: str | None = None


class AuthorizationToken(Message):
    """Part of the workspace settings, for owners only."""

    primary_token: str | None = None
    secondary_token: str | None = None


class WorkspaceSettings(Message):
    """Answer of GET workspace."""

    workspace_id: str
    friendly_name: str | None = ""
    description: str | None = ""
    region: str | None = ""
    etag: str | None = None
    authorization_token: AuthorizationToken | None = None
    extensions: tuple[str, ...] | None = ()
    """Ours: see `Extension`."""

    def model(self, server: str = "") -> models.WorkspaceInfo:
        """As a model. `server`: the answer's `Server` header."""
        tokens = self.authorization_token or AuthorizationToken()
        return models.WorkspaceInfo(
            workspace_id=self.workspace_id,
            friendly_name=self.friendly_name or "",
            description=self.description or "",
            region=self.region or "",
            etag=self.etag,
            primary_token=tokens.primary_token,
            secondary_token=tokens.secondary_token,
            extensions=frozenset(self.extensions or ()),
            server=server,
        )


class Status(Message):
    """An experiment's status."""

    status_code: str | None = ""
    status_detail: str | None = ""
    creation_time: str | None = None
    start_time: str | None = None
    end_time: str | None = None


class InputPort(Message):
    """`InputPortsInternal[]` of a module node."""

    data_source_id: str | None = None
    name: str | None = ""
    node_id: str | None = ""


class OutputPort(Message):
    """`OutputPortsInternal[]` of a module node."""

    name: str | None = ""
    node_id: str | None = ""
    output_type: str | None = ""


class ModuleNode(Message):
    """`Graph.ModuleNodes[]`."""

    id: str
    module_id: str | None = ""
    comment: str | None = ""
    input_ports_internal: tuple[InputPort, ...] | None = ()
    output_ports_internal: tuple[OutputPort, ...] | None = ()


class Graph(Message):
    """An experiment's graph."""

    module_nodes: tuple[ModuleNode, ...] | None = ()
    edges_internal: tuple[Any, ...] | None = ()


class NodeStatus(Message):
    """`NodeStatuses[]`: how far one node came."""

    node_id: str | None = ""
    status: Status | None = None
    output_endpoints: tuple[Any, ...] | None = ()


class Experiment(Message):
    """One experiment; a list carries no graphs."""

    experiment_id: str
    description: str | None = ""
    creator: str | None = ""
    job_id: str | None = None
    version_id: str | None = None
    etag: str | None = None
    run_id: str | None = None
    is_archived: bool | None = False
    status: Status | None = None
    graph: Graph | None = None
    node_statuses: tuple[NodeStatus, ...] | None = ()

    def model(self) -> models.Experiment:
        """As a model, with its graph when it has one."""
        status = self.status or Status()
        done = {n.node_id: (n.status or Status()).status_code for n in self.node_statuses or ()}
        nodes = (self.graph.module_nodes or ()) if self.graph else ()
        return models.Experiment(
            experiment_id=self.experiment_id,
            description=self.description or "",
            creator=self.creator or "",
            job_id=self.job_id,
            version_id=self.version_id,
            etag=self.etag,
            run_id=self.run_id,
            is_archived=bool(self.is_archived),
            status=models.ExperimentStatus(
                status_code=status.status_code or "",
                status_detail=status.status_detail or "",
                creation_time=dates.from_wire(status.creation_time),
                start_time=dates.from_wire(status.start_time),
                end_time=dates.from_wire(status.end_time),
            ),
            nodes=tuple(self._node(node, done.get(node.id) or "") for node in nodes),
        )

    def _node(self, node: ModuleNode, status: str) -> models.ModuleNode:
        return models.ModuleNode(
            id=node.id,
            module_id=node.module_id or "",
            comment=node.comment or "",
            status=status,
            inputs=tuple(
                models.InputPort(
                    name=port.name or "",
                    node_id=port.node_id or node.id,
                    data_source_id=port.data_source_id,
                )
                for port in node.input_ports_internal or ()
            ),
            outputs=tuple(
                models.OutputPort(
                    experiment_id=self.experiment_id,
                    node_id=port.node_id or node.id,
                    port_name=port.name or "",
                    data_type_id=port.output_type or "",
                    module=node.comment or node.module_id or node.id,
                )
                for port in node.output_ports_internal or ()
            ),
        )


class User(Message):
    """`users[]`."""

    name: str | None = ""
    email: str | None = ""
    role: str | None = ""

    def model(self) -> models.User:
        """As a model."""
        return models.User(name=self.name or "", email=self.email or "", role=self.role or "")


class Quota(Message):
    """Answer of GET quota, in bytes. MaximumStorage 0 or null: no limit."""

    used_storage: int | None = 0
    maximum_storage: int | None = None

    def model(self) -> models.Quota:
        """As a model."""
        return models.Quota(
            used=_amount(self.used_storage) or 0, maximum=_amount(self.maximum_storage) or None
        )


class DataType(Message):
    """`datatypes[]`."""

    id: str
    name: str | None = ""
    file_extension: str | None = ""
    description: str | None = ""


class Token(Message):
    """An access token as the server lists it (ours)."""

    id: str
    name: str | None = ""
    role: str | None = ""
    created: str | None = None
    expires: str | None = None
    last_used: str | None = None
    rights: tuple[str, ...] | None = ()
    """Some of read, write, delete and administer."""
    prefix: str | None = ""
    """With what the names of the datasets begin that it opens."""
    quota: int | None = None
    """Bytes that all it stores may take."""
    secret: str | None = None
    """The token itself: only in the answer that made it."""

    def model(self) -> models.TokenInfo:
        """As a model, without the secret."""
        return models.TokenInfo(
            id=self.id,
            name=self.name or "",
            role=self.role or "",
            created=dates.from_wire(self.created),
            expires=dates.from_wire(self.expires),
            last_used=dates.from_wire(self.last_used),
            rights=tuple(self.rights or ()),
            prefix=self.prefix or "",
            quota=_amount(self.quota),
        )


class NewToken(Message):
    """Body of POST tokens (ours)."""

    name: str
    role: str = "reader"
    """reader, writer or owner; custom with `rights` of its own."""
    expires: str | None = None
    rights: tuple[str, ...] = ()
    prefix: str = ""
    quota: int | None = None


class SchemaColumn(Message):
    """A column as `schema` tells it (ours: no known client reads it)."""

    name: str
    type: str
    """int, float, bool, date, datetime, time or text."""
    misfits: int = 0
    """Values that are not of `type`."""


class Schema(Message):
    """Answer of GET schema."""

    rows: int
    columns: tuple[SchemaColumn, ...] = ()
    malformed_rows: int = 0


class Bar(Message):
    """A bar of a histogram: values from `low` on, below `high` (the last one: up to it)."""

    low: float
    high: float
    count: int


class ValueCount(Message):
    """How often a value stands in a column."""

    value: str
    count: int


class ColumnStatistics(Message):
    """A column as `visualizationdata` tells it (ours); null numbers make no sense."""

    name: str
    type: str
    count: int = 0
    """Values that are there."""
    missing: int = 0
    """Values that are missing or not of `type`."""
    distinct: int | None = None
    """None: more than the server counts."""
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    standard_deviation: float | None = None
    """Of the sample (n - 1)."""
    histogram: tuple[Bar, ...] = ()
    most_common: tuple[ValueCount, ...] = ()


class Visualization(Message):
    """Answer of GET visualizationdata."""

    rows: int
    columns: tuple[ColumnStatistics, ...] = ()


class Error(Message):
    """Body of an error. Studio wrote the message under either key."""

    message: str | None = None
    error_message: str | None = None
    id: str | None = None
    """Ours: the request id that the server's log has too."""
