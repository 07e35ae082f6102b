"""Each command's `--json` is held against the schema that `amltui help --json` says it has."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime

import jsonschema_rs
import pytest

from amltui.cache import Cache
from amltui.cli.registry import COMMANDS
from amltui.cli.schemas import ERROR, OUTPUTS
from amltui.transfers.journal import Journal
from amltui.transfers.records import UploadRecord, UploadRequest
from tests.cli.terminal import Terminal
from tests.support.azure import MANAGER, PATH
from tests.support.server import running_server

RUNS = """
ls
ls --mine
ls --at files --folder /
show Iris
show Iris 'no such' --regex
show 'I*' nowhere
put new.csv --name sales -d said
put more --prefix more/ --exists update
put more nothing-there.csv
put more --prefix more/
update sales next.csv
update sales next.csv --check
versions sales
restore sales@1
versions sales --prune --keep 2 --dry-run
head sales
head sales --tail -n 1
head sales --offset 1
sql sales 'select * from data'
sql sales 'select *, id from data'
sql sales 'select * from data' -o out.parquet
stats sales
stats sales price
stats sales town
stats sales 'more/*' nowhere
diff sales@1 sales@2
diff new.csv next.csv --key id
put rules.toml --name sales.rules.toml
check sales
check sales new.csv --fail-on schema,rows=-10%
get Iris
get 'more/*' nowhere -d got
get 'more/*' -d got
cp :sales cp/
cp :sales cp/
cp ':more/*' cp/ --dry-run
sync cp/ sales 'more/*'
sync cp/ sales --delete --yes
rename sales sold
describe sold words
snippet sold
snippet Iris --for pandas
rm sold --yes
rm 'more/*' nowhere --yes
publish nightly clean Results new.csv
experiments
outputs nightly
output nightly clean Results -o result.csv
transfers list
transfers resume
cache info
cache list
cache pin Iris
cache unpin Iris
cache verify
cache prune
profile add there --url files --write
profile list
profile test
profile test there
profile test local
profile use there
profile remove there
doctor
doctor --offline
help
help ls
help cache
cache clear
serve --check --data served
serve --clean --data served
server backup copied --data served
server restore copied --data restored
server migrate --from served --to migrated
server usage --data served
server usage --by owner --data served
server retention --data served
server retention --keep 3 --days 30 --data served
audit --data served
token list --data served
token create nightly --role reader --days 3 --data served
token regenerate nightly --data served
token revoke nightly --data served
token rotate-links --data served
transfers clear
"""
"""Commands, in the order in which they can be run."""

ELSEWHERE = {"pick", "azure workspaces", "azure archived", "azure tag"}
"""Commands that other tests here run."""
NO_DATA = {"open", "completion", "azure archive", "azure restore"}
"""Commands that print something else than data, or need a terminal of their own."""

KNOWN = [
    f"{one.name} {each.name}" if one.commands else one.name
    for one in COMMANDS
    for each in one.commands or (one,)
]


def strict(schema):
    """A schema that allows no key that it does not name."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(one) for key, one in schema.items()}
    if "properties" in schema:
        found["additionalProperties"] = False
    return found


def problems(schema, value):
    if schema is None:
        return ["the schema says that nothing is printed"]
    validator = jsonschema_rs.validator_for(strict(schema), validate_formats=True)
    return [f"{one.instance_path}: {one.message}" for one in validator.iter_errors(value)]


def command_of(words):
    two = " ".join(words[:2])
    return two if two in KNOWN else words[0]


def wrong(done, command):
    """What of that which a command printed is not what it says that it prints."""
    found = [
        problem
        for line in done.err.splitlines()
        if line.startswith("{")
        for problem in problems(ERROR, json.loads(line))
    ]
    output = OUTPUTS.get(command)
    if not done.out or output is None:
        return [*found, *([done.out] if done.out else [])]
    lines = done.out.splitlines()
    try:
        whole = problems(output.document, json.loads(done.out))
    except json.JSONDecodeError:
        whole = ["it is no document"]
    if whole and output.line is not None and all(line.startswith("{") for line in lines):
        whole = [problem for line in lines for problem in problems(output.line, json.loads(line))]
    return found + whole


