"""All commands: where each one's code is, in one line what it does, and how it is used.

A command's module is imported when the command runs: what one command needs slows no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or a group of them (`target` empty, `commands` not)."""

    name: str
    target: str
    """`module:function` below `amltui.cli.commands`."""
    summary: str
    examples: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()
    title: str = "Datasets"
    """Heading that it stands under in the help."""
    places: tuple[str, ...] = ()
    """What each argument is, for completion: `dataset`, `profile`, `file`, `any`, or words with
    commas between. The last, with a `*` behind it, may come again and again."""
    default: str = ""
    """The command of a group that runs when none is named."""


EXPERIMENTS: Final = "Experiments"
LOCAL: Final = "On this machine"
SETTINGS: Final = "Settings"
SERVER: Final = "Server"

_TOPICS: Final = (
    "agents,architecture,azureml,changes,contributing,deployment,dialects,engines,environment,"
    "exit-codes,files,folders,formats,keys,output,profiles,rules,server,topics,types,versions"
)

COMMANDS: Final = (
    Command(
        "ls",
        "datasets:ls",
        "List datasets.",
        (
            "amltui ls",
            "amltui ls --mine --filter census",
            "amltui ls --since '2 weeks ago' --sort size",
            "amltui ls --json | jq -r '.[].name'",
        ),
    ),
    Command("show", "datasets:show", "Show what is known of datasets.", places=("dataset*",)),
    Command(
        "versions",
        "datasets:versions",
        "List all versions of a dataset, or delete old ones.",
        (
            "amltui versions Sales",
            "amltui versions Sales --prune --keep 5 --older-than 90d --dry-run",
        ),
        places=("dataset",),
    ),
    Command(
        "restore",
        "datasets:restore",
        "Make an old version the latest again.",
        ("amltui restore Sales@-1", "amltui restore Sales@2"),
        places=("dataset",),
    ),
    Command(
        "head",
        "rows:head",
        "Print the first rows of a dataset.",
        ("amltui head Iris", "amltui head Iris -n 5 --format csv"),
        places=("dataset",),
    ),
    Command(
        "stats",
        "stats:stats",
        "Print statistics of a dataset's columns.",
        ("amltui stats Iris", 'amltui stats Iris "sepal length"'),
        places=("dataset", "column"),
    ),
    Command(
        "sql",
        "rows:sql",
        "Ask a dataset a question in SQL.",
        (
            'amltui sql Iris "select class, count(*) from data group by 1"',
            'amltui sql Iris "select * from data limit 9" --format csv',
            'amltui sql Iris "select * from data" -o iris.parquet',
        ),
        places=("dataset",),
    ),
    Command(
        "diff",
        "diff:diff",
        "Compare two datasets, versions or files as tables.",
        (
            "amltui diff sales sales-2026",
            "amltui diff old.csv new.csv --key id --json",
            "amltui diff sales@1 sales -o changes.csv",
            "amltui diff team:sales s3://bucket/sales.csv",
        ),
        places=("dataset", "dataset"),
    ),
    Command(
        "get",
        "contents:get",
        "Download datasets.",
        (
            "amltui get Iris",
            "amltui get Sales@1",
            "amltui get Iris -o data/",
            "amltui get Iris -o - | wc -l",
            "amltui get 'sales-*' -d sales/",
            "amltui ls --mine --format names0 | amltui get --from-file - -d all/",
        ),
        places=("dataset*",),
    ),
    Command(
        "put",
        "contents:put",
        "Upload files as new datasets.",
        (
            "amltui put sales.csv",
            "amltui put data/ --prefix 2026/ --exists skip",
            'amltui put sales.csv --name "Sales 2026" --type GenericCSVNoHeader',
            "mysqldump shop | gzip | amltui put - --name shop.sql.gz",
        ),
        places=("file*",),
    ),
    Command(
        "update",
        "contents:update",
        "Upload new contents of a dataset.",
        (
            "amltui update Sales sales.csv",
            "amltui update Sales - < sales.csv",
            "amltui update Sales sales.csv --fail-on schema,type,missing=5%,rows=-10%",
        ),
        places=("dataset", "file"),
    ),
    Command(
        "check",
        "check:check",
        "Hold a dataset or new contents against rules.",
        ("amltui check Sales", "amltui check Sales sales.csv --fail-on schema,rows=-10%"),
        places=("dataset", "file"),
    ),
    Command(
        "cp",
        "cp:cp",
        "Copy datasets between workspaces, folders and this disk.",
        (
            "amltui cp team:Sales data/",
            "amltui cp data/ team:imported/ --dry-run",
            "amltui cp 'team:sales*' s3://bucket/in/a.csv other:",
        ),
        places=("any",),
    ),
    Command(
        "sync",
        "cp:sync",
        "Bring a folder up to date with datasets.",
        ("amltui sync data/ Sales 'iris*'", "amltui sync data/ team: --by hash --dry-run"),
        places=("file", "dataset"),
    ),
    Command(
        "rename",
        "datasets:rename",
        "Rename a dataset.",
        ('amltui rename "old name" "new name"',),
        places=("dataset",),
    ),
    Command(
        "snippet",
        "snippet:snippet",
        "Print code that opens a dataset.",
        ("amltui snippet Iris", "amltui snippet Iris --for pandas > iris.py"),
        places=("dataset",),
    ),
    Command("describe", "datasets:describe", "Describe a dataset.", places=("dataset",)),
    Command(
        "rm",
        "datasets:rm",
        "Delete datasets.",
        ("amltui rm trial --yes", "amltui rm 'trial-*'"),
        places=("dataset*",),
    ),
    Command(
        "pick",
        "pick:pick",
        "Choose a dataset in the terminal program.",
        ('wc -l "$(amltui pick)"',),
    ),
    Command(
        "open",
        "open:open_folder",
        "Look at files and folders in the terminal program.",
        (
            "amltui open data/ flights.csv other/flights.csv",
            "amltui open flights.csv --delimiter ';'",
            "amltui open s3://bucket/prefix",
            "zcat flights.csv.gz | amltui open -",
        ),
        places=("file",),
    ),
    Command(
        "experiments",
        "experiments:experiments",
        "List experiments.",
        title=EXPERIMENTS,
    ),
    Command(
        "outputs",
        "experiments:outputs",
        "List an experiment's outputs.",
        title=EXPERIMENTS,
    ),
    Command(
        "output",
        "experiments:output",
        "Download an output of an experiment.",
        ('amltui output "My experiment" NODE "Results dataset" -o results.csv',),
        title=EXPERIMENTS,
    ),
    Command(
        "publish",
        "experiments:publish",
        "Give an experiment an output.",
        ("amltui publish nightly clean Results rows.csv",),
        title=EXPERIMENTS,
        places=("any", "any", "any", "file"),
    ),
    Command(
        "transfers",
        "",
        "Unfinished downloads and uploads.",
        title=LOCAL,
        commands=(
            Command("list", "transfers:list_", "List them."),
            Command("resume", "transfers:resume", "Go on with them and wait."),
            Command("clear", "transfers:clear", "Drop them, or some of them."),
        ),
        default="list",
    ),
    Command(
        "cache",
        "",
        "What is on this disk and can be fetched again.",
        title=LOCAL,
        commands=(
            Command("info", "cache:info", "Print how full it is and where it lies."),
            Command("list", "cache:list_", "List what is in it."),
            Command("verify", "cache:verify", "Compare contents with their hashes."),
            Command("pin", "cache:pin", "Keep contents from eviction."),
            Command("unpin", "cache:unpin", "Let contents be evicted again."),
            Command(
                "prune",
                "cache:prune",
                "Evict what is over the quota or old.",
                ("amltui cache prune --days 30",),
            ),
            Command("clear", "cache:clear", "Delete all of it."),
        ),
    ),
    Command(
        "profile",
        "",
        "Named connections to workspaces.",
        title=SETTINGS,
        commands=(
            Command(
                "add",
                "profile:add",
                "Add a profile; asks for what is not given.",
                (
                    "amltui profile add team",
                    "amltui profile add team --from ~/.azureml/settings.json --use",
                    "amltui profile add results --url /srv/results --write",
                    "amltui profile add cloud --azure RESOURCE_ID",
                    "amltui profile add cloud --azure config.json",
                    "amltui profile add ci --endpoint E --workspace-id W --token-stdin < FILE",
                ),
            ),
            Command("list", "profile:list_", "List the profiles."),
            Command("use", "profile:use", "Make a profile the default.", places=("profile",)),
            Command(
                "remove", "profile:remove", "Remove a profile and its token.", places=("profile",)
            ),
            Command(
                "test",
                "profile:check",
                "Ask a profile's workspace whether it answers.",
                places=("profile",),
            ),
        ),
    ),
    Command(
        "azure",
        "",
        "What only Azure ML v2 workspaces have.",
        title=SETTINGS,
        commands=(
            Command("workspaces", "azure:workspaces", "List the workspaces of your account."),
            Command("archived", "azure:archived", "List what is archived."),
            Command(
                "archive",
                "azure:archive",
                "Archive a data asset or one of its versions.",
                ("amltui azure archive sales", "amltui azure archive sales:3"),
                places=("dataset",),
            ),
            Command("restore", "azure:restore", "Bring back what is archived."),
            Command(
                "tag",
                "azure:tag",
                "Give a data asset tags.",
                ("amltui azure tag sales team=x checked=2026-11-01",),
                places=("dataset",),
            ),
        ),
    ),
    Command(
        "doctor",
        "doctor:doctor",
        "Say what is in force and what is wrong; for bug reports.",
        ("amltui doctor", "amltui doctor --offline --json"),
        title=SETTINGS,
    ),
    Command(
        "completion",
        "completion:completion",
        "Print a completion script for a shell, or install it.",
        (
            "amltui completion install",
            'eval "$(amltui completion bash)"',
            "amltui completion fish > ~/.config/fish/completions/amltui.fish",
            "amltui completion powershell | Out-String | Invoke-Expression",
        ),
        places=("bash,zsh,fish,powershell,install", "bash,zsh,fish,powershell"),
        title=SETTINGS,
    ),
    Command(
        "help",
        "help:help_",
        "Explain a topic or a command.",
        ("amltui help exit-codes", "amltui help put", "amltui help put --json"),
        title=SETTINGS,
        places=(_TOPICS,),
    ),
    Command(
        "serve",
        "serve:serve",
        "Run a workspace server.",
        (
            "amltui serve",
            "amltui serve --data /srv/aml --host 0.0.0.0 --port 8443 --tls-cert C --tls-key K",
            "amltui serve --data /srv/aml --check",
            "amltui serve --data /srv/aml --port 8765 --print-unit",
        ),
        title=SERVER,
    ),
    Command(
        "server",
        "",
        "The whole workspace that this machine serves.",
        title=SERVER,
        commands=(
            Command(
                "backup",
                "server:backup",
                "Copy a workspace while it is served.",
                ("amltui server backup /backup --data /srv/aml",),
            ),
            Command(
                "restore",
                "server:restore",
                "Bring a workspace back from a backup.",
                ("amltui server restore /backup --data /srv/aml",),
            ),
            Command(
                "migrate",
                "server:migrate",
                "Copy a workspace into another database or store.",
                (
                    "amltui server migrate --from /srv/aml --to postgresql://aml@db/aml",
                    "amltui server migrate --from /srv/aml --to /srv/aml --to-contents s3://b/p",
                ),
            ),
            Command(
                "usage",
                "server:usage",
                "Print what takes how much room.",
                ("amltui server usage --by owner --data /srv/aml",),
            ),
            Command(
                "retention",
                "server:retention",
                "Show or set how long old versions are kept.",
                (
                    "amltui server retention --keep 10 --days 90 --dry-run",
                    "amltui server retention --keep 10 --days 90",
                    "amltui server retention --off",
                ),
            ),
        ),
    ),
    Command(
        "audit",
        "audit:audit",
        "Print who did what in the workspace that this machine serves.",
        (
            "amltui audit --since today --data /srv/aml",
            "amltui audit --refused --action token",
            "amltui audit --since 2026-01-01 --format csv > audit.csv",
        ),
        title=SERVER,
    ),
    Command(
        "token",
        "",
        "Access tokens of the server's own data directory.",
        title=SERVER,
        commands=(
            Command("list", "token:list_", "List the tokens, never their values."),
            Command(
                "create",
                "token:create",
                "Make a token and print it, once.",
                ("amltui token create nightly --role reader --days 90",),
            ),
            Command("regenerate", "token:regenerate", "Replace a token's value."),
            Command("revoke", "token:revoke", "End a token for good."),
            Command("rotate-links", "token:rotate_links", "End all links that were given out."),
        ),
    ),
)

GROUPS: Final = {command.name: command for command in COMMANDS if command.commands}
