"""`amltui snippet`: code that opens a dataset elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amltui.cli.options import COMMON, Common
from amltui.cli.output import warn
from amltui.cli.session import run
from amltui.errors import Unauthorized
from amltui.services.snippets import Kind

if TYPE_CHECKING:
    from amltui.services.session import Session


def snippet(
    name: str,
    /,
    *,
    kind: Annotated[Kind, Parameter(name="--for")] = "amltui",
    with_token: bool = False,
    common: Common = COMMON,
) -> None:
    """Print code that opens a dataset; it runs as it is printed.

    Without --with-token it holds no secret: the token comes from the profile, or, for azureml,
    from AMLTUI_TOKEN.

    Args:
        name: The dataset's name or id.
        kind: The library that the code uses; cli is the command line.
        with_token: Put the token into the code. Needs an owner's token.
        common: Common options.
    """

    async def work(session: Session) -> str:
        from amltui.services import snippets

        dataset = await session.find(name)
        if with_token:
            info = await (await session.connect()).info()
            if info.primary_token is None:
                raise Unauthorized(
                    "Only an owner of the workspace may put the token into code",
                    403,
                    hint="Leave out --with-token: then it comes from the profile.",
                )
        return snippets.snippet(dataset, session.connection, kind, with_token=with_token)

    code = run(common, work)
    if with_token:
        warn("This code holds the workspace's token. Do not share it and do not commit it.")
    if common.json:
        common.out.document({"for": kind, "code": code})
    else:
        common.out.text(code)
