"""The workspace server: the same REST protocol, over SQLite or PostgreSQL and files or a store."""
