"""The old client's settings, `~/.azureml/settings.json` or `settings.ini`.

    {"workspace": {"id": "...", "authorization_token": "...", "api_endpoint": "..."}}

The old client documented `endpoint` and read `api_endpoint`; both are read here, the latter first.
The same format is what `amltui serve` writes for the owner of a new workspace.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amltui.config.private import read_settings
from amltui.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Settings:
    """What a settings file says; None: not said."""

    path: Path
    endpoint: str | None = None
    workspace_id: str | None = None
    token: str | None = field(default=None, repr=False)
    management_endpoint: str | None = None
    """Where web services were managed; nothing uses it any more."""


def legacy_settings() -> Settings | None:
    """The settings of the old client in the user's home: JSON before INI. None: there are none.

    Raises:
        ConfigError: the file is there and cannot be read.
    """
    for path in legacy_files():
        settings = read_settings_file(path)
        if settings is not None:
            return settings
    return None


def legacy_files() -> tuple[Path, Path]:
    """Where they would stand, the first that is there being read."""
    directory = Path.home() / ".azureml"
    return directory / "settings.json", directory / "settings.ini"


def read_settings_file(path: Path) -> Settings | None:
    """The settings in one file, INI by its extension and else JSON. None: it is not there.

    Raises:
        ConfigError: it cannot be read; the text names line and column where they are known.
    """
    text = read_settings(path)
    if text is None:
        return None
    values = _ini(path, text) if path.suffix.lower() == ".ini" else _json(path, text)

    def value(*keys: str) -> str | None:
        for key in keys:
            found = values.get(key)
            if isinstance(found, str) and found.strip():
                return found.strip()
        return None

    return Settings(
        path,
        endpoint=value("api_endpoint", "endpoint"),
        workspace_id=value("id", "workspace_id"),
        token=value("authorization_token"),
        management_endpoint=value("management_endpoint"),
    )


def _json(path: Path, text: str) -> dict[str, Any]:
    import json  # few starts find such a file

    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{path} is not valid JSON: {error.msg}, line {error.lineno}, column {error.colno}",
            hint="Correct that line, or move the file away.",
        ) from None
    workspace = document.get("workspace") if isinstance(document, dict) else None
    if not isinstance(workspace, dict):
        raise ConfigError(f'{path} has no "workspace" object', hint="Move the file away.")
    return workspace


def _ini(path: Path, text: str) -> dict[str, str]:
    import configparser

    # No interpolation: a "%" in a token is a "%".
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text, source=str(path))
    except configparser.MissingSectionHeaderError as error:
        what = f"line {error.lineno} stands before any [section]"
    except configparser.ParsingError as error:
        what = f"line {error.errors[0][0]} is no setting"
    except (configparser.DuplicateSectionError, configparser.DuplicateOptionError) as error:
        what = f"line {error.lineno} repeats a name"
    else:
        if not parser.has_section("workspace"):
            raise ConfigError(f"{path} has no [workspace] section", hint="Move the file away.")
        return dict(parser["workspace"])
    # The parser's own text quotes the line, and a token may stand in it.
    raise ConfigError(f"{path} is not a settings file: {what}", hint="Correct that line.")
