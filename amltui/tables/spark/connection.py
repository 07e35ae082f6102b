"""A session on a Spark cluster: opened within seconds or not at all, its errors as ours."""

from __future__ import annotations

import logging
import os
import re
import secrets
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Final, Self
from urllib.parse import urlsplit

from amltui.errors import AmltuiError, Cancelled, ConfigError, QueryError, Unreachable
from amltui.redact import remember
from amltui.tables.queries.cancel import Cancel
from amltui.text import visible

_WAIT: Final = 10.0
"""Seconds until a cluster must have accepted a connection. Spark's client goes on for minutes."""
_SETTINGS: Final = {
    "spark.sql.session.timeZone": "UTC",
    # "a name" is a column or a table, as in the other engine, and no text.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    # Else a row with too many fields is taken for a good one where a question needs few columns.
    "spark.sql.csv.parser.columnPruning.enabled": "false",
    # Else a statement reads any file that the cluster can read.
    "spark.sql.runSQLOnFiles": "false",
    # Else `01` in the name of a folder is a number.
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    # Encodings that Java knows and Spark 4 leaves out, like windows-1252.
    "spark.sql.legacy.javaCharsets": "true",
}
_PLACE: Final = re.compile(r"\(?line (\d+),? pos (\d+)\)?")
_NO_SUCH_FILE: Final = {"PATH_NOT_FOUND", "FAILED_READ_FILE.FILE_NOT_EXIST"}


def _remote(address: str) -> str:
    """The address with the token that the environment has for it."""
    remote = os.environ.get("SPARK_REMOTE", "")
    if urlsplit(remote).netloc != urlsplit(address).netloc:
        return address
    for option in urlsplit(remote).path.split(";"):
        name, _, value = option.partition("=")
        if name.lower() == "token" and value:
            remember(value)
    return remote


def _import() -> None:
    """Import the client: in a program without a file (`python -c`) it ends the process.

    It takes that for a run of its own tests (`pyspark.sql.connect.utils.check_dependencies`).
    """
    program = sys.modules["__main__"]
    lacks = not hasattr(program, "__file__")
    if lacks:
        program.__file__ = "amltui"
    try:
        import pyspark.sql.connect  # noqa: F401 - that is all there is to do
    finally:
        if lacks:
            del program.__file__


def _wait_for(remote: str, address: str) -> None:
    """See that a server that speaks gRPC answers: Spark's client alone tries for ten minutes.

    Raises:
        Unreachable: none does.
    """
    import grpc
    from pyspark.sql.connect.client import DefaultChannelBuilder

    channel = DefaultChannelBuilder(remote).toChannel()
    try:
        grpc.channel_ready_future(channel).result(_WAIT)
    except grpc.FutureTimeoutError:
        raise Unreachable(
            f"No Spark answers at {address} within {_WAIT:.0f} seconds",
            hint="Spark Connect has to run there; use_ssl=true in the address speaks TLS.",
        ) from None
    finally:
        channel.close()


