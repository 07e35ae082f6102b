"""What a workspace holds, as plain frozen values.

Nothing here knows the wire, the disk or the screen. Field names are those of the old `azureml`
client, in all rooms, so that one thing has one name. Times are aware datetimes in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

GLOBAL_WORKSPACE_ID: Final = "506153734175476c4f62416c57734963"
"""The workspace whose datasets and experiments are everybody's examples and nobody's to change."""

TYPE_TAG: Final = "amltui.type"
"""Tag that holds a data type which the name of a file does not tell, where tags are kept."""
NAME_TAG: Final = "amltui.name"
"""Tag that holds the name that a dataset has elsewhere, and cannot have here."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class DataTypeIds:
    """The data type ids that the old client names, and how each one's bytes read."""

    ARFF: Final = "ARFF"
    PlainText: Final = "PlainText"
    GenericCSV: Final = "GenericCSV"
    GenericTSV: Final = "GenericTSV"
    GenericCSVNoHeader: Final = "GenericCSVNoHeader"
    GenericTSVNoHeader: Final = "GenericTSVNoHeader"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a content, a schema or a visualisation can be fetched."""

    base_uri: str = ""
    location: str = ""
    access_credential: str = field(default="", repr=False)
    """A signed query string, so a secret: never stored, logged or shown."""
    size: int | None = None
    name: str = ""
    endpoint_type: str = ""
    credential_container: str = ""
    file_type: str = ""
    is_auxiliary: bool = False

    @property
    def url(self) -> str:
        """The whole address with its credential, or "" when the workspace gave none."""
        return f"{self.base_uri}{self.location}{self.access_credential}"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One version of a dataset; its contents never change."""

    id: str
    """Names this version for ever, whatever becomes of the dataset; what caches go by."""
    family_id: str
    """The key, by the old client's name."""
    name: str
    data_type_id: str
    description: str = ""
    size: int | None = None
    """Bytes as stored. None: the workspace did not say. 0: truly empty."""
    created_date: datetime | None = None
    created_date_ticks: int | None = None
    """100 ns steps since 0001-01-01 (.NET)."""
    owner: str = ""
    """What the client wrote that made it: often only which client that was."""
    created_by: str = ""
    """The name of the token that made it, as a server of ours knows it. "": it was not said."""
    source_origin: str = ""
    resource_upload_id: str | None = None
    uploaded_from_filename: str = ""
    experiment_id: str | None = None
    promoted_from: str | None = None
    client_version: str | None = None
    service_version: int = 0
    is_latest: bool = True
    is_deprecated: bool = False
    category: str = ""
    culture: str = ""
    batch: int = 0
    schema_status: str = ""
    """Pending, Complete, NotSupported or Failed."""
    download_location: Location = Location()
    visualize_end_point: Location = Location()
    schema_end_point: Location = Location()
    sha256: str | None = None
    """Of the contents, in hex. None: the workspace did not say."""
    tags: tuple[tuple[str, str], ...] = ()
    """Names and values that people gave it."""
    note: str = ""
    """In what the contents that are read are not what the workspace means by it; "" for nothing."""
    is_brief: bool = False
    """Whether a list gave it, which does not say all: `Workspace.dataset` does."""
    is_folder: bool = False
    """Whether it is a folder whose files are no one content: `Workspace.level` lists them."""
    typed: bool = True
    """Whether somebody said what type it is. False: only the file's name did."""
    arriving: bool = False
    """Whether its contents still come to this disk by themselves; then nobody knows its size."""

    @property
    def key(self) -> str:
        """What all versions of this dataset share, and no other dataset in its workspace has."""
        return self.family_id

    @property
    def is_example(self) -> bool:
        """Whether it lives in the global workspace and so cannot be changed."""
        return self.id.startswith(GLOBAL_WORKSPACE_ID)


