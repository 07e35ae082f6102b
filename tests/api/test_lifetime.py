"""Threads, forks, garbage and the interpreter's end: nothing stays behind and nothing warns."""

import gc
import os
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

import amltui
from amltui.api.loop import LOOP
from tests.support.server import ROOT

pytestmark = pytest.mark.slow  # each test starts and ends interpreters


def run_python(server, code, **options):
    """The output of a fresh interpreter where every warning is an error; nothing on stderr."""
    head = f"""
        import amltui, gc, os, sys, threading
        WS = ({server.workspace_id!r}, {server.token!r}, {server.endpoint!r})
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(head + code)],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        **options,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout.split()


def open_sockets():
    return [c for c in psutil.Process().net_connections() if c.status == "ESTABLISHED"]


def test_closing_the_last_workspace_ends_its_thread_and_its_connections(server):
    LOOP.close()
    before, sockets = set(threading.enumerate()), len(open_sockets())
    one = amltui.Workspace(server.workspace_id, server.token, server.endpoint)
    other = amltui.Workspace(server.workspace_id, server.token, server.endpoint)
    file = one.datasets["Iris"].open()
    assert file.read(1)
    assert len(other.datasets)
    assert len(open_sockets()) > sockets
    file.close()
    one.close()
    assert len(other.datasets)
    other.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(30)  # one that was told to end may need a moment
        assert not thread.is_alive(), thread
    assert len(open_sockets()) == sockets


def test_a_workspace_that_is_left_lying_is_let_go(server):
    def use():
        workspace = amltui.Workspace(server.workspace_id, server.token, server.endpoint)
        workspace.datasets["Iris"].open().read(1)

    LOOP.close()
    sockets = len(open_sockets())
    use()
    gc.collect()
    assert len(open_sockets()) == sockets


def test_threads_share_a_workspace(ws):
    def use(number):
        dataset = ws.datasets["Iris"]
        with dataset.open() as file:
            file.seek(number)
            return dataset.size, len(file.read()), dataset.to_dataframe().shape

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(use, range(40)))
    assert answers == [(4007, 4007 - n, (150, 5)) for n in range(40)]


def test_the_interpreter_ends_in_silence_with_everything_left_open(server):
    code = """
        ws = amltui.Workspace(*WS)
        file = ws.datasets["Iris"].open()
        print(file.read(5).decode())
        frame = ws.datasets["Iris"].to_dataframe()
        other = amltui.Workspace(*WS)
        print(len(other.datasets) > 0)
    """
    assert run_python(server, code) == ["sepal", "True"]


def test_a_workspace_that_a_thread_uses_at_the_end_does_not_hang_it(server):
    code = """
        ws = amltui.Workspace(*WS)
        def forever():
            while True:
                try:
                    len(ws.datasets)
                except BaseException:
                    return
        len(ws.datasets)
        threading.Thread(target=forever, daemon=True).start()
        print("done")
    """
    assert run_python(server, code) == ["done"]


def test_parent_and_child_both_go_on_after_a_fork(server):
    code = """
        ws = amltui.Workspace(*WS)
        file = ws.datasets["Iris"].open()
        first = file.raw.read(5)
        pid = os.fork()
        answers = [len(file.read()) + 5, len(ws.datasets) > 0]
        if pid:
            answers.append(os.waitpid(pid, 0)[1])  # so that only one writes at a time
        print(*answers, flush=True)
    """
    assert run_python(server, code) == ["4007", "True", "4007", "True", "0"]


def test_a_child_that_is_forked_in_the_middle_of_a_call_works_too(server):
    code = """
        ws = amltui.Workspace(*WS)
        busy, stop = threading.Event(), threading.Event()
        def call():
            async def wait(aws):
                import asyncio
                await aws.connect()
                busy.set()
                while not stop.is_set():
                    await asyncio.sleep(0.01)
            ws.run(wait)
        thread = threading.Thread(target=call)
        thread.start()
        busy.wait()
        import warnings
        warnings.simplefilter("ignore")  # Python 3.12 warns of any fork beside threads
        pid = os.fork()
        if not pid:
            print(len(ws.datasets) > 0, flush=True)
            os._exit(0)
        os.waitpid(pid, 0)
        stop.set()
        thread.join()
        print(len(ws.datasets) > 0)
    """
    assert run_python(server, code) == ["True", "True"]


def test_control_c_ends_a_wait_and_the_workspace_still_works(server):
    code = """
        import asyncio, signal
        ws = amltui.Workspace(*WS)
        state = []
        async def wait(aws):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                state.append("cancelled")
                raise
        try:
            ws.run(wait)
        except KeyboardInterrupt:
            print("interrupted", len(ws.datasets) > 0, *state)
    """
    assert run_python(server, code) == ["interrupted", "True", "cancelled"]


def test_the_synchronous_classes_work_inside_a_running_loop(server):
    code = """
        import asyncio
        async def main():
            with amltui.Workspace(*WS) as ws:
                print(len(ws.datasets) > 0)
        asyncio.run(main())
    """
    assert run_python(server, code) == ["True"]


@pytest.mark.parametrize("statement", ["import amltui", "import amltui; dir(amltui)"])
def test_importing_the_package_imports_nothing_of_weight(statement):
    code = f"""
