"""Every test here has a workspace, a cache and settings of its own."""

import pytest


@pytest.fixture(autouse=True)
def own_directories(tmp_path, monkeypatch):
    for name in ("CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"AMLTUI_{name}_DIR", str(tmp_path / name.lower()))
    for name in ("PROFILE", "ENDPOINT", "WORKSPACE_ID", "TOKEN"):
        monkeypatch.delenv(f"AMLTUI_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
