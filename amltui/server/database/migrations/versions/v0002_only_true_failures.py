"""Forget failed profiles: a full disk or a killed process counted as one for ever."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Delete them; who asks again computes them anew."""
    op.execute("DELETE FROM profiles WHERE status = 'Failed'")
