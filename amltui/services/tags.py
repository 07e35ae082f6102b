"""Tags as people write them: a line `KEY=VALUE` each."""

from __future__ import annotations

from amltui.errors import UsageError
from amltui.models import NAME_TAG, TYPE_TAG, Dataset
from amltui.text import visible


def tag_of(text: str) -> tuple[str, str | None]:
    """Key and value of one; no value takes the tag away.

    Raises:
        UsageError: it is none.
    """
    key, separator, value = text.partition("=")
    if not separator or not key.strip():
        raise UsageError(f'"{visible(text)}" is no tag', hint="Write KEY=VALUE.")
    return key.strip(), value or None


def editable(dataset: Dataset) -> dict[str, str]:
    """The tags that a person edits as lines.

    Left out are those that amltui keeps type and name in, and what is no line: such a tag stays.
    """
    return {
        key: value
        for key, value in dataset.tags
        if key not in {NAME_TAG, TYPE_TAG} and _round_trip(key, value)
    }


def _round_trip(key: str, value: str) -> bool:
    line = f"{key}={value}"
    return (
        bool(value) and bool(key.strip()) and visible(line) == line and tag_of(line) == (key, value)
    )


def lines_of(tags: dict[str, str]) -> str:
    """Tags as they are edited."""
    return "\n".join(f"{key}={value}" for key, value in tags.items())


def changed_tags(before: dict[str, str], text: str) -> dict[str, str | None]:
    """What lines change of the tags that were there: a value for each; None takes it away.

    Raises:
        UsageError: a line is no tag, or two have the same key.
    """
    after: dict[str, str | None] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        key, value = tag_of(line)
        if key in after:
            raise UsageError(f"Two tags are called {visible(key)}")
        if key in {NAME_TAG, TYPE_TAG}:
            raise UsageError(f"amltui keeps something of its own in the tag {visible(key)}")
        after[key] = value
    gone = {key: None for key in before if key not in after}
    return {**gone, **{k: v for k, v in after.items() if v != before.get(k)}}
