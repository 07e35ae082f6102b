"""What new contents change, and rules that say what they may."""

from __future__ import annotations

import uuid

import pytest

BEFORE = "id,price,country\n1,10,de\n2,20,fr\n3,30,de\n4,,fr\n"


@pytest.fixture
def sales(amltui):
    """A dataset of its own, by name."""
    name = f"check {uuid.uuid4().hex}"
    (amltui.home / "before.csv").write_text(BEFORE)
    assert amltui("put", "before.csv", "--name", name).code == 0
    return name


def new(amltui, text):
    (amltui.home / "new.csv").write_text(text)
    return "new.csv"


def test_without_rules_update_says_what_changes_and_sends(amltui, sales):
    file = new(amltui, "id,price,town\n1,x,Ulm\n2,,Ulm\n3,,Ulm\n")
    done = amltui("update", sales, file, "--check")
    assert done.code == 0, done.err
    for said in ("rows: 4 → 3", "column price: int → text", "column price: missing 1 → 2",
                 "column town: added", "column country: removed"):  # fmt: skip
        assert said in done.err
    assert amltui("head", sales, "--format", "csv").out.startswith("id,price,town")


@pytest.mark.parametrize(
    ("text", "words", "rule"),
    [
        ("id,price\n1,1\n2,2\n3,3\n4,4\n", "schema", "schema"),
        (BEFORE.replace("10", "ten"), "schema,type", "type"),
        (BEFORE.replace("20", ""), "missing=5%", "missing"),
        (BEFORE.replace("4,,fr\n", ""), "rows=-10%", "rows"),
        (BEFORE * 2, "rows=50%", "rows"),
    ],
)
def test_what_may_not_change_is_refused_with_8_and_nothing_is_sent(
    amltui, sales, text, words, rule
):
    file = new(amltui, text)
    done = amltui("update", sales, file, "--fail-on", words)
    assert done.code == 8, done.err
    assert f"{rule}: " in done.err
    assert "Nothing was sent" in done.err
    assert len(amltui("versions", sales, "--json").json) == 1
    assert amltui("check", sales, file, "--fail-on", words, "--json").code == 8


def test_changes_within_the_limits_are_sent(amltui, sales):
    file = new(amltui, BEFORE.replace("20", ""))
    limits = "schema,type,missing=25%,rows=-10%"
    assert amltui("update", sales, file, "--fail-on", limits).code == 0
    assert len(amltui("versions", sales, "--json").json) == 2
    assert amltui("check", sales, "--fail-on", "missing=25%").code == 0
    assert amltui("check", sales, "--fail-on", "missing=24%").code == 8


RULES = """
fail-on = ["rows=-50%"]
[columns.id]
type = "int"
unique = true
required = true
[columns.price]
minimum = 10
maximum = 25
missing = "10%"
[columns.country]
enum = ["de", "at"]
pattern = "[a-z]{2}"
[columns.none]
required = true
"""


def test_rules_of_columns_say_each_what_is_broken(amltui, sales):
    (amltui.home / "rules.toml").write_text(RULES)
    done = amltui("check", sales, "--rules", "rules.toml", "--json")
    assert done.code == 8
    assert not done.json["passed"]
    broken = [(one["rule"], one["column"]) for one in done.json["failures"]]
    assert broken == [
        ("missing", "price"), ("maximum", "price"), ("enum", "country"), ("schema", "none"),
    ]  # fmt: skip
    assert done.json["rows"] == 4
    file = new(amltui, "id,price,country\n1,10,de\n1,x,DE\n,25,at\n")
    done = amltui("check", sales, file, "--rules", "rules.toml", "--json")
    broken = {(one["rule"], one["column"]) for one in done.json["failures"]}
    assert broken >= {("required", "id"), ("unique", "id"), ("pattern", "country")}
    assert ("maximum", "price") in broken  # text has no order


def test_rules_are_found_beside_the_file_and_beside_the_dataset(amltui, sales):
    file = new(amltui, BEFORE)
    assert amltui("check", sales).code == 2
    (amltui.home / "mine.toml").write_text("[columns.price]\nrequired = true\n")
    name = f"{sales}.rules.toml"
    assert amltui("put", "mine.toml", "--name", name, "--type", "PlainText").code == 0
    assert amltui("check", sales).code == 8
    assert amltui("update", sales, file, "--check").code == 8
    (amltui.home / "new.csv.rules.toml").write_text("[columns.id]\nunique = true\n")
    assert amltui("update", sales, file, "--check").code == 0


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("[columns.id]\nuniqe = true\n", "uniqe"),
        ("fail-on = 'schema'\n", "list"),
        ("nonsense", "valid TOML"),
        ("[columns.id]\ntype = 'integer'\n", "There are: int"),
        ("[columns.id]\nmissing = 5\n", "percentage"),
    ],
)
def test_rules_that_make_no_sense_are_refused(amltui, rules, said):
    (amltui.home / "rules.toml").write_text(rules)
    done = amltui("check", "Iris", "--rules", "rules.toml")
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize("word", ["rows", "missing=-5%", "rows=ten", "colour", "schema=1"])
def test_words_that_nothing_can_fail_on_are_refused(amltui, word):
    done = amltui("check", "Iris", "--fail-on", word)
    assert done.code == 2
    assert word in done.err