def leave_an_upload(home, workspace):
    """As if a process had been killed while it sent a file."""
    size = (home / "new.csv").stat().st_size
    plan = UploadRequest(path=str(home / "new.csv"), data_type_id="GenericCSV", size=size)
    record = UploadRecord("0123456789ab", workspace, "late.csv", datetime.now(UTC), request=plan)
    with Cache(home / "cache") as cache:
        Journal(cache.journals).add(record).close()


@pytest.mark.slow  # each command is run
def test_what_each_command_prints_is_what_its_schema_says(alone):
    home = alone.home
    for name in ("files/deep", "more", "cp"):
        (home / name).mkdir(parents=True)
    (home / "new.csv").write_text("id,price,town\n1,2.5,x\n2,,y\n3,4,\n")
    (home / "next.csv").write_text("id,price,city\n1,2.5,x\n2,9,y\n4,4,z\n")
    (home / "rules.toml").write_text('fail-on = ["rows=-10%"]\n')
    (home / "files/one.csv").write_text("a\n1\n")
    for name in ("a.csv", "b.csv"):
        (home / "more" / name).write_text("a,when\n1,2026-01-01\n")
    with running_server(home / "served") as server:
        alone.use(server)
        leave_an_upload(home, f"{server.endpoint}{server.workspace_id}")
        run, failures = set(), {}
        for text in RUNS.strip().splitlines():
            words = shlex.split(text)
            command = command_of(words)
            done = alone(*words, "--json")
            if found := [done.err] if done.code == 2 else wrong(done, command):
                failures[text] = found
            if done.out:
                run.add(command)
    assert not failures
    assert run | ELSEWHERE == set(OUTPUTS)
    known = {" ".join(one) for one in _paths()}
    assert set(OUTPUTS) <= known
    assert {
        command_of(shlex.split(one)) for one in RUNS.split("\n") if one
    } | ELSEWHERE | NO_DATA == known


def _paths():
    for one in COMMANDS:
        for each in one.commands or (one,):
            yield (one.name,) if each is one else (one.name, each.name)


def test_each_schema_is_one_and_stands_in_the_help(alone):
    listed = {one["command"]: one["output"] for one in alone("help", "--json").json["commands"]}
    for command, output in OUTPUTS.items():
        assert listed[command] == {"document": output.document, "line": output.line}
        for schema in (output.document, output.line):
            if schema is not None:
                assert jsonschema_rs.meta.is_valid(
                    {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
                )
    assert listed["completion"] == {"document": None, "line": None}


def test_what_is_picked_is_what_its_schema_says(amltui):
    first = amltui("ls", "--json").json[0]
    terminal = Terminal(amltui, "pick", "--json", capture=True)
    terminal.wait_for(first["name"][:8].encode())
    document = json.loads(terminal.end(b"\r"))
    assert not problems(OUTPUTS["pick"].document, document)


def test_what_azure_workspaces_print_is_what_its_schema_says(azure_cloud, alone):
    alone.environment |= azure_cloud.environment
    azure_cloud.emptied()
    assert alone("profile", "add", "cloud", "--azure", PATH, "--cloud", MANAGER, "--use").code == 0
    (alone.home / "sales.csv").write_text("a,b\n1,2\n3,4\n")
    for text in (
        f"azure workspaces --cloud {MANAGER}",
        "put sales.csv --name sales",
        "ls",
        "versions sales",
        "azure tag sales team=x",
        "azure archive sales",
        "azure archived",
        "azure restore sales",
        "doctor",
        "profile test",
    ):
        words = text.split()
        done = alone(*words, "--json")
        assert done.code == 0, (text, done.err)
        assert not wrong(done, command_of(words)), text
