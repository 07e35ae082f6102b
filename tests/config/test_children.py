import subprocess

from amltui.config.children import child_command, child_environment


def test_a_file_in_the_current_directory_is_never_imported_by_a_child(tmp_path):
    for name in ("json", "amltui", "asyncio"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('hostile')")
    done = subprocess.run(
        child_command("amltui", "--version"),
        env=child_environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("amltui ")
