from __future__ import annotations

from tests.tables.conftest import make_table

__all__ = ["make_table"]
