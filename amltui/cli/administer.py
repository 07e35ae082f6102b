"""Working on a server's own data directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from amltui.errors import AmltuiError, Conflict, NotFound, UsageError


@contextmanager
def server_errors() -> Iterator[None]:
    """The border at which the server's refusals become errors of the command line."""
    from amltui.server.problems import BadRequest, Clash, Missing, Problem, StartError

    try:
        yield
    except BadRequest as problem:
        raise UsageError(str(problem)) from problem
    except Missing as problem:
        raise NotFound(str(problem), problem.status, hint="See: amltui token list") from problem
    except Clash as problem:
        raise Conflict(str(problem), problem.status, hint="Choose another name.") from problem
    except (Problem, StartError) as problem:
        raise AmltuiError(str(problem)) from problem
