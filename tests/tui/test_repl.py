import subprocess
import sys

import amltui
from tests.support.server import ROOT


def prompt(path, data_type_id, typed, dataset_id=""):
    return subprocess.run(
        [
            *(sys.executable, "-m", "amltui.tui.repl", str(path), data_type_id),
            *("my [b]data[/b]\x1b", dataset_id, ""),
        ],
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


def test_what_cannot_be_read_is_said_instead_of_a_traceback_and_only_when_it_is_used(tmp_path):
    ended = prompt(tmp_path / "missing.csv", "GenericCSV", "print(1 + 1)\ndf\nnosuch\n")
    assert ended.returncode == 0
    assert "2" in ended.stdout
    assert "Cannot read my [b]data[/b]␛: " in ended.stderr
    assert "no such file" in ended.stderr.lower()
    assert "NameError: name 'nosuch'" in ended.stderr


def test_the_prompt_has_the_dataset_and_its_workspace(place, tmp_path):
    with amltui.Workspace() as workspace:
        dataset = workspace.datasets["Iris"]
        wanted = dataset.id
    ended = prompt(tmp_path / "x", "GenericCSV", "print(ds.name, len(ws.datasets))\n", wanted)
    assert "Iris 5" in ended.stdout
