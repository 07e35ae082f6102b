"""Texts of `amltui help TOPIC`."""

from __future__ import annotations

from typing import Final

from amltui.cli.exits import MEANINGS

_EXIT_CODES: Final = "Exit codes\n\n" + "\n".join(
    f"  {code:>3}  {meaning}" for code, meaning in MEANINGS
)

_ENVIRONMENT: Final = """Environment

  AMLTUI_PROFILE       profile to use
  AMLTUI_ENDPOINT      address of the workspace's server
  AMLTUI_WORKSPACE_ID  workspace id
  AMLTUI_TOKEN         authorization token
  AMLTUI_CONFIG_DIR    where profiles are kept
  AMLTUI_CACHE_DIR     where contents and lists are kept; all of it can be fetched again
  AMLTUI_DATA_DIR      where the embedded workspace keeps its datasets
  NO_COLOR             any value: no colours

What `amltui serve` reaches its database and its contents with, so that no password stands in the
process list:
  PGPASSWORD, PGPASSFILE                                        --database postgresql://...
  AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY         --contents az://...
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT    --contents s3://...
  GOOGLE_APPLICATION_CREDENTIALS                                --contents gs://...

Each of endpoint, workspace id and token comes from the first of these that says it:
  1. an option on the command line
  2. the environment
  3. the profile: AMLTUI_PROFILE, or the default (amltui profile use NAME)
  4. the old client's ~/.azureml/settings.json or settings.ini; only without a profile
A profile named by --profile is an option: the environment only fills what it lacks.
When nobody says anything, or the profile is `local`, it is the embedded workspace.
`amltui doctor` shows which of them is in force.
"""

_FILES: Final = """Files (amltui doctor shows where they are on this machine)

  config.toml in the settings directory: profiles. You may edit it; comments stay.
      default = "team"

      [profiles.team]
      endpoint = "https://studio.example.org/"
      workspace_id = "0123456789abcdef0123456789abcdef"
      token = "keyring"      # where the token is: "keyring" or "file", never the token

  credentials.toml beside it, mode 0600: tokens, where the system has no keyring
  settings.json in the data directory, mode 0600: the owner's connection to the embedded
      workspace and to `amltui serve`, in the old client's format
  debug.log in the cache directory, mode 0600: what `amltui --debug`, the terminal program, did
      in its last run; without tokens and links, made to be sent with a bug report
  ~/.azureml/settings.json or settings.ini: the old client's; read, never written
"""

_OUTPUT: Final = """Output

Data goes to standard output, everything else to standard error.

On a terminal lists are tables. Anywhere else each thing is one line, its values separated by
tabs, without a header and never truncated; sizes are bytes and times ISO 8601 in UTC. `head` and
`sql` print a header line, as their rows have names. Control characters in names and cells are
made visible; exact cells come with --format csv, and exact bytes with `get`.

--json prints one document, in ASCII, on every command that prints data:
  ls, versions     list of datasets
  show, put, update, rename, describe, rm     one dataset
    dataset        id, family_id, name, data_type_id, description, size, created, owner,
                   is_example, is_latest, source_origin, uploaded_from_filename, experiment_id,
                   schema_status
  head, sql        columns [{name, type}], rows [[text or null]], row_count, complete
  sql -o FILE      path, row_count
  stats NAME       dataset, row_count, malformed, columns [{name, type, rows, missing, empty,
                   misfits, distinct, distinct_exact, minimum, maximum, mean, deviation,
                   quartiles, shortest, longest}]
  stats NAME COL   the same of one column, histogram [{low, high, count}], other, sampled
  get, output      path, size, checked (sha256, md5 or length)
  pick             path, dataset_id, name
  snippet          for, code
  experiments      list of {id, description, creator, status, created, is_example, is_archived}
  outputs          list of {node_id, port, data_type_id, module, status}
  publish          experiment_id, node_id, port, data_type_id, size
  transfers        list of {id, kind, name, begun, path}
  cache info       directory, size, quota, entries, whole, partial, pinned
  cache list       list of {name, dataset_id, workspace, data_type_id, size, whole, pinned, used}
  profile list     list of {name, endpoint, workspace_id, token, default}
  profile test     profile, embedded, endpoint, workspace_id, workspace, server,
                   latency_seconds, lacks
  token list       list of {id, name, role, created, expires, last_used}
  doctor           versions, paths, settings, connection, server, terminal, problems
Keys may be added; those that are there stay and keep their meaning. Unknown values are null.
"""

_PROFILES: Final = """Profiles

  amltui profile add team                  asks; Studio's Workspace(...) code can be pasted
  amltui profile add team --from FILE      from a settings.json, settings.ini or pasted code
  amltui profile use team                  make it the default
  amltui ls --profile other                use another one once
  amltui profile use local                 the embedded workspace again

Keep tokens out of arguments, where the list of processes and the shell's history show them:
  amltui profile add ci --endpoint E --workspace-id W --token-stdin < token-file
"""

TOPICS: Final = {
    "exit-codes": _EXIT_CODES,
    "environment": _ENVIRONMENT,
    "files": _FILES,
    "output": _OUTPUT,
    "profiles": _PROFILES,
}
