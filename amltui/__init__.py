"""Datasets of an Azure ML Studio (classic) style workspace: terminal program, library, server."""

__version__ = "0.1.0"
