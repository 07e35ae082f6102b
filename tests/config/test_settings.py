"""The settings at the top of a file that people edit."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from amltui.config import cluster, downloads, look, profiles, quota, settings
from amltui.config.profiles import Profile
from amltui.errors import ConfigError

FILE = """\
# mine
colour = 1  # of something newer

# where the team works
[profiles.team]  # theirs
endpoint = "https://team.example/"
workspace_id = "team-id"
mood = "good"
"""


@pytest.fixture
def file():
    path = profiles.profiles_file()
    path.parent.mkdir()
    path.write_text(FILE)
    return path


def values():
    return {one.setting.key: one.value for one in settings.read_settings()[0] if one.value}


def test_a_change_leaves_comments_unknown_keys_and_profiles_as_they_were(file):
    settings.change_setting("theme", "light")
    settings.change_setting("cache_quota", "20 GiB")
    settings.change_setting("default", "team")
    assert file.read_text().endswith(FILE)
    assert values() == {"theme": "light", "cache_quota": "20 GiB", "default": "team"}
    assert settings.read_settings()[1] == ("colour",)
    for key in values():
        settings.change_setting(key, None)
    assert file.read_text().strip() == FILE.strip()


def test_the_comment_beside_a_setting_stays_when_it_is_changed_and_when_it_goes(file):
    file.write_text('theme = "dark" # for the evening\n' + FILE)
    settings.change_setting("theme", "light")
    assert file.read_text() == 'theme = "light" # for the evening\n' + FILE
    settings.change_setting("theme", None)
    assert file.read_text() == "# for the evening\n" + FILE


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("default", "taem", "not one of its profiles"),
        ("theme", "pink", "none that there is: 'pink'"),
        ("missing_sign", "\x1b[2J", "no sign of 1 to 4 cells"),
        ("missing_sign", "nothing", "no sign of 1 to 4 cells"),
        ("number_format", "1234x", "no way to write the number 1234: '1234x'"),
        ("number_format", "1,234,5", "no way to write"),
        ("number_format", "1,2345", "no way to write"),
        ("date_format", "%d", "none of the formats that there are: '%d'"),
        ("low_traffic", "maybe", "neither yes nor no: 'maybe'"),
        ("download_folder", "data", "no absolute path"),
        ("download_folder", "/nowhere/at/all", "no folder"),
        ("cache_quota", "much", "no size: 'much'"),
        ("fetch_limit", "-1", "no size"),
        ("engine", "http://host", "no address of a cluster"),
        ("engine", "sc://host/;token=secret", "holds a token"),
        ("engine_above", "", "no size"),
    ],
)
def test_what_a_setting_cannot_be_is_refused_and_the_file_stays(file, key, value, words):
    with pytest.raises(ConfigError, match=words) as raised:
        settings.change_setting(key, value)
    assert "secret" not in str(raised.value)
    assert file.read_text() == FILE


def test_what_is_wrong_in_the_file_is_said_beside_its_setting_and_can_be_mended(file):
    file.write_text('theme = "pink"\nengine_above = true\ndefault = 7\n' + FILE)
    problems = {one.setting.key for one in settings.read_settings()[0] if one.problem}
    assert problems == {"theme", "engine_above", "default"}
    settings.change_setting("theme", "dark")
    settings.change_setting("default", "local")
    settings.change_setting("engine_above", None)
    assert not any(one.problem for one in settings.read_settings()[0])


def test_of_what_is_wrong_in_the_file_line_and_column_are_said(file):
    file.write_text(
        'text = """\ntheme = "pink"\n"""\n  theme = "pink"\ncache_quota="much"\n'
        'engine_above = "no"\n'
        "download_folder\t=\t'data'\n'missing_sign' = 7\ndefault = \"taem\"\n"
        '[profiles.team]\nendpoint = "x"\n[profiles."a.b"]\nworkspace_id = "id"\nendpoint = 1\n'
        '[profiles.c]\nazure = "/x"\ncloud = "mars"\n[profiles.d]\nurl = "/"\nwrite = "yes"\n'
    )
    path = profiles.profiles_file()
    for read, words in (
        (look.theme, "`theme` in {}, line 4, column 11"),
        (quota.cache_quota, "`cache_quota` in {}, line 5, column 13"),
        (cluster.engine_above, "`engine_above` in {}, line 6, column 16"),
        (downloads.download_folder, "`download_folder` in {}, line 7, column 19"),
        (look.missing_sign, "`missing_sign` in {}, line 8, column 18"),
        (profiles.default_profile, "`default` in {}, line 9, column 11"),
        (lambda: profiles.profile("a.b"), "{}, line 14, column 12"),
        (lambda: profiles.profile("c"), "{}, line 17, column 9"),
        (lambda: profiles.profile("d"), "{}, line 20, column 9"),
    ):
        with pytest.raises(ConfigError, match=re.escape(words.format(path))):
            read()
    said = {one.setting.key: str(one.problem) for one in settings.read_settings()[0]}
    assert said["theme"].startswith("`theme` (line 4, column 11) is none that there is")


def test_a_file_that_is_no_toml_is_not_touched(file):
    file.write_text("theme = \n" + FILE)
    with pytest.raises(ConfigError, match="line 1, column 9"):
        settings.change_setting("theme", "light")
    assert file.read_text() == "theme = \n" + FILE


def test_what_the_environment_says_goes_before_and_is_said(file, monkeypatch):
    monkeypatch.setenv("AMLTUI_CACHE_QUOTA", "1 GiB")
    overruled = [one.setting.key for one in settings.read_settings()[0] if one.overruled]
    assert overruled == ["cache_quota"]


def test_of_changes_at_once_none_is_lost(file):
    """Threads of this program and another one, of settings and of profiles."""
    code = (
        "from amltui.config.profiles import Profile, save\n"
        "for at in range(20): save(Profile(f'p{at}', 'https://p.example/', 'id'), None)"
    )
    other = subprocess.Popen([sys.executable, "-c", code])
    keys = {"theme": "light", "cache_quota": "1 GiB", "engine_above": "2 GiB"}
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(settings.change_setting, keys, keys.values()))
        list(
            pool.map(
                lambda at: profiles.save(Profile(f"q{at}", "https://q.example/", "id"), None),
                range(20),
            )
        )
        profiles.use("team")
    assert other.wait(60) == 0
    assert values() == {**keys, "default": "team"}
    assert len(profiles.profiles()) == 41
    assert "where the team works" in file.read_text()
