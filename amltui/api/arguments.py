"""What the old client refused with a TypeError, in its own words."""

from __future__ import annotations


def not_none(name: str, value: object) -> None:
    """Refuse None.

    Raises:
        TypeError: `value` is None.
    """
    if value is None:
        raise TypeError(f'"{name}" should not be None.')


def not_empty(name: str, value: str | None) -> None:
    """Refuse None and "".

    Raises:
        TypeError: `value` is one of them.
    """
    if not value:
        raise TypeError(f'"{name}" should not be None or empty.')


def check_new(data_type_id: str, name: str, description: str) -> None:
    """What a new dataset must have."""
    not_empty("data_type_id", data_type_id)
    not_empty("name", name)
    not_empty("description", description)


def check_output(node_id: str, port_name: str, data_type_id: str) -> None:
    """What names an experiment's output."""
    not_empty("node_id", node_id)
    not_empty("port_name", port_name)
    not_empty("data_type_id", data_type_id)
