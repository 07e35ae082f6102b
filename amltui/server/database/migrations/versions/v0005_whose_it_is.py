"""Know which token made what, and how much one may store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """What is there already, nobody is known to have made."""
    op.add_column("tokens", sa.Column("quota", sa.BigInteger(), nullable=True))
    for table in ("instances", "uploads", "outputs"):
        op.add_column(table, sa.Column("token_id", sa.String(length=32), nullable=True))
        op.create_index(op.f(f"ix_{table}_token_id"), table, ["token_id"], unique=False)
    op.add_column(
        "instances", sa.Column("created_by", sa.Text(), nullable=False, server_default="")
    )
