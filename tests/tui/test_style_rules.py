"""The styles of the parts of a widget, which are remembered from when it was in the same state."""

from __future__ import annotations

from textual.app import App
from textual.containers import Vertical
from textual.theme import Theme
from textual.widgets import Input

from amltui.tui.grid import Grid
from amltui.tui.style_rules import StyleRules


class Parts(App):
    """A grid whose cursor's colours depend on what a rule can depend on."""

    CSS = """
    Grid > .grid--cursor { color: #ff0000; background: #000000; }
    Grid:focus > .grid--cursor { color: #00ff00; }
    Grid.-marked > .grid--cursor { color: #0000ff; }
    .-around Grid > .grid--cursor { background: #ffff00; }
    Grid > .grid--header { color: $primary; }
    ScrollBar { color: #ff0000; }
    Grid:focus ScrollBar { color: #0000ff; }
    .-around Grid ScrollBar { color: #00ff00; }
    """

    def __init__(self):
        super().__init__()
        self.stylesheet = StyleRules(variables=self.get_css_variables())

    def compose(self):
        with Vertical():
            yield Input()
            yield Grid()

    def colours(self):
        style = self.query_one(Grid).get_component_rich_style("grid--cursor")
        return style.color.name, style.bgcolor.name


async def test_parts_of_a_widget_look_as_its_state_says_each_time_that_it_comes_back():
    app = Parts()
    async with app.run_test() as pilot:
        grid, line, around = (app.query_one(each) for each in (Grid, Input, Vertical))
        for _ in range(2):
            line.focus()
            await pilot.pause()
            assert app.colours() == ("#ff0000", "#000000")
            grid.focus()
            await pilot.pause()
            assert app.colours() == ("#00ff00", "#000000")
            around.add_class("-around")
            await pilot.pause()
            assert app.colours() == ("#00ff00", "#ffff00")
            line.focus()
            grid.add_class("-marked")
            await pilot.pause()
            assert app.colours() == ("#0000ff", "#ffff00")
            grid.remove_class("-marked")
            around.remove_class("-around")
            await pilot.pause()


async def test_a_scrollbar_looks_as_the_state_around_it_says_each_time_that_it_comes_back():
    app = Parts()
    async with app.run_test() as pilot:
        grid, line, around = (app.query_one(each) for each in (Grid, Input, Vertical))
        bar = grid.vertical_scrollbar
        for _ in range(2):
            for focused in (line, grid):
                focused.focus()
                await pilot.pause()
                app.stylesheet.apply(bar)
                assert bar.styles.color.hex == ("#0000FF" if focused is grid else "#FF0000")
            around.add_class("-around")
            app.stylesheet.apply(bar)
            assert bar.styles.color.hex == "#00FF00"
            around.remove_class("-around")


async def test_parts_of_a_widget_take_the_colours_of_other_rules():
    app = Parts()
    async with app.run_test() as pilot:
        seen = []
        for primary in ("#aa0000", "#0000aa", "#aa0000"):
            app.register_theme(Theme("changing", primary=primary))
            app.theme = "changing"
            app.refresh_css()
            await pilot.pause()
            seen.append(app.query_one(Grid).get_component_rich_style("grid--header").color.name)
        assert seen[0] == seen[2] != seen[1]
