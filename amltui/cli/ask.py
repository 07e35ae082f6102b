"""Asking the person at the terminal; what is secret is not echoed."""

from __future__ import annotations

import getpass
import sys

from amltui.errors import UsageError


def is_there() -> bool:
    """Whether somebody is at the terminal to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def text(question: str, default: str = "") -> str:
    """An answer on one line; the default when it is empty. Asked on standard error."""
    shown = f"{question} [{default}]: " if default else f"{question}: "
    sys.stderr.write(shown)
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        raise UsageError(f"No answer to: {question}", hint="Give it as an option instead.")
    return answer.strip() or default


def secret(question: str) -> str:
    """An answer on one line that is not shown while it is typed."""
    try:
        return getpass.getpass(f"{question} (not shown): ", stream=sys.stderr).strip()
    except EOFError:
        raise UsageError(f"No answer to: {question}") from None


def secret_lines(question: str) -> str:
    """Lines that are not shown, up to an empty one or the end of a call's brackets."""
    lines = [secret(question)]
    opened = lines[0].count("(") - lines[0].count(")")
    while lines[-1] and opened > 0:
        lines.append(secret("…"))
        opened += lines[-1].count("(") - lines[-1].count(")")
    return "\n".join(lines)
