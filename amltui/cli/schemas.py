"""What each command prints with `--json`, as JSON Schema: shown by `amltui help --json`.

Keys may be added; those that are there stay and keep their meaning. Each schema is whole by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

Schema = dict[str, Any]


def _one(said: Any) -> Schema:
    """A schema: it, an array of what stands in a list, or the types in words with `|` between."""
    if isinstance(said, list):
        return {"type": "array", "items": _one(said[0])}
    if isinstance(said, dict):
        return said
    words = said.split("|")
    if "time" in words:
        kinds = ["string" if word == "time" else word for word in words]
        return {"type": kinds[0] if len(kinds) == 1 else kinds, "format": "date-time"}
    return {"type": words[0] if len(words) == 1 else words}


def _keys(**keys: Any) -> Schema:
    """An object with these keys.

    A name with `_` behind it may lack; one that is a word of Python's has `__` behind it.
    """
    properties: Schema = {}
    required = []
    for key, said in keys.items():
        name = key.removesuffix("_").removesuffix("_")
        properties[name] = _one(said)
        if not key.endswith("_") or key.endswith("__"):
            required.append(name)
    return {"type": "object", "properties": properties, "required": required}


def _also(schema: Schema, **keys: Any) -> Schema:
    """An object with further keys."""
    more = _keys(**keys)
    return {
        "type": "object",
        "properties": schema["properties"] | more["properties"],
        "required": [*schema["required"], *more["required"]],
    }


def _either(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


def _choice(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


_TEXTS: Final = ["string"]
_MAP: Final = {"type": "object"}
"""Keys that are not always the same."""

DATASET: Final = _keys(
    id="string",
    family_id="string",
    name="string",
    data_type_id="string",
    description="string",
    size="integer|null",
    created="time|null",
    owner="string",
    is_example="boolean",
    is_latest="boolean",
    source_origin="string",
    uploaded_from_filename="string",
    experiment_id="string|null",
    schema_status="string",
    tags={"type": "object", "additionalProperties": {"type": "string"}},
    note="string",
)
_VERSION: Final = _also(DATASET, number="integer", sha256="string|null")
_FOLDER: Final = _keys(name="string", is_folder="boolean")
ERROR: Final = _keys(code="integer", message="string", hint="string")
"""The line on standard error of what went wrong."""
_FAILED: Final = _keys(name="string", error=ERROR)
_SAVED: Final = _keys(
    path="string", size="integer|null", checked=_choice("sha256", "md5", "length")
)
_ROWS: Final = _keys(
    columns=[_keys(name="string", type="string|null")],
    rows=[["string|null"]],
    row_count="integer",
    complete="boolean",
    cut_cells="integer",
)
_STATISTICS: Final = _keys(
    name="string",
    type="string",
    notation="string",
    rows="integer",
    missing="integer",
    spellings=_TEXTS,
    empty="integer",
    misfits="integer",
    distinct="integer|null",
    distinct_exact="boolean",
    minimum="string|null",
    maximum="string|null",
    mean="number|null",
    std="number|null",
    quartiles={"type": ["array", "null"], "items": {"type": "string"}},
    quartiles_exact="boolean",
    shortest="integer|null",
    longest="integer|null",
)
_TABLE: Final = _keys(
    dataset="string",
    row_count="integer",
    malformed="integer",
    cut_cells="integer",
    first_rows="integer|null",
    columns=[_STATISTICS],
)
_COLUMN: Final = _also(
    _STATISTICS,
    histogram=[_keys(low="string", high="string", count="integer")],
    other="integer",
    sampled="integer|null",
    cut_cells="integer",
    first_rows="integer|null",
)
_PAIR: Final = {"type": "array", "minItems": 2, "maxItems": 2}
_DIFF: Final = _keys(
    equal="boolean",
    left_rows="integer",
    right_rows="integer",
    columns=[
        _keys(
            status="string",
            left="string|null",
            right="string|null",
            left_type="string|null",
            right_type="string|null",
        )
    ],
    key=_TEXTS,
    key_found="boolean",
    added="integer",
    removed="integer",
    changed="integer",
    cut="integer",
    changes=[
        _keys(
            status=_choice("added", "removed", "changed"),
            left_row="integer|null",
            right_row="integer|null",
            key=["string|null"],
            cells=[_keys(column="string", old="string|null", new="string|null")],
        )
    ],
    partial="boolean",
    drift=[
        _keys(
            column="string",
            changed="integer|null",
            missing=_PAIR,
            distinct=_PAIR,
            distinct_exact="boolean",
            mean=_PAIR,
            quartiles=_PAIR,
            quartiles_exact="boolean",
            new_values=_TEXTS,
            vanished_values=_TEXTS,
            stability="number|null",
        )
    ],
)
_CHECK: Final = _keys(
    dataset="string",
    passed="boolean",
    rows="integer",
    rows_before="integer|null",
    columns=[
        _keys(
            name="string",
            status="string",
            type="string|null",
            type_before="string|null",
            missing="integer|null",
            missing_before="integer|null",
        )
    ],
    failures=[_keys(rule="string", column="string|null", message="string")],
)
_COPY: Final = _keys(
    from__="string|null",
    to="string",
    size="integer|null",
    way=_choice("store", "machine", "none", "failed", "not tried", "deleted"),
    versions_="integer",
    id_="string",
    not_kept_=_MAP,
    error_="string",
    exit_code_="integer",
)
_COPIED: Final = _keys(
    contents="integer", bytes="integer", copied="integer", damaged=_TEXTS, current="boolean"
)
_TOKEN: Final = _keys(
    id="string",
    name="string",
    role="string",
    rights=_TEXTS,
    prefix="string",
    quota="integer|null",
    created="time|null",
    expires="time|null",
    last_used="time|null",
)
_NEW_TOKEN: Final = _also(_TOKEN, token="string")
_REPORT: Final = _keys(contents="integer", bytes="integer", findings=_TEXTS, repaired_=_TEXTS)
_OPTION: Final = _keys(
    names=_TEXTS,
    type=_choice("flag", "text", "integer", "number", "choice"),
    values={"type": ["array", "null"], "items": {"type": "string"}},
    default={"type": ["string", "integer", "number", "null"]},
    required="boolean",
    repeats="boolean",
    help="string",
)
_ARGUMENT: Final = _keys(
    name="string",
    kind="string",
    values={"type": ["array", "null"], "items": {"type": "string"}},
    required="boolean",
    repeats="boolean",
    help="string",
)
_HELP: Final = _keys(
    version="string",
    commands=[
        _keys(
            command="string",
            summary="string",
            description="string",
            arguments=[_ARGUMENT],
            options=[_OPTION],
            examples=_TEXTS,
            output=_keys(document={"type": ["object", "null"]}, line={"type": ["object", "null"]}),
        )
    ],
    exit_codes=[_keys(code="integer", meaning="string")],
    error=_MAP,
)


@dataclass(frozen=True, slots=True)
class Output:
    """What a command prints with `--json`. None: nothing of that kind."""

    document: Schema | None = None
    """The one document."""
    line: Schema | None = None
    """Each line, where several names or files are given."""


_CHANGED: Final = Output(DATASET)
_FREED: Final = Output(_keys(freed="integer"))


def output_of(command: str) -> Output:
    """What a command prints, by its words; nothing where it has no data."""
    return OUTPUTS.get(command, Output())


def _list(said: Any) -> Output:
    return Output(_one([said]))


OUTPUTS: Final = {
    "ls": _list(_either(DATASET, _FOLDER)),
    "show": Output(DATASET, _either(DATASET, _FAILED)),
    "versions": _list(_VERSION),
    "restore": _CHANGED,
    "head": Output(_also(_ROWS, malformed_="integer", offset_="integer", estimated_="boolean")),
    "sql": Output(
        _either(
            _also(
                _ROWS, renamed=[_keys(column="string", name="string")], first_rows="integer|null"
            ),
            _keys(path="string", row_count="integer"),
        )
    ),
    "stats": Output(_either(_TABLE, _COLUMN), _either(_also(_TABLE, name="string"), _FAILED)),
    "diff": Output(_DIFF),
    "check": Output(_CHECK),
    "get": Output(
        _SAVED, _either(_also(_SAVED, name="string", dataset_id="string", kept="boolean"), _FAILED)
    ),
    "put": Output(DATASET, _either(_also(DATASET, kept="boolean"), _FAILED)),
    "update": _CHANGED,
    "cp": _list(_COPY),
    "sync": _list(_COPY),
    "rename": _CHANGED,
    "describe": _CHANGED,
    "rm": Output(DATASET, _either(DATASET, _FAILED)),
    "snippet": Output(_keys(for__="string", code="string")),
    "pick": Output(_keys(path="string", dataset_id="string", name="string")),
    "experiments": _list(
        _keys(
            id="string",
            description="string",
            creator="string",
            status="string",
            created="time|null",
            is_example="boolean",
            is_archived="boolean",
        )
    ),
    "outputs": _list(
        _keys(
            node_id="string",
            port="string",
            data_type_id="string",
            module="string",
            status="string",
        )
    ),
    "output": Output(_SAVED),
    "publish": Output(
        _keys(
            experiment_id="string",
            node_id="string",
            port="string",
            data_type_id="string",
            size="integer",
        )
    ),
    "transfers list": _list(
        _keys(
            id="string",
            kind=_choice("download", "upload"),
            name="string",
            workspace="string",
            state=_choice("running", "paused", "failed"),
            begun="time",
            done="integer",
            total="integer|null",
            path="string|null",
            error="string|null",
        )
    ),
    "cache info": Output(
        _keys(
            directory="string",
            size="integer",
            quota="integer",
            entries="integer",
            whole="integer",
            partial="integer",
            pinned="integer",
        )
    ),
    "cache list": _list(
        _keys(
            name="string",
            dataset_id="string",
            workspace="string",
            data_type_id="string",
            size="integer",
            whole="boolean",
            pinned="boolean",
            used="time|null",
        )
    ),
    "cache verify": _list(
        _keys(name="string", dataset_id="string", state=_choice("good", "damaged", "unknown"))
    ),
    "cache pin": _list(_keys(name="string", dataset_id="string", pinned="boolean")),
    "cache unpin": _list(_keys(name="string", dataset_id="string", pinned="boolean")),
    "cache prune": _FREED,
    "cache clear": _FREED,
    "profile list": _list(
        _keys(
            name="string",
            endpoint="string",
            workspace_id="string",
            token="string|null",
            default="boolean",
        )
    ),
    "profile test": Output(
        _keys(
            profile="string|null",
            embedded="boolean",
            endpoint_="string",
            workspace_id_="string",
            workspace_="string",
            server_="string",
            latency_seconds_="number",
            lacks_=_TEXTS,
        )
    ),
    "azure workspaces": _list(
        _keys(
            name="string",
            friendly_name="string",
            region="string",
            resource_group="string",
            subscription="string",
            id="string",
        )
    ),
    "azure archived": _list(_keys(name="string", id="string", description="string")),
    "azure tag": _CHANGED,
    "doctor": Output(
        _keys(
            versions=_MAP,
            paths=_MAP,
            settings=_MAP,
            connection=_MAP,
            server_=_MAP,
            terminal=_MAP,
            problems=_TEXTS,
        )
    ),
    "help": Output(_HELP),
    "serve": Output(
        _either(_REPORT, _keys(uploads="integer", contents="integer", leftovers="integer"))
    ),
    "server backup": Output(_COPIED),
    "server restore": Output(_COPIED),
    "server migrate": Output(_COPIED),
    "server usage": Output(
        _keys(
            groups=[
                _keys(
                    id="string",
                    name="string",
                    versions="integer",
                    bytes="integer",
                    frees="integer",
                    is_output="boolean",
                )
            ],
            stored="integer",
            examples="integer",
            uploads="integer",
            unused="integer",
        )
    ),
    "server retention": Output(
        _keys(
            policy=_keys(keep="integer|null", days="number|null", audit_days="number|null"),
            due=[
                _keys(id="string", name="string", number="integer", size="integer", replaced="time")
            ],
        )
    ),
    "audit": _list(
        _keys(
            time="time",
            actor="string",
            token_id="string|null",
            client="string",
            action="string",
            target="string",
            name="string",
            status="integer",
            request_id="string",
            refused="boolean",
        )
    ),
    "token list": _list(_TOKEN),
    "token create": Output(_NEW_TOKEN),
    "token regenerate": Output(_NEW_TOKEN),
}
