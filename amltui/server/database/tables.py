"""The tables of schema version `HEAD`; `migrations/` leads older databases here.

Times are microseconds since 1970 in UTC. Contents are named by their SHA-256 in hex. An instance
row is a version of a dataset: its contents never change, its name and description may.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    true,
)

HEAD: Final = "0005"
"""The schema version that this program reads and writes."""

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

secrets = Table(
    "secrets",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""What all servers of one workspace share: the key that signs links."""

workspaces = Table(
    "workspaces",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("friendly_name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    # Counts every change of the workspace's list; bumping it first serialises writers.
)

tokens = Table(
    "tokens",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Column("last_used", BigInteger),
    Column("rights", Text, nullable=False, server_default=""),
    # Some of read, write, delete and administer, with commas between them.
    Column("prefix", Text, nullable=False, server_default=""),
    # With what the names of the datasets begin that it opens.
    Column("quota", BigInteger),
    # Bytes that all it stores may take.
    UniqueConstraint("workspace_id", "name"),
)

failed_logins = Table(
    "failed_logins",
    METADATA,
    Column("address", String(100), primary_key=True),
    Column("minute", BigInteger, primary_key=True),
    # Since 1970.
    Column("failures", Integer, nullable=False),
)

contents = Table(
    "contents",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("touched", BigInteger, nullable=False, index=True),
    Column("doomed", Boolean, nullable=False),
    # Set by the janitor before it deletes the bytes; see `janitor`.
)

families = Table(
    "families",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("look", Text, nullable=False, server_default="", index=True),
    # Alike for names that nobody can tell apart; see `wire.names`.
    UniqueConstraint("workspace_id", "name"),
)

instances = Table(
    "instances",
    METADATA,
    Column("id", String(200), primary_key=True),
    Column("family_id", ForeignKey("families.id", ondelete="CASCADE"), nullable=False),
    Column("workspace_id", ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    # 1 for the family's first instance, rising.
    Column("is_latest", Boolean, nullable=False),
    Column("sha256", ForeignKey("contents.sha256"), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("data_type_id", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("source_origin", Text, nullable=False),
    Column("resource_upload_id", String(64), unique=True),
    Column("uploaded_from_filename", Text, nullable=False),
    Column("experiment_id", Text),
    Column("promoted_from", Text),
    Column("token_id", String(32), index=True),
    # Of whoever made it; None where nobody knows, or this program did.
    Column("created_by", Text, nullable=False, server_default=""),
    # The token's name as it was then: `owner` is what the client wrote.
    UniqueConstraint("family_id", "number"),
    Index("ix_instances_listed", "workspace_id", "is_latest", "created", "id"),
    Index(
        "uq_instances_latest",
        "family_id",
        unique=True,
        sqlite_where=Column("is_latest") == true(),
    ),
)

uploads = Table(
    "uploads",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("data_type_id", Text, nullable=False),
    Column("touched", BigInteger, nullable=False, index=True),
    Column("blocks", Integer, nullable=False),
    # As the client announced; 0 until the first block.
    Column("sha256", ForeignKey("contents.sha256"), index=True),
    Column("size", BigInteger),
    # Both set once the whole content is stored.
    Column("token_id", String(32), index=True),
)

blocks = Table(
    "blocks",
    METADATA,
    Column("upload_id", ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("key", String(200), nullable=False),
    # Names the block's bytes in the store.
    Column("size", BigInteger, nullable=False),
)

experiments = Table(
    "experiments",
    METADATA,
    Column("id", String(200), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    # The whole experiment with its graph, as JSON of the protocol.
)

outputs = Table(
    "outputs",
    METADATA,
    Column("experiment_id", ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    Column("node_id", String(200), primary_key=True),
    Column("port", String(200), primary_key=True),
    Column("sha256", ForeignKey("contents.sha256"), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("data_type_id", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("token_id", String(32), index=True),
)

profiles = Table(
    "profiles",
    METADATA,
    Column("sha256", ForeignKey("contents.sha256", ondelete="CASCADE"), primary_key=True),
    Column("data_type_id", String(200), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("schema", LargeBinary, nullable=False),
    Column("visualization", LargeBinary, nullable=False),
    # JSON, as the two routes answer it.
)

settings = Table(
    "settings",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    # JSON.
)
"""What whoever runs the workspace has set, for all its servers."""

audit = Table(
    "audit",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("time", BigInteger, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    # A token's name as it was then, or who worked on the server's machine; "" for nobody known.
    Column("token_id", String(32)),
    Column("client", Text, nullable=False),
    # An address, or "local" on the server's machine.
    Column("action", String(32), nullable=False),
    Column("target", Text, nullable=False),
    # The id of a dataset, an instance, an experiment or a token.
    Column("name", Text, nullable=False),
    # Its name as it was then.
    Column("status", Integer, nullable=False),
    # As the request was answered.
    Column("request_id", String(32), nullable=False),
)
