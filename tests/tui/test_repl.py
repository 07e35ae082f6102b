import subprocess
import sys

from tests.support.server import ROOT


def prompt(path, data_type_id, typed):
    return subprocess.run(
        [sys.executable, "-m", "amltui.tui.repl", str(path), data_type_id, "my [b]data[/b]\x1b"],
        input=typed,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )


def test_the_prompt_has_the_dataset_as_a_frame(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,x\n2,y\n")
    ended = prompt(path, "GenericCSV", "print(df.shape, df['a'].sum())\n")
    assert ended.returncode == 0
    assert "(2, 2) 3" in ended.stdout
    assert "my [b]data[/b]␛" in ended.stdout


def test_what_cannot_be_read_is_said_instead_of_a_traceback(tmp_path):
    ended = prompt(tmp_path / "missing.csv", "GenericCSV", "\n")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "Enter goes back" in ended.stdout
