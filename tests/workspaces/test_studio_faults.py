"""The border at which foreign exceptions become ours."""

import httpx
import pytest

from amltui import errors
from amltui.workspaces.http import faults

SECRET = "t0ken/with+chars"


def subclasses(kind):
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


EVERY = sorted(
    {
        kind
        for root in (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, httpx.CookieConflict)
        for kind in (root, *subclasses(root))
        if kind.__module__.startswith("httpx")
    },
    key=lambda kind: kind.__name__,
)


def made(kind, text):
    error = kind.__new__(kind)
    Exception.__init__(error, text)
    return error


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_each_exception_of_httpx_becomes_one_of_ours_and_keeps_no_secret(kind):
    text = f"failed with {SECRET} at https://host/a/b?sig=SIGNATURE"
    with (
        pytest.raises(errors.AmltuiError) as caught,
        faults.map_exceptions("testing", "https://user:pw@host/a?sig=SIGNATURE", [SECRET]),
    ):
        raise made(kind, text)
    assert type(caught.value) is not errors.AmltuiError
    assert "While testing" in str(caught.value)
    for secret in (SECRET, "SIGNATURE", "pw"):
        assert secret not in str(caught.value)
    assert caught.value.__suppress_context__


def test_httpx_exports_no_exception_that_the_table_misses():
    exported = {
        value
        for name in httpx.__all__
        if isinstance(value := getattr(httpx, name), type) and issubclass(value, Exception)
    }
    assert exported == set(EVERY)


def test_certificates_that_are_not_trusted_are_not_tried_again():
    error = faults.translate(
        httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), "x", "https://h/", []
    )
    assert isinstance(error, errors.Unreachable)
    assert not error.passing
    assert "SSL_CERT_FILE" in error.hint


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3), ("0.5", 0.5), ("-1", 0), ("soon", None), (None, None), ("", None)],
)
def test_retry_after_in_seconds(header, seconds):
    assert faults.seconds_of(header) == seconds


def test_retry_after_as_a_date():
    assert faults.seconds_of("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert faults.seconds_of("Wed, 21 Oct 2099 07:28:00 GMT") > 1e6
