"""Give tokens rights and a prefix, count failed logins, and know names that look alike."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from amltui.wire.names import look_of

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Owners have all rights, readers one; each name gets its look."""
    op.create_table(
        "failed_logins",
        sa.Column("address", sa.String(length=100), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address", "minute", name=op.f("pk_failed_logins")),
    )
    for column in ("rights", "prefix"):
        op.add_column("tokens", sa.Column(column, sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE tokens SET rights = 'read' WHERE role = 'reader'")
    op.execute("UPDATE tokens SET rights = 'read,write,delete,administer' WHERE role = 'owner'")
    op.add_column("families", sa.Column("look", sa.Text(), nullable=False, server_default=""))
    op.create_index(op.f("ix_families_look"), "families", ["look"], unique=False)
    families = sa.table("families", sa.column("id"), sa.column("name"), sa.column("look"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(families.c.id, families.c.name)).all():
        changed = sa.update(families).where(families.c.id == row.id)
        connection.execute(changed.values(look=look_of(row.name)))
