"""Why an object store cannot be used, in words for whoever starts a server on it.

obstore tells most of it as one text with the answer's XML in it, and with the address that was
asked: its query may hold a signature. So that text is read, not shown.
"""

from __future__ import annotations

import re
from typing import Final

_STATUS: Final = re.compile(r"status code: ([0-9]{3})")
_HOST: Final = re.compile(r"Error performing [A-Z]+ https?://([^/?\s]+)")
_UNREACHED: Final = "error sending request"
_METADATA: Final = ("169.254.169.254", "169.254.170.2", "token request", "metadata.google.internal")
"""What is asked for credentials where the environment has none."""


def reason(error: BaseException, url: str) -> str:
    """One sentence or two; `url` is what `--contents` says."""
    text = str(error)
    place = url.partition("://")[2].partition("/")[0]
    status = _STATUS.search(text)
    host = _HOST.search(text)
    if any(sign in text for sign in _METADATA):
        return (
            f"There are no credentials for {url} in the environment, and none of this machine's "
            "own; `amltui help environment` lists the variables."
        )
    if status is not None and status[1] == "404":
        where = f" at {host[1]}" if host else ""
        return f'There is no container or bucket "{place}"{where}. Make it first: no server does.'
    if status is not None and status[1] in {"401", "403"}:
        return (
            f'The credentials in the environment may not list "{place}": they are wrong, or lack '
            "the right to list, read, write and delete there."
        )
    if host is not None or _UNREACHED in text:
        answered = f"answers with status {status[1]}" if status else "cannot be reached"
        return f"{host[1] if host else place} {answered}."
    return text.partition("\n")[0]
