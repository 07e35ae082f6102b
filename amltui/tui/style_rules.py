"""The rules of the style sheets, each sheet parsed once as long as no colour of it is another one.

Textual parses all sheets anew when the first screen comes, and again after that: half of what the
first frame takes.
"""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class StyleRules(Stylesheet):
    """As Textual's, which remembers what it parsed; here it goes on to do so."""

    def set_variables(self, variables: dict[str, str]) -> None:
        """Take the colours of a theme."""
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        """Parse what is new, or all where the colours are other ones.

        Textual takes a new style sheet here, which stands in for this one only if it is without
        errors. Ours come with the program.
        """
        self.parse()
