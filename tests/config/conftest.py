"""Every test here has its own home, settings directory and no keyring but its own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PROFILE", "ENDPOINT", "WORKSPACE_ID", "TOKEN"):
        monkeypatch.delenv(f"AMLTUI_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AMLTUI_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path
