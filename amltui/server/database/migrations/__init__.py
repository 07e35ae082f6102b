"""Schema versions as alembic scripts; `versions/` holds one module each."""
