"""The documentation: one Markdown file a topic, shown by `amltui help TOPIC`.

For users, administrators and maintainers alike; the README links here. A new file is a new topic.
"""

from __future__ import annotations

from importlib.resources import files


def topics() -> list[str]:
    """The names of all topics, in alphabetical order."""
    names = [one.name for one in files(__name__).iterdir()]
    return sorted(name.removesuffix(".md") for name in names if name.endswith(".md"))


def read(topic: str) -> str:
    """The Markdown text of a topic that `topics` names."""
    return (files(__name__) / f"{topic}.md").read_text("utf-8")
