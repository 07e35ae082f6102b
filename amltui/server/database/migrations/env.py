"""Run by alembic: applies the scripts over the connection that it was given."""

from __future__ import annotations

from alembic import context

from amltui.server.database.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
