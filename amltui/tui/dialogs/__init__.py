"""Dialogs: each is a `ModalScreen[T]` that dismisses with a value, or None when left by escape."""
