"""Kinds of workspaces: `base` is what the rest of the program speaks, siblings implement it."""
