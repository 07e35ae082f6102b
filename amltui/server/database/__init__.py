"""What the server remembers: tables, connections, schema versions."""
