"""Profiles in a file that people edit, and where their tokens lie."""

from __future__ import annotations

import stat
import subprocess
import sys

import keyring
import pytest
from keyring.backend import KeyringBackend

from amltui.config import credentials, profiles, resolve
from amltui.config.profiles import Profile
from amltui.errors import ConfigError

TEAM = Profile("team", "https://team.example/", "team-id")


class MemoryKeyring(KeyringBackend):
    """A real keyring backend that keeps what it is given as long as the test runs."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


@pytest.fixture
def memory_keyring():
    before = keyring.get_keyring()
    ring = MemoryKeyring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def test_comments_and_order_of_the_file_are_kept_on_every_edit():
    path = profiles.profiles_file()
    path.parent.mkdir()
    path.write_text(
        "# mine\n\n[profiles.zeta]  # first\nendpoint = 'https://z.example'\nworkspace_id = 'z'\n"
    )
    profiles.save(TEAM, None)
    profiles.use("team")
    profiles.save(Profile("zeta", "https://z2.example/", "z"), None)
    profiles.use("zeta")
    text = path.read_text()
    assert "# mine" in text
    assert "[profiles.zeta]  # first" in text
    assert [one.name for one in profiles.profiles()] == ["zeta", "team"]
    assert profiles.default_profile() == "zeta"
    profiles.remove("team")
    assert path.read_text().count("# ") == 2


def test_without_a_keyring_the_token_lies_in_a_file_of_0600_and_not_in_the_profiles():
    assert profiles.save(TEAM, "planted-secret") == "file"
    path = credentials.credentials_file()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "planted-secret" not in profiles.profiles_file().read_text()
    assert resolve(profile="team").token == "planted-secret"


def test_a_token_file_that_others_can_read_is_taken_away_from_them():
    profiles.save(TEAM, "t")
    credentials.credentials_file().chmod(0o644)
    assert resolve(profile="team").token == "t"
    assert stat.S_IMODE(credentials.credentials_file().stat().st_mode) == 0o600


def test_with_a_keyring_the_token_is_there_and_in_no_file(memory_keyring, home):
    assert profiles.save(TEAM, "planted-secret") == "keyring"
    assert resolve(profile="team").token == "planted-secret"
    for path in home.rglob("*"):
        assert not path.is_file() or "planted-secret" not in path.read_text()
    profiles.remove("team")
    assert memory_keyring.kept == {}


def test_a_keyring_that_went_away_is_said_with_what_to_do(memory_keyring):
    profiles.save(TEAM, "planted-secret")
    from keyring.backends.fail import Keyring

    keyring.set_keyring(Keyring())
    with pytest.raises(ConfigError, match="keyring") as caught:
        resolve(profile="team")
    assert "AMLTUI_TOKEN" in caught.value.hint


def test_removing_a_profile_removes_its_token_and_the_default_that_named_it():
    profiles.save(TEAM, "planted-secret")
    profiles.use("team")
    profiles.remove("team")
    assert "planted-secret" not in credentials.credentials_file().read_text()
    assert profiles.default_profile() is None
    assert resolve() is None


@pytest.mark.parametrize(
    ("asked", "hint"), [("taem", "Did you mean team"), ("x", "There are: team"), ("lokal", "local")]
)
def test_an_unknown_profile_comes_with_near_names(asked, hint):
    profiles.save(TEAM, "t")
    with pytest.raises(ConfigError, match="no profile") as caught:
        resolve(profile=asked)
    assert hint in caught.value.hint


def test_the_first_profile_is_suggested_where_there_is_none():
    with pytest.raises(ConfigError) as caught:
        resolve(profile="team")
    assert "amltui profile add" in caught.value.hint


def test_bad_toml_is_said_with_line_and_column():
    path = profiles.profiles_file()
    path.parent.mkdir()
    path.write_text("[profiles.team]\nendpoint = nonsense\n")
    with pytest.raises(ConfigError, match="line 2, column 12"):
        resolve()


def test_two_profiles_of_a_name_are_said():
    path = profiles.profiles_file()
    path.parent.mkdir()
    path.write_text("[profiles.team]\nendpoint='https://x'\n[profiles.team]\n")
    with pytest.raises(ConfigError, match=r'named "team" in .*, line 3') as caught:
        resolve()
    assert caught.value.hint


def test_a_token_in_the_profiles_file_is_refused_and_not_repeated():
    path = profiles.profiles_file()
    path.parent.mkdir()
    path.write_text(
        "[profiles.team]\nendpoint='https://x'\nworkspace_id='w'\ntoken='planted-secret'\n"
    )
    with pytest.raises(ConfigError) as caught:
        resolve(profile="team")
    assert "planted-secret" not in str(caught.value) + caught.value.hint


def test_a_wrong_profile_does_not_hinder_another():
    profiles.save(TEAM, "t")
    with profiles.profiles_file().open("a") as file:
        file.write("[profiles.broken]\nendpoint = 3\n")
    assert resolve(profile="team").token == "t"
    with pytest.raises(ConfigError, match="broken"):
        resolve(profile="broken")


def test_a_default_that_is_no_profile_is_said():
    path = profiles.profiles_file()
    path.parent.mkdir()
    path.write_text('default = "gone"\n')
    with pytest.raises(ConfigError, match="gone") as caught:
        resolve()
    assert "profile use" in caught.value.hint


@pytest.mark.parametrize("name", ["", "local", "a b", "../x", "-x", "x" * 65, "a\nb"])
def test_a_name_that_is_no_profile_name_is_refused(name):
    with pytest.raises(ConfigError):
        profiles.save(Profile(name, "https://x/", "w"), None)


def test_a_settings_file_that_is_a_link_stays_a_link(tmp_path):
    real = tmp_path / "dotfiles.toml"
    real.write_text("# kept elsewhere\n")
    profiles.profiles_file().parent.mkdir()
    profiles.profiles_file().symlink_to(real)
    profiles.save(TEAM, None)
    assert profiles.profiles_file().is_symlink()
    assert "team" in real.read_text()


def test_reading_the_settings_imports_neither_the_editor_nor_the_keyring():
    code = (
        "import sys, amltui.config; amltui.config.resolve();"
        "print([m for m in ('tomlkit', 'keyring', 'httpx', 'asyncio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
