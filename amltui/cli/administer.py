"""Working on a server's own data directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from amltui.errors import AmltuiError, Conflict, NotFound, UsageError


@contextmanager
def server_errors() -> Iterator[None]:
    """The border at which the server's refusals become errors of the command line."""
    from amltui.server import http_errors

    try:
        yield
    except http_errors.BadRequest as problem:
        raise UsageError(str(problem)) from problem
    except http_errors.NotFound as problem:
        raise NotFound(str(problem), problem.status, hint="See: amltui token list") from problem
    except http_errors.Conflict as problem:
        raise Conflict(str(problem), problem.status, hint="Choose another name.") from problem
    except (http_errors.HTTPError, http_errors.StartError) as problem:
        raise AmltuiError(str(problem)) from problem
