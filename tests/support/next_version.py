"""amltui as its next version could be: with one schema version more.

    python -m tests.support.next_version serve ...

What it adds to the database it also reads and writes, as a real one would.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa

from amltui.server.database import tables

BEFORE = tables.HEAD
HEAD = f"{int(BEFORE) + 1:04}"
_CHANGED = ("workspaces", "tokens", "contents", "families", "instances", "uploads")
"""Of what nearly every request reads and writes."""
_MIGRATION = f"""
import sqlalchemy as sa
from alembic import op

revision = "{HEAD}"
down_revision = "{BEFORE}"


def upgrade():
    op.create_table(
        "remarks",
        sa.Column("id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remarks")),
    )
    for table in {_CHANGED}:
        op.add_column(table, sa.Column("colour", sa.Text(), nullable=False, server_default=""))
        op.create_index(op.f(f"ix_{{table}}_colour"), table, ["colour"], unique=False)
"""


def become(migrations: Path) -> None:
    """Let this process be the next version; its migration goes into a directory."""
    from amltui.server.database import upgrade

    (migrations / "next.py").write_text(_MIGRATION)
    config_before = upgrade._config

    def config():
        made = config_before()
        own = Path(made.get_main_option("script_location")) / "versions"
        made.set_main_option("path_separator", "os")
        made.set_main_option("version_locations", f"{own}{os.pathsep}{migrations}")
        return made

    upgrade._config = config
    tables.HEAD = HEAD
    sa.Table("remarks", tables.METADATA, sa.Column("id", sa.String(64), primary_key=True))
    for table in _CHANGED:
        column = sa.Column("colour", sa.Text, nullable=False, server_default="", index=True)
        tables.METADATA.tables[table].append_column(column)


def main() -> int:
    """Run the command line of the next version."""
    with tempfile.TemporaryDirectory() as name:
        become(Path(name))
        from amltui.cli.app import main as command_line  # it reads what was changed

        return command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
