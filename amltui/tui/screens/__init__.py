"""Whole screens, which decide what happens when a widget reports."""
