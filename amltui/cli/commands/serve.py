"""`amltui serve`: the workspace server in this process."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from amltui.cli.common import PLAIN, Plain
from amltui.config.paths import data_dir
from amltui.errors import UsageError


def serve(
    *,
    data: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    database: str | None = None,
    contents: str | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    insecure: bool = False,
    embedded: Annotated[bool, Parameter(show=False)] = False,
    common: Plain = PLAIN,
) -> int:
    """Run a workspace server until it is interrupted.

    The first start makes the workspace and writes the owner's connection to settings.json in
    the data directory, in the old client's own format.

    Args:
        data: Directory of settings.json and, by default, of the database and the contents.
        host: Address to listen on; another one than this machine's own needs TLS.
        port: Port to listen on; 0 lets the system choose.
        database: URL of a SQLite or PostgreSQL database (see: amltui help environment).
        contents: az://, s3:// or gs:// address, or a directory, for the contents.
        tls_cert: Certificate chain in PEM.
        tls_key: Private key in PEM.
        insecure: Serve other machines without TLS, for example behind a proxy that has it.
        embedded: End with standard input, and say where in one JSON line.
        common: Common options.
    """
    del common
    if not 0 <= port <= 65535:
        raise UsageError(f"There is no port {port}", hint="Ports are 0 to 65535.")
    run = import_module("amltui.server.run")
    code: int = run.serve(
        run.ServeOptions(
            data=(data or data_dir()).absolute(),
            host=host,
            port=port,
            database=database,
            contents=contents,
            tls_cert=tls_cert,
            tls_key=tls_key,
            insecure=insecure,
            embedded=embedded,
        )
    )
    return code
