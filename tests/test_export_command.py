"""`signlet export` on the command line, and an exported model without torch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest

import signlet
from signlet.cli import main
from signlet.errors import SignletError
from signlet.export import Exported
from signlet.export.cases import wandering
from signlet.model import SignModel
from signlet.model.files import save_model
from signlet.recognition.recogniser import Recogniser
from signlet_testing.exporting import (
    NESTED,
    RANDOM,
    SIGNS,
    SIZE,
    exported,
    models,
    trained_like,
)
from signlet_testing.teaching import OWN, tiny_model

__all__ = ["exported", "models"]


# --- the command, and the install without torch ---------------------------------------


def run_folder(models: list[SignModel], folder: Path) -> Path:
    save_model(folder, models, SIGNS, {"recipe": "tiny", "source": "folder"}, NESTED)
    return folder


def test_export_and_recognise_on_the_command_line(
    models: list[SignModel], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_folder(models, tmp_path / "run")
    np.savez(tmp_path / "clip.npz", landmarks=wandering(20, RANDOM))
    assert main(["export", str(run), "--to", "onnx", "--precision", "fp32"]) == 0
    assert "Compared with torch" in capsys.readouterr().out
    model = run / "export" / "model.onnx"
    assert main(["recognise", str(model), str(tmp_path / "clip.npz"), "--json"]) == 0
    exported = json.loads(capsys.readouterr().out)
    assert main(["recognise", str(run), str(tmp_path / "clip.npz"), "--json"]) == 0
    by_torch = json.loads(capsys.readouterr().out)
    assert [one["sign"] for one in exported["top"]] == [one["sign"] for one in by_torch["top"]]
    assert Recogniser.load(model).signs == SIGNS
    assert main(["export", str(run), "--to", "onnx", "-o", str(model / "below")]) == 2
    told = capsys.readouterr()
    assert "cannot be written" in told.err
    assert "Writing and comparing" not in told.out


def test_a_format_that_is_none_is_refused_with_the_names_of_all(
    models: list[SignModel], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(run_folder(models, tmp_path)), "--to", "bogus"]) == 2
    told = capsys.readouterr().err
    assert all(name in told for name in ("bogus", "onnx", "litert", "tflite")), told


def test_the_competition_s_contract_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One input, one output."""
    onnxruntime = pytest.importorskip("onnxruntime")
    save_model(tmp_path / "run", [tiny_model()], OWN, {"recipe": "tiny"})
    run = tmp_path / "run"
    assert main(["export", str(run), "--to", "onnx", "--no-embedding"]) == 0
    assert "Compared with torch" in capsys.readouterr().out
    path = run / "export" / "model.onnx"
    session = onnxruntime.InferenceSession(path)
    assert [value.name for value in session.get_inputs()] == ["inputs"]
    assert [value.name for value in session.get_outputs()] == ["outputs"]
    noted = json.loads((path.parent / "checks.json").read_text())["model.onnx"]
    assert noted["embedding_difference"] is None
    with pytest.raises(SignletError, match="has no embedding"):
        signlet.load(path).embed(wandering(20, RANDOM))


CORE = ("numpy", "onnxruntime", "flatbuffers", "packaging", "protobuf")
"""What `pip install signlet` brings, with onnxruntime's own needs."""


def link_core(site: Path) -> None:
    """Put the core install, and nothing else, into an empty environment."""
    for name in CORE:
        tops = {Path(file).parts[0] for file in distribution(name).files or ()}
        for top in tops - {"..", "__pycache__"}:
            target = site / top
            if not target.exists():
                target.symlink_to(Path(str(distribution(name).locate_file(top))))
    (site / "signlet.pth").write_text(str(Path(signlet.__file__).parents[1]))


def test_an_exported_model_runs_without_torch(exported: Exported, tmp_path: Path) -> None:
    """In a virtual environment with numpy and onnxruntime only."""
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    (site,) = (tmp_path / "venv").glob("lib/python3*/site-packages")
    link_core(site)
    np.savez(tmp_path / "clip.npz", landmarks=wandering(20, RANDOM))
    shutil.copy(exported.files["onnx"], tmp_path / "model.onnx")
    python = tmp_path / "venv" / "bin" / "python"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, *command], cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    assert run("-c", "import torch").returncode == 1
    command = ("-m", "signlet", "recognise", "model.onnx", "clip.npz", "--json")
    done = run(*command)
    assert done.stderr == ""
    assert json.loads(done.stdout)["top"][0]["sign"] in SIGNS
    run_folder([trained_like(SIZE, 8, 0)], tmp_path / "run")
    refused = run("-m", "signlet", "recognise", "run", "clip.npz")
    assert refused.returncode == 2
    assert refused.stderr.startswith("signlet: run: reading a run folder needs the extra train")
    assert 'pip install -c constraints.txt ".[train]"' in refused.stderr, "the way into a clone"


def test_import_is_light() -> None:
    """numpy only; onnxruntime when a file is loaded."""
    code = "import sys, signlet; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "onnxruntime", "pyarrow", "rich", "jsonargparse", "scipy", "sklearn"}
    assert not heavy & set(done.stdout.split())
