from concurrent.futures import ThreadPoolExecutor

from amltui.tui.history import History, load, note


def entered(*texts):
    history = History()
    for text in texts:
        history.add(text)
    return history


def test_up_goes_back_to_the_oldest_and_down_returns_to_what_was_being_typed():
    history = entered("first", "second")
    line = history.step("third, half", -1)
    assert line == "second"
    line = history.step(line, -1)
    assert line == "first"
    assert history.step(line, -1) == "first"
    assert history.step("first", 1) == "second"
    assert history.step("second", 1) == "third, half"


def test_from_the_last_text_that_stands_there_already_up_goes_to_the_one_before():
    history = entered("first", "second")
    assert history.step(history.last, -1) == "first"


def test_each_text_is_kept_once_and_an_empty_one_never():
    history = entered("one", "two", "one", " ")
    assert history.last == "one"
    assert history.step("", -1) == "one"
    assert history.step("one", -1) == "two"
    assert history.step("two", -1) == "two"


def test_without_a_history_the_line_stays_as_it_is():
    assert History().step("select", -1) == "select"
    assert History().step("select", 1) == "select"


def test_programs_that_note_at_the_same_time_lose_none_of_their_lines(tmp_path, monkeypatch):
    monkeypatch.setenv("AMLTUI_DATA_DIR", str(tmp_path / "data"))
    texts = [f"select {number} from data" for number in range(40)]
    with ThreadPoolExecutor(8) as programs:
        list(programs.map(lambda text: note("sql", text), texts))
    assert sorted(load()["sql"]) == sorted(texts)
