"""The rules of the style sheets, each sheet parsed once as long as no colour of it is another one.

Textual parses all sheets anew when the first screen comes, and again after that: half of what the
first frame takes.
"""

from __future__ import annotations

from typing import Any

from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode
from textual.scrollbar import ScrollBar, ScrollBarCorner


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

    def apply(
        self,
        node: DOMNode,
        *,
        animate: bool = False,
        cache: dict[tuple[Any, ...], Any] | None = None,
    ) -> None:
        """Give a node its styles; a scrollbar keeps those that it had in the same state before.

        Whenever a widget gets or loses the focus Textual finds those of its scrollbars anew, which
        look the same.
        """
        if not isinstance(node, ScrollBar | ScrollBarCorner):
            super().apply(node, animate=animate, cache=cache)
            return
        known, state = self._known(node, "_styles_of_bar"), _state(node)
        if known.get(state) != node.styles.base.get_rules():
            super().apply(node, animate=animate, cache=cache)
            known[state] = node.styles.base.get_rules()

    def _known(self, node: DOMNode, name: str) -> dict[Any, Any]:
        """What is remembered of a node by these rules, by the state that it was in."""
        found: tuple[object, dict[Any, Any]] = node.__dict__.get(name, (None, {}))
        rules, known = found
        if rules is not self.rules_map:
            known = {}
            node.__dict__[name] = (self.rules_map, known)
        return known

    def _process_component_classes(self, node: DOMNode) -> None:
        """Give a widget's parts the styles that they had in the same state before.

        Textual finds them anew, by a node for each part, whenever a widget gets or loses the focus:
        for the grid that takes longer than to draw it. Its private method, for it has no public
        one: which rules hold for a part depends on the widget, on those around it and on nothing
        else.
        """
        if not node._get_component_classes():  # noqa: SLF001  as Textual asks
            return
        known, state = self._known(node, "_styles_of_parts"), _state(node)
        styles = node._component_styles  # noqa: SLF001  what the method is to fill
        if state not in known:
            super()._process_component_classes(node)
            known[state] = dict(styles)
        elif styles != known[state]:
            styles.clear()
            styles.update(known[state])
            node.refresh()


def _state(node: DOMNode) -> tuple[object, ...]:
    """What decides which rules hold for a node: its own state and that of those around it."""
    return tuple((one.id, one.classes, one.pseudo_classes) for one in node.css_path_nodes)
