from amltui.tui.app import AmltuiApp
from tests.tui.conftest import Driver


async def test_a_bug_in_the_screen_leaves_a_traceback_without_local_variables(place, capsys):
    app = AmltuiApp()

    def broken():
        token = "secret-" + "of-the-workspace"  # noqa: F841  a local that must not be shown
        raise ZeroDivisionError("a bug")

    try:
        async with app.run_test(size=(120, 40)) as pilot:
            user = Driver(app, pilot)
            await user.until(lambda: user.names)
            user.main.call_next(broken)
            await user.until(lambda: not app.is_running)
    except ZeroDivisionError:
        pass
    shown = capsys.readouterr()
    assert "ZeroDivisionError" in shown.err
    assert "secret-of-the-workspace" not in shown.err + shown.out
