"""`amltui serve`: the workspace server in this process."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from cyclopts import Parameter

from amltui.cli import exit_codes
from amltui.cli.administer import server_errors
from amltui.cli.options import PLAIN, Plain
from amltui.config.paths import data_dir
from amltui.errors import UsageError
from amltui.text import human_size

if TYPE_CHECKING:
    from amltui.server.run import ServeOptions
    from amltui.server.verify import VerifyReport


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
    public_url: str | None = None,
    proxy: tuple[str, ...] = ("127.0.0.0/8", "::1"),
    quota: int | None = None,
    link_hours: float = 168.0,
    log: Path | None = None,
    metrics: str | None = None,
    oidc_issuer: str | None = None,
    oidc_audience: str = "",
    oidc_claim: str = "roles",
    no_samples: bool = False,
    no_web: bool = False,
    check: bool = False,
    repair: bool = False,
    backup: Path | None = None,
    clean: bool = False,
    print_unit: bool = False,
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
        public_url: Address that clients use, where a proxy stands between.
        proxy: Address or network of such a proxy: what others say of their client is ignored.
        quota: Bytes that all contents together may take.
        link_hours: How long the links to contents in a list work, unless their token ends.
        log: File for the log instead of standard error.
        metrics: HOST:PORT where Prometheus reads what this server does.
        oidc_issuer: Issuer of OpenID Connect tokens that are let in too.
        oidc_audience: For whom its tokens are made (aud).
        oidc_claim: Claim of its tokens that names reader, writer or owner; a.b is b within a.
        no_samples: Offer no example datasets.
        no_web: Have no page for browsers.
        check: Do not serve: read every content and compare it with its hash.
        repair: With --check: mend what can be mended so that nothing is lost.
        backup: With --repair: take damaged and missing contents from this backup.
        clean: Do not serve: give back the room of what nobody refers to, now.
        print_unit: Do not serve: print a systemd unit that serves with the other options.
        embedded: End with standard input, and say where in one JSON line.
        common: Common options.
    """
    if not 0 <= port <= 65535:
        raise UsageError(f"There is no port {port}", hint="Ports are 0 to 65535.")
    if not 0.1 <= link_hours <= 87_600:
        raise UsageError("--link-hours is at least 0.1 and at most 87600")
    if (repair and not check) or (backup is not None and not repair):
        raise UsageError("--backup goes with --repair, and --repair with --check")
    from amltui.server.options import Oidc
    from amltui.server.run import ServeOptions
    from amltui.server.run import serve as serve_until_stopped

    options = ServeOptions(
        data=(data or data_dir()).absolute(),
        host=host,
        port=port,
        database=database,
        contents=contents,
        tls_cert=tls_cert,
        tls_key=tls_key,
        insecure=insecure,
        embedded=embedded,
        public_url=public_url,
        proxies=tuple(proxy),
        quota=quota,
        link_lifetime=link_hours * 3600,
        log=log,
        metrics=metrics,
        oidc=Oidc(oidc_issuer, oidc_audience, oidc_claim) if oidc_issuer else None,
        samples=not no_samples,
        web=not (no_web or embedded),
    )
    if print_unit:
        contents_at = Path(contents) if contents and "://" not in contents else None
        return _print_unit(options, (data, contents_at, log, tls_cert, tls_key), common)
    if clean:
        return _clean(options, common)
    if repair:
        return _repair(options, backup, common)
    return _check(options, common) if check else serve_until_stopped(options)


def _print_unit(options: ServeOptions, given: tuple[Path | None, ...], common: Plain) -> int:
    """Print the unit, with the command as it was typed."""
    from amltui.server.unit import unit

    if relative := [str(path) for path in given if path is not None and not path.is_absolute()]:
        raise UsageError(
            f"{relative[0]} is no full path", hint="A service starts in another directory."
        )
    if urlsplit(options.database or "").password:
        raise UsageError(
            "The password of the database would stand in the unit and in the process list",
            hint="Put PGPASSWORD or PGPASSFILE into the unit's environment file.",
        )
    words = [word for word in sys.argv[1:] if word != "--print-unit"]
    if "--data" not in {word.partition("=")[0] for word in words}:
        words += ["--data", str(options.data)]
    program = shutil.which(sys.argv[0]) or sys.argv[0]
    writes = [options.data]
    if options.contents is not None and "://" not in options.contents:
        writes.append(Path(options.contents))
    if options.log is not None:
        writes.append(options.log.parent)
    reads = [path for path in (options.tls_cert, options.tls_key) if path is not None]
    for line in unit([str(Path(program).absolute()), *words], writes, reads).splitlines():
        common.out.line(line)
    return exit_codes.DONE


def _clean(options: ServeOptions, common: Plain) -> int:
    from amltui.server import admin

    with server_errors():
        cleaned = admin.clean(options)
    if common.json:
        common.out.document(asdict(cleaned))
    else:
        common.out.note(
            f"Removed {cleaned.contents} contents, {cleaned.uploads} uploads and "
            f"{cleaned.leftovers} leftovers that nobody referred to."
        )
    return exit_codes.DONE


def _repair(options: ServeOptions, backup: Path | None, common: Plain) -> int:
    from amltui.server import admin

    with server_errors():
        done, report = admin.repair(options, backup)
    if common.json:
        common.out.document({**_document(report), "repaired": done})
    else:
        for line in (*done, *report.findings):
            common.out.line(line)
        common.out.note(f"Mended: {len(done)}. Still wrong: {len(report.findings)}.")
    return exit_codes.DONE if report.ok else exit_codes.DAMAGED


def _document(report: VerifyReport) -> dict[str, Any]:
    return {"contents": report.contents, "bytes": report.bytes, "findings": report.findings}


def _check(options: ServeOptions, common: Plain) -> int:
    from amltui.server import admin

    with server_errors():
        report = admin.check(options)
    if common.json:
        common.out.document(_document(report))
    else:
        for finding in report.findings:
            common.out.line(finding)
        common.out.note(
            f"Read {report.contents} contents, {human_size(report.bytes)}: "
            + ("all is well." if report.ok else f"{len(report.findings)} findings.")
        )
    return exit_codes.DONE if report.ok else exit_codes.DAMAGED