class Spark:
    """A session of its own on a cluster; what it is told there is forgotten with it."""

    def __init__(self, address: str, *, progress: Callable[[int, int], None] | None = None) -> None:
        """Take an address.

        Args:
            address: as `config.cluster.engine_address` gives it.
            progress: told the tasks that are done and all of the present question, from another
                thread.
        """
        self.address = address
        self._progress = progress
        self.session: Any = None

    def __enter__(self) -> Self:
        """Open the session.

        Raises:
            ConfigError: Spark's client is not installed.
            Unreachable: nothing answers there.
        """
        if find_spec("pyspark") is None:
            raise ConfigError(
                "Spark's client is not installed", hint="Install it: pip install 'amltui[spark]'"
            )
        with _quiet():
            _import()
        with _quiet(), errors(Cancel()):
            from pyspark.sql import SparkSession
            from pyspark.sql.connect.client.retries import DefaultPolicy

            remote = _remote(self.address)
            _wait_for(remote, self.address)
            session: Any = SparkSession.builder.remote(remote).create()  # type: ignore[attr-defined, unused-ignore]
            # A cluster that goes away in the middle is given up after half a minute.
            session.client.set_retry_policies([DefaultPolicy(max_retries=8, max_backoff=5_000)])
            self.session = session
            for name, value in _SETTINGS.items():
                session.conf.set(name, value)
            if self._progress is not None:
                session.registerProgressHandler(self._say)
        return self

    def __exit__(self, *exc: object) -> None:
        """Close it; what the cluster kept for it goes."""
        if self.session is not None:
            with _quiet():
                self.session.stop()
            self.session = None

    @contextmanager
    def asking(self, cancel: Cancel, *, text: str = "") -> Iterator[Any]:
        """The session, for one question that `cancel` stops on the cluster, too.

        Args:
            cancel: of the question.
            text: the statement that a person typed, for the place of a mistake in it.

        Raises:
            QueryError, Unreachable, Cancelled: see `errors`.
        """
        tag = f"amltui-{secrets.token_hex(8)}"
        session = self.session
        session.addTag(tag)
        try:
            with errors(cancel, text=text), cancel.calling(lambda: session.interruptTag(tag)):
                yield session
        finally:
            session.removeTag(tag)

    def _say(self, stages: Any, inflight_tasks: int, operation_id: Any, done: bool) -> None:  # noqa: FBT001 - Spark's
        del inflight_tasks, operation_id
        if self._progress is not None and stages and not done:
            self._progress(
                sum(one.num_completed_tasks for one in stages), sum(one.num_tasks for one in stages)
            )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to ourselves what Spark's client says to its own developers."""
    # So does gRPC, beside Python's logging.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # It writes each error of a statement to standard error, with the cluster's stack.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        # It knows pandas 2 and warns of 3, which it is not asked to use here.
        warnings.filterwarnings("ignore", message="PySpark does not yet", category=FutureWarning)
        yield


@contextmanager
def errors(cancel: Cancel, *, text: str = "") -> Iterator[None]:
    """Inside, what Spark's client raises is raised as one of our errors.

    Raises:
        QueryError: the statement is wrong, or the cluster could not answer it.
        Unreachable: the cluster is gone, or does not see the data.
        Cancelled: it was stopped.
    """
    try:
        yield
    except AmltuiError:
        raise
    except Exception as error:
        if cancel.cancelled:
            raise Cancelled("The question was stopped.") from None
        mapped = _mapped(error, text)
        if mapped is None:
            raise
        raise mapped from None


def _mapped(error: Exception, text: str) -> AmltuiError | None:
    import grpc
    from pyspark.errors import PySparkException

    if isinstance(error, grpc.RpcError):
        return Unreachable(f"Spark does not answer: {_first(str(error.details()))}")  # type: ignore[attr-defined, unused-ignore]
    if not isinstance(error, PySparkException):
        return None
    # From here on stacks of the cluster and its plans; ours is the sentence before them.
    said = str(error).partition("\n\nJVM stacktrace")[0].strip()
    condition = error.getCondition() or ""
    if condition in _NO_SUCH_FILE:
        return Unreachable(
            f"The cluster does not see this data: {_first(said)}",
            hint="It reads object stores and disks that it shares with this machine.",
        )
    place = _PLACE.search(said)
    sentence = re.sub(r"^\[[A-Z0-9_.]+\] ", "", _first(said))
    sentence = re.sub(r" SQLSTATE: \w+.*$", "", sentence)
    return QueryError(sentence, position=_position(place, text) if place and text else None)


def _first(said: str) -> str:
    return visible(said.strip().partition("\n")[0])[:500]


def _position(place: re.Match[str], text: str) -> int | None:
    """Where in `text` a line and a place in it are; `text` begins in Spark's second line."""
    lines = text.splitlines(keepends=True)
    line, column = int(place[1]) - 2, int(place[2])
    if not 0 <= line < len(lines) or column > len(lines[line]):
        return None
    return sum(map(len, lines[:line])) + column
