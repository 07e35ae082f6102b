"""What is on this disk: contents, tables, list snapshots; quota and locks."""
