"""What a store's answer means is told by its status and code, not by figures beside them."""

from __future__ import annotations

import pytest

from amltui import errors
from amltui.workspaces.folder.store import StoreWorkspace
from tests.support.raw_server import Answer, raw_server

NAME = "404-429-503-ExpiredToken.csv"
"""A name that holds what other answers are told by."""


def refusal(status: int, code: str) -> Answer:
    body = (
        f"<Error><Code>{code}</Code><Message>No.</Message>"
        "<RequestId>429A404-401</RequestId><HostId>SlowDown503 Service</HostId></Error>"
    )
    return Answer(status, body.encode(), {"Content-Type": "application/xml"})


@pytest.fixture
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return monkeypatch


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (refusal(403, "AccessDenied"), errors.Unauthorized, "does not let these credentials list"),
        (refusal(403, "SignatureDoesNotMatch"), errors.Unauthorized, "does not let"),
        (refusal(400, "ExpiredToken"), errors.Unauthorized, "has ended"),
        (refusal(403, "RequestTimeTooSkewed"), errors.Unauthorized, "clock"),
        (refusal(404, "NoSuchBucket"), errors.NotFound, "There is no"),
        (refusal(400, "AuthorizationHeaderMalformed"), errors.ConfigError, "another region"),
        (Answer(301), errors.ConfigError, "another region"),
        (refusal(400, "InvalidArgument"), errors.ServerFailed, "The store failed"),
    ],
)
async def test_a_list_that_is_refused_names_the_reason(credentials, answer, expected, words):
    async with raw_server(lambda _: answer) as server:
        credentials.setenv("AWS_ENDPOINT", server.endpoint)
        async with StoreWorkspace(f"s3://bucket/{NAME}/") as workspace:
            with pytest.raises(expected) as caught:
                await workspace.datasets()
    assert type(caught.value) is expected
    assert words in str(caught.value)


async def test_an_object_that_may_not_be_read_is_not_taken_for_a_busy_store(credentials):
    async with raw_server(lambda _: refusal(403, "AccessDenied")) as server:
        credentials.setenv("AWS_ENDPOINT", server.endpoint)
        async with StoreWorkspace("s3://bucket/") as workspace:
            with pytest.raises(errors.Unauthorized, match="does not let these credentials read"):
                await workspace.find(NAME)
