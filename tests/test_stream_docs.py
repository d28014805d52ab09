"""The code in docs/streams.md runs, and its table of settings is the one in the code."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signlet
from signlet.stream import StreamSettings
from signlet_testing import PATIENCE
from signlet_testing.streams import DOWN, act, fake, sign

PAGE = (Path(__file__).parents[1] / "docs" / "streams.md").read_text(encoding="utf-8")
WEB = Path(__file__).parents[1] / "src" / "signlet" / "web"
MODEL = """
export async function loadRecogniser(name) {
  if (name !== "model.onnx") throw new Error(name);
  const probabilities = Float32Array.of(0.1, 0.9);
  const answer = { sign: "b", likeliest: "b", confidence: probabilities[1], probabilities };
  return { signs: ["a", "b"], maxFrames: 512, recognise: async () => answer };
}
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def landmarks() -> np.ndarray:
    return np.stack(act((0.0, DOWN, 0.0), *sign(1.0, 0.6), (4.0, DOWN, 0.0)).frames)


def test_the_python_code_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(signlet, "load", lambda path: {"model.onnx": fake}[path])
    names: dict[str, Any] = {"landmarks": landmarks()}
    for code in blocks("python"):
        exec(compile(code, "streams.md", "exec"), names)
    (event,) = names["events"]
    said = event.sign or "none of the signs"
    assert capsys.readouterr().out.startswith(f"{said} {event.start} {event.end}")
    assert names["stream"].settings.longest == 6.0


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_javascript_code_runs(tmp_path: Path) -> None:
    shutil.copy(WEB / "stream.js", tmp_path)
    for folder in ("clips", "stream"):
        shutil.copytree(WEB / folder, tmp_path / folder)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "recognise.js").write_text(MODEL)
    landmarks().astype("<f4").tofile(tmp_path / "clip.f32")
    (code,) = blocks("js")
    read = (
        'import { readFileSync } from "node:fs";\n'
        'const numbers = new Float32Array(new Uint8Array(readFileSync("clip.f32")).buffer);\n'
        "const camera = Array.from({ length: numbers.length / 1629 }, (_, i) => "
        "[numbers.subarray(i * 1629, (i + 1) * 1629), i / 25]);\n"
    )
    (tmp_path / "page.js").write_text(read + code)
    ran = subprocess.run(
        ["node", "page.js"], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE
    )
    assert ran.returncode == 0, ran.stderr
    name, start, end, confidence = ran.stdout.split()
    assert (name, json.loads(confidence)) == ("b", pytest.approx(0.9))
    assert 1.0 < float(start) < float(end) < 2.3


def test_the_table_of_settings_is_that_of_the_code() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", PAGE, re.MULTILINE))
    ours = {setting.name: f"{setting.default:g}" for setting in fields(StreamSettings)}
    assert listed == ours
