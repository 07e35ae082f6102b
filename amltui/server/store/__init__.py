"""Where contents are kept: local files, or a cloud's object store."""
