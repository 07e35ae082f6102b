"""The rules of the style sheets, each sheet parsed once as long as no colour of it is another one.

Textual parses all sheets anew when the first screen comes, and again after that: half of what the
first frame takes.
"""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode


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

    def _process_component_classes(self, node: DOMNode) -> None:
        """Give a widget's parts the styles that they had in the same state before.

        Textual finds them anew, by a node for each part, whenever a widget gets or loses the focus:
        for the grid that takes longer than to draw it. Its private method, for it has no public
        one: which rules hold for a part depends on the widget, on those around it and on nothing
        else.
        """
        if not node._get_component_classes():  # noqa: SLF001  as Textual asks
            return
        rules, known = node.__dict__.get("_styles_of_parts", (None, {}))
        if rules is not self.rules_map:
            known = {}
            node.__dict__["_styles_of_parts"] = (self.rules_map, known)
        state = tuple((one.id, one.classes, one.pseudo_classes) for one in node.css_path_nodes)
        styles = node._component_styles  # noqa: SLF001  what the method is to fill
        if state not in known:
            super()._process_component_classes(node)
            known[state] = dict(styles)
        elif styles != known[state]:
            styles.clear()
            styles.update(known[state])
            node.refresh()
