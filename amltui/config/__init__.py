"""Profiles, precedence, credentials and paths."""

from amltui.config.connection import Connection, resolve

__all__ = ["Connection", "resolve"]
