"""--help of every command, whatever is installed and whatever the terminal can show."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from signlet.cli import COMMANDS, main
from signlet.cli.help_texts import kept, printed, short

BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
from signlet.cli import main
sys.exit(main(sys.argv[2:]))
"""
EXTRAS = {
    "all": "torch accelerate filelock jinja2 joblib jsonargparse matplotlib pose_format pyarrow "
    "yaml rich safetensors sklearn scipy av mediapipe PIL cv2 ray onnx onnxscript litert_torch "
    "ai_edge_litert ai_edge_quantizer flatbuffers fastapi uvicorn pydantic prometheus_client "
    "python_multipart optuna spoken_to_signed",
    "torch": "torch",
    "rich": "rich",
    "arrow": "pyarrow",
    "video": "av mediapipe PIL cv2",
}


def without(extras: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, ",".join(EXTRAS[extras].split()), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )


def flags(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[\w.-]*\w", text.split("options:", 1)[-1]))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_needs_no_extra(command: str) -> None:
    done = without("all", command, "--help", "all")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"usage: signlet {command}" in done.stdout
    assert flags(kept(command)) <= flags(done.stdout) | {"--help"}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_screen_and_leads_to_all_flags(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    said = capsys.readouterr().out
    assert end.value.code == 0
    assert said == short(command)
    assert f"\n  signlet {command}" in said  # an example
    assert len(said.splitlines()) <= 42
    assert flags(said) <= flags(kept(command)) | {"--help"}
    if flags(kept(command)) - flags(said):
        rest = [line for line in said.splitlines() if not line.startswith("  signlet ")]
        assert max(map(len, rest)) <= 80
        assert said.endswith(f": signlet {command} --help all\n")


def test_help_all_has_every_setting_of_a_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help", "all"])
    said = capsys.readouterr().out
    assert said == kept("train")
    assert "--student.heads" in flags(said) - flags(short("train"))


@pytest.mark.parametrize(
    ("command", "extra"),
    [("train", "torch"), ("inspect", "rich"), ("extract", "arrow"), ("export", "video")],
)
def test_nor_one_of_them(command: str, extra: str) -> None:
    done = without(extra, command, "-h")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"usage: signlet {command}" in done.stdout


@pytest.mark.parametrize("command", ["train", "inspect", "demo"])
def test_without_help_the_missing_extra_is_one_line(command: str) -> None:
    done = without("all", command)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "needs the extra" in line


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_kept_is_what_the_command_prints(command: str) -> None:
    """If this fails: python -m signlet.cli.help_texts."""
    assert flags(kept(command)) == flags(printed(command))


def test_no_place_of_one_machine_is_kept() -> None:
    for command in COMMANDS:
        assert kept(command).isascii()
        assert os.path.expanduser("~") not in kept(command)
        assert os.getcwd() not in kept(command)
