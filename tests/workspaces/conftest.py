"""A certificate that nobody has signed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

VARIABLES = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates and proxies of the machine that runs the tests are not theirs."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Files of a certificate for this machine and of its key."""
    place = tmp_path_factory.mktemp("certificate")
    cert, key = place / "cert.pem", place / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def made_certificate(place: Path, names: str, *, expired: bool = False) -> tuple[Path, Path]:
    """Files of a certificate for `names` (as a subjectAltName) and of its key."""
    cert, key = place / "cert.pem", place / "key.pem"
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test"]
    new += ["-keyout", key, "-out", place / "request.pem"]
    subprocess.run(new, check=True, capture_output=True)
    (place / "index.txt").touch()
    (place / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=c\n[c]\ndatabase={place}/index.txt\nnew_certs_dir={place}\n"
        "rand_serial=yes\ndefault_md=sha256\npolicy=p\nx509_extensions=x\n"
        f"[p]\ncommonName=supplied\n[x]\nsubjectAltName={names}\n"
    )
    end = "20210101000000Z" if expired else "20400101000000Z"
    sign = ["openssl", "ca", "-batch", "-selfsign", "-config", place / "ca.cnf", "-keyfile", key]
    sign += ["-startdate", "20200101000000Z", "-enddate", end]
    sign += ["-in", place / "request.pem", "-out", cert, "-notext"]
    subprocess.run(sign, check=True, capture_output=True)
    return cert, key