@dataclass(frozen=True, slots=True)
class Listing:
    """The latest version of each dataset, as the workspace listed them."""

    datasets: tuple[Dataset, ...]
    etag: str | None = None
    """What to send to be told that nothing changed. None: this workspace cannot say."""
    unreadable: int = 0
    """Entries that the workspace listed and that could not be understood, so are left out."""
    missing: tuple[str, ...] = ()
    """For each part of the workspace that could not be listed at all, a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Level:
    """One folder of a workspace."""

    folders: tuple[str, ...]
    """The folders in it: whole names, with `/` at the end."""
    datasets: tuple[Dataset, ...]
    unreadable: int = 0
    """Entries beside them that could not be read."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of this disk that is part of a folder."""

    name: str
    """Its path in the folder, with `/`."""
    path: Path
    """Where it lies."""


@dataclass(frozen=True, slots=True)
class OutputPort:
    """One output of a module in an experiment: an intermediate dataset once it has run."""

    experiment_id: str
    node_id: str
    port_name: str
    data_type_id: str = ""
    module: str = ""
    """The module's comment or id: what a person knows it by."""


@dataclass(frozen=True, slots=True)
class InputPort:
    """One input of a module: fed by a dataset (`data_source_id`) or by another node's output."""

    name: str
    node_id: str
    data_source_id: str | None = None


@dataclass(frozen=True, slots=True)
class ModuleNode:
    """A module in an experiment's graph."""

    id: str
    module_id: str
    comment: str = ""
    inputs: tuple[InputPort, ...] = ()
    outputs: tuple[OutputPort, ...] = ()
    status: str = ""


@dataclass(frozen=True, slots=True)
class ExperimentStatus:
    """How far an experiment's last run came."""

    status_code: str = ""
    status_detail: str = ""
    creation_time: datetime | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment; `nodes` is empty when it comes from a list, which carries no graphs."""

    experiment_id: str
    description: str = ""
    creator: str = ""
    job_id: str | None = None
    version_id: str | None = None
    etag: str | None = None
    run_id: str | None = None
    is_archived: bool = False
    status: ExperimentStatus = ExperimentStatus()
    nodes: tuple[ModuleNode, ...] = ()

    @property
    def is_example(self) -> bool:
        """Whether it lives in the global workspace."""
        return self.experiment_id.startswith(GLOBAL_WORKSPACE_ID)

    @property
    def outputs(self) -> tuple[OutputPort, ...]:
        """All output ports in the graph, in the graph's order."""
        return tuple(port for node in self.nodes for port in node.outputs)


@dataclass(frozen=True, slots=True)
class WorkspaceInfo:
    """A workspace's settings."""

    workspace_id: str
    friendly_name: str = ""
    description: str = ""
    region: str = ""
    etag: str | None = None
    primary_token: str | None = field(default=None, repr=False)
    secondary_token: str | None = field(default=None, repr=False)
    extensions: frozenset[str] = frozenset()
    """What the server can do beyond the protocol of 2015; see `wire.messages.Extension`."""
    server: str = ""
    """The server's own name and version, as its `Server` header gives it."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with access to a workspace."""

    name: str
    email: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Quota:
    """Storage of a workspace, in bytes. `maximum` None: unlimited or not said."""

    used: int
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """An access token as the server lists it: never the token itself."""

    id: str
    name: str
    role: str
    """`owner`, `writer` or `reader`; `custom` with other rights than theirs."""
    created: datetime | None = None
    expires: datetime | None = None
    last_used: datetime | None = None
    rights: tuple[str, ...] = ()
    """Some of read, write, delete and administer."""
    prefix: str = ""
    """With what the names of the datasets begin that it opens; "" for all."""
    quota: int | None = None
    """Bytes that all it stores may take. None: no limit of its own."""


@dataclass(frozen=True, slots=True)
class ContentInfo:
    """What a workspace said about a content before its first byte."""

    start: int
    """Offset of the first byte that follows (0-based)."""
    size: int | None
    """Bytes of the whole content, whatever part follows. None: not said."""
    etag: str | None = None
    """A strong validator, with its quotes. None: none was given, so a resume cannot be trusted."""
    sha256: str | None = None
    """Hex digest of the whole content, from `Repr-Digest`."""
    md5: str | None = None
    """Hex digest of the whole content, from `Content-MD5`."""
    ranges: bool = False
    """Whether the host answers Range requests."""
