"""Profiles, precedence, credentials and paths."""
