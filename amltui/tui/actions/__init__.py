"""What the keys do: each module turns one group of keys into calls of the services."""