import sys
{statement}
print(*{{"asyncio", "ssl", "dataclasses", "email", "httpx", "pandas"}} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.split() == []


def test_reaching_for_a_workspace_imports_no_heavy_library(server):
    code = """
        ws = amltui.Workspace(*WS)
        amltui.DataTypeIds, amltui.AzureMLError, amltui.is_supported("X")
        heavy = ("httpx", "pandas", "numpy", "pyarrow", "duckdb", "anyio", "textual")
        print([name for name in heavy if name in sys.modules])
    """
    assert run_python(server, code) == ["[]"]


def test_every_name_that_the_package_offers_is_there():
    for name in amltui.__all__:
        assert getattr(amltui, name) is not None
    assert set(amltui.__all__) <= set(dir(amltui))
    with pytest.raises(AttributeError):
        amltui.nothing  # noqa: B018 - the access is the test


@pytest.mark.skipif(not hasattr(os, "fork"), reason="multiprocessing forks on POSIX only")
def test_a_pool_of_processes_can_use_the_parents_workspace(server):
    code = """
        import multiprocessing
        ws = amltui.Workspace(*WS)
        print(len(ws.datasets["Iris"].to_dataframe()))
        def rows(name):
            return len(ws.datasets[name].to_dataframe())
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(*pool.map(rows, ["Iris"] * 4))
            pool.close()
            pool.join()
    """
    assert run_python(server, code) == ["150"] * 5


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_sending_a_path_and_reading_a_file_stay_flat_in_memory(server, tmp_path, name):
    path = tmp_path / "content"
    with path.open("wb") as file:
        for _ in range(128):
            file.write(os.urandom(1 << 20))
    code = f"""
        def anonymous():
            with open("/proc/self/smaps_rollup") as file:
                return next(int(l.split()[1]) for l in file if l.startswith("Anonymous:")) >> 10
        ws = amltui.Workspace(*WS)
        ws.datasets["Iris"].read_as_binary()
        before, peak, end = anonymous(), 0, threading.Event()
        def watch():
            global peak
            while not end.wait(0.005):
                peak = max(peak, anonymous())
        watching = threading.Thread(target=watch)
        watching.start()
        from pathlib import Path
        made = ws.datasets.add_from_raw_data(Path({str(path)!r}), "PlainText", {name!r}, "d")
        up, peak = peak - before, 0
        with made.open() as file:
            while file.read(1 << 20):
                pass
        end.set()
        watching.join()
        made.delete()
        print(up, peak - before)
    """
    up, down = map(int, run_python(server, code))
    assert up < 80, "MiB; the content has 128, the blocks that are on their way 24"
    assert down < 64
