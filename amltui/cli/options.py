"""Options that commands share."""

# No postponed annotations here: commands elsewhere inherit these fields, and the parser would look
# for their names in the module of the heir.

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from amltui.cli.output import Out
from amltui.errors import UsageError

_GROUP = "Common options"


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Plain:
    """Options of commands that speak to no workspace."""

    json: Annotated[bool, Parameter(help="Print one JSON document.", group=_GROUP)] = False
    quiet: Annotated[
        bool, Parameter(name=("--quiet", "-q"), help="Print data and errors only.", group=_GROUP)
    ] = False
    debug: Annotated[bool, Parameter(help="Say on standard error what happens.", group=_GROUP)] = (
        False
    )

    @property
    def out(self) -> Out:
        """Where the output goes."""
        return Out(self.json, self.quiet)


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Common(Plain):
    """Options of commands that speak to a workspace."""

    profile: Annotated[
        str | None,
        Parameter(help="Profile to use; `local` is the embedded workspace.", group=_GROUP),
    ] = None
    at: Annotated[
        str | None, Parameter(help="A folder or file to open instead of a workspace.", group=_GROUP)
    ] = None
    offline: Annotated[bool, Parameter(help="Use only what is on this disk.", group=_GROUP)] = False

    @property
    def place(self) -> str | None:
        """The profile or the folder that was named. None: neither."""
        if self.at is None:
            return self.profile
        if self.profile is not None:
            raise UsageError("--at and --profile exclude each other", hint="Leave one out.")
        return self.at if "/" in self.at else f"./{self.at}"


PLAIN = Plain()
COMMON = Common()
