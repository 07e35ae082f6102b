"""The table of all endpoints."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from amltui.server import openapi
from amltui.server.handlers import datasources, experiments, transfers, workspace
from amltui.server.routing import Call, Endpoint, Parameter, raw_answer
from amltui.wire import messages, routes

_TYPE: Final = Parameter("dataTypeId", "The data type of the contents, for example GenericCSV")


async def describe(_call: Call) -> Response:
    """This table, as OpenAPI."""
    return raw_answer(openapi.document(ENDPOINTS))


ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    Endpoint(
        "GET",
        routes.WORKSPACE,
        workspace.one,
        "reader",
        "Settings of the workspace",
        answer=messages.WorkspaceSettings,
    ),
    Endpoint(
        "GET",
        routes.DATASOURCES,
        datasources.list_all,
        "reader",
        "The latest instance of every dataset, examples included",
        answer=tuple[messages.DataSource, ...],
    ),
    Endpoint(
        "POST",
        routes.DATASOURCES,
        datasources.create,
        "owner",
        "Create a dataset, or update a family, from an upload or an experiment's output",
        body=messages.CreateDataSource,
        answer=str,
        problems={404: "No such upload, family or output", 409: "The name is taken"},
    ),
    Endpoint(
        "GET",
        routes.DATASOURCE,
        datasources.one,
        "reader",
        "One instance of a dataset",
        answer=messages.DataSource,
        problems={404: "No such dataset"},
    ),
    Endpoint(
        "GET",
        routes.SCHEMA,
        datasources.schema,
        "reader",
        "Columns and their types",
        answer=messages.Schema,
        problems={
            202: "It is being computed; ask again",
            404: "No such dataset",
            409: "Its bytes are not what its type says, or too costly to look at",
        },
    ),
    Endpoint(
        "GET",
        routes.VISUALIZATION,
        datasources.visualization,
        "reader",
        "Statistics and histograms of the columns",
        answer=messages.Visualization,
        problems={
            202: "It is being computed; ask again",
            404: "No such dataset",
            409: "Its bytes are not what its type says, or too costly to look at",
        },
    ),
    Endpoint(
        "PATCH",
        routes.FAMILY,
        datasources.edit,
        "owner",
        "Rename or describe a dataset without its contents",
        body=messages.EditDataSource,
        answer=messages.DataSource,
        problems={404: "No such family", 409: "The name is taken"},
    ),
    Endpoint(
        "DELETE",
        routes.FAMILY,
        datasources.delete,
        "owner",
        "Delete a dataset with all its instances",
        problems={404: "No such family"},
    ),
    Endpoint(
        "GET",
        routes.VERSIONS,
        datasources.versions,
        "reader",
        "All instances of a dataset, newest first",
        answer=tuple[messages.DataSource, ...],
        problems={404: "No such family"},
    ),
    Endpoint(
        "POST",
        routes.RESTORE,
        datasources.restore,
        "owner",
        "Make an old instance's contents the latest again",
        answer=messages.DataSource,
        problems={404: "No such dataset", 409: "The name is taken"},
    ),
    Endpoint(
        "POST",
        routes.RESOURCE_UPLOADS,
        transfers.begin,
        "owner",
        "Begin an upload; a body is its whole content",
        query=(_TYPE, Parameter("userStorage", "Ignored", "boolean", required=False)),
        body=bytes,
        answer=messages.ResourceUpload,
        problems={507: "No room"},
    ),
    Endpoint(
        "POST",
        routes.BLOB_UPLOADS,
        transfers.block,
        "owner",
        "Send one block of an upload",
        query=(
            Parameter("numberOfBlocks", "Blocks of the whole upload", "integer"),
            Parameter("blockId", "Which block this is, from 0", "integer"),
            Parameter("uploadId", "The upload's id"),
            Parameter("dataTypeId", "Ignored", required=False),
        ),
        body=bytes,
        answer=dict[str, str | int],
        problems={404: "No such upload", 507: "No room"},
    ),
    Endpoint(
        "GET",
        routes.EXPERIMENTS,
        experiments.list_all,
        "reader",
        "All experiments without graphs, examples included",
        answer=tuple[messages.Experiment, ...],
    ),
    Endpoint(
        "GET",
        routes.EXPERIMENT,
        experiments.one,
        "reader",
        "One experiment with its graph",
        answer=messages.Experiment,
        problems={404: "No such experiment"},
    ),
    Endpoint(
        "GET",
        routes.OUTPUT,
        experiments.output,
        "reader",
        "The contents of an experiment's output",
        answer=bytes,
        problems={404: "No such output"},
    ),
    Endpoint(
        "PUT",
        routes.OUTPUT,
        experiments.publish,
        "owner",
        "Give an experiment an output; the experiment is made where it is missing",
        query=(_TYPE,),
        body=bytes,
        problems={507: "No room"},
    ),
    Endpoint(
        "GET",
        routes.USERS,
        workspace.users,
        "owner",
        "Who has access",
        answer=tuple[messages.User, ...],
    ),
    Endpoint(
        "GET", routes.QUOTA, workspace.quota, "reader", "Storage in bytes", answer=messages.Quota
    ),
    Endpoint(
        "GET",
        routes.DATATYPES,
        workspace.data_types,
        "reader",
        "Known data types",
        answer=tuple[messages.DataType, ...],
    ),
    Endpoint(
        "GET",
        routes.TOKENS,
        workspace.list_tokens,
        "owner",
        "All access tokens, without their secrets",
        answer=tuple[messages.Token, ...],
    ),
    Endpoint(
        "POST",
        routes.TOKENS,
        workspace.create_token,
        "owner",
        "Make an access token; its secret is only in this answer",
        body=messages.NewToken,
        answer=messages.Token,
        success=201,
        problems={409: "The name is taken"},
    ),
    Endpoint(
        "POST",
        routes.REGENERATE,
        workspace.regenerate_token,
        "owner",
        "Replace a token's secret",
        answer=messages.Token,
        problems={404: "No such token"},
    ),
    Endpoint(
        "DELETE",
        routes.TOKEN,
        workspace.revoke_token,
        "owner",
        "Revoke a token",
        problems={404: "No such token"},
    ),
    Endpoint(
        "GET",
        routes.CONTENT,
        transfers.download,
        "open",
        "Contents by a signed link",
        query=(
            Parameter("i", "Family and instance"),
            Parameter("k", "Id of the token that the link was made for"),
            Parameter("se", "When the link ends, in seconds since 1970"),
            Parameter("v", "schema or visualization instead of the contents", required=False),
            Parameter("sig", "Signature of all that"),
        ),
        answer=bytes,
        problems={
            202: "It is being computed; ask again",
            403: "The link is not valid",
            404: "Deleted",
            409: "Its bytes are not what its type says",
            416: "Range past the end",
        },
    ),
    Endpoint(
        "GET",
        routes.HEALTH,
        workspace.health,
        "open",
        "Whether database and store answer",
        answer=dict[str, str],
        problems={503: "One of them does not"},
    ),
    Endpoint(
        "GET",
        routes.OPENAPI,
        describe,
        "open",
        "This description",
        answer=dict[str, Any],
    ),
)
