"""Making hostile text safe to show, and values short to read.

Whatever comes from a workspace or a file may hold terminal escapes, bidirectional overrides or
line breaks. `visible` is the one door through which such text reaches a screen or a terminal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

_NAMED: Final = {"\n": "⏎", "\r": "␍", "\t": "⇥", "\x7f": "␡"}
_HIDDEN: Final = re.compile(
    # C0, DEL, C1; soft hyphen; Arabic letter mark; zero width and marks (not U+200D, which joins
    # emoji); line and paragraph separators, embeddings, overrides and isolates; invisible
    # operators; BOM; interlinear marks; shorthand and musical controls; lone surrogates; tags;
    # noncharacters.
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)


def _show(match: re.Match[str]) -> str:
    char = match.group()
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    return chr(0x2400 + code) if code < 0x20 else f"<{code:04X}>"


def visible(text: str) -> str:
    """`text` on one line with control, bidirectional and invisible characters made visible.

    The result holds nothing that a terminal acts on. Text without such characters comes back
    as it is.
    """
    return _HIDDEN.sub(_show, text)


def visible_lines(text: str) -> str:
    """As `visible`, for a text shown over several lines: line feeds stay, CR LF becomes one."""
    return "\n".join(visible(line) for line in text.replace("\r\n", "\n").split("\n"))


def reason_of(error: Exception) -> str:
    """Why something failed, in words: what the system says without its number.

    A file that the error names is named too. The result is safe to show.
    """
    if not isinstance(error, OSError) or not error.strerror:
        return visible(str(error)) or type(error).__name__
    named = f": {visible(str(error.filename))}" if error.filename is not None else ""
    return f"{visible(error.strerror)}{named}"


def near(name: str, names: Iterable[str]) -> list[str]:
    """Up to three of `names` that look like `name`, letter case ignored; the best first."""
    import difflib

    lower = {other.lower(): other for other in names}
    wanted = name.lower()
    close = difflib.get_close_matches(wanted, lower, n=3, cutoff=0.6)
    close += [other for other in lower if wanted in other and other not in close]
    return [lower[other] for other in close[:3]]


def near_names(name: str, names: Iterable[str]) -> str:
    """As `near`, quoted and made safe to show; "" if none."""
    return ", ".join(f'"{visible(other)}"' for other in near(name, names))


_RESERVED: Final = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$")


def safe_filename(name: str, extension: str = "") -> str:
    """A file name for a dataset name: one path component, at most 200 bytes, never empty or hidden.

    Keeps letters of every script, spaces and ordinary punctuation; replaces separators and what
    no file system likes by `_`; adds `extension` (lower case, with its dot) unless the name ends
    with it. `formats.file_name` knows which extension a data type has.
    """
    text = unicodedata.normalize("NFC", visible(name))
    text = re.sub(r'[\x00-\x1f/\\:*?"<>|]', "_", text).strip().strip(".").strip()
    if not text or _RESERVED.match(text):
        text = f"_{text}" if text else "dataset"
    if extension and text.lower().endswith(extension):
        text = text[: -len(extension)]
    limit = 200 - len(extension)
    text = text.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore").rstrip(" .")
    return (text or "dataset") + extension


def human_size(size: int | None) -> str:
    """`size` bytes in about seven characters (`99 B`, `3.8 MiB`), or `?` when unknown."""
    if size is None:
        return "?"
    if size < 1024:
        return f"{size} B"
    value = float(size)
    for unit in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        value /= 1024
        if value < 999.5 or unit == "PiB":
            break
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def human_duration(seconds: float | None) -> str:
    """`seconds` as `4s`, `1m24s`, `2h05m`, `3d04h`, or `?` when unknown."""
    if seconds is None:
        return "?"
    total = round(seconds)
    if total < 60:
        return f"{total}s"
    if total < 3600:
        return f"{total // 60}m{total % 60:02}s"
    if total < 86400:
        return f"{total // 3600}h{total % 3600 // 60:02}m"
    return f"{total // 86400}d{total % 86400 // 3600:02}h"


def iso_utc(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with seconds and `Z`, as `--json` prints times."""
    if moment is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
