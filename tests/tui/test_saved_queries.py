from concurrent.futures import ThreadPoolExecutor

import pytest

from amltui.errors import ConfigError
from amltui.tui.saved_queries import delete, load, save


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("AMLTUI_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_programs_that_save_at_the_same_time_lose_no_statement(data):
    with ThreadPoolExecutor(8) as programs:
        list(programs.map(lambda n: save(f"q{n}", f"select {n}"), range(40)))
    assert load() == {f"q{n}": f"select {n}" for n in range(40)}
    delete("q7")
    assert "q7" not in load()
    assert (data / "queries.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damaged", ["{", "[]", '{"a": 1}'])
def test_a_damaged_file_is_said_and_not_replaced(data, damaged):
    data.mkdir()
    (data / "queries.json").write_text(damaged)
    with pytest.raises(ConfigError, match="no named statements"):
        save("a", "select 1")
    assert (data / "queries.json").read_text() == damaged
