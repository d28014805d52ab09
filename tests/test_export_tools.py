"""Formats whose tools are not installed are left out with a note, or refused before the work."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from rich.console import Console

from signlet.cli import export as command
from signlet.errors import SignletError
from signlet.export import tools


def without(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """As if these were not installed."""
    monkeypatch.setattr(
        tools, "find_spec", lambda name: None if name in packages else find_spec(name) or name
    )


def test_all_formats_where_all_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch)
    tools.require_tools(list(tools.FILES))
    assert command._formats(Console()) == ["onnx", "litert"]


@pytest.mark.parametrize(
    ("package", "format", "extra"),
    [("onnxscript", "onnx", "onnx"), ("litert_torch", "litert", "export")],
)
def test_what_is_missing_is_said_before_the_work(
    monkeypatch: pytest.MonkeyPatch, package: str, format: str, extra: str
) -> None:
    monkeypatch.setattr(tools.sys, "version_info", (3, 13, 0))
    without(monkeypatch, package)
    with pytest.raises(SignletError, match=rf"\[{extra}\]"):
        tools.require_tools([format])


def test_the_rest_is_written_and_a_note_says_what_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without(monkeypatch, "litert_torch")
    assert command._formats(Console()) == ["onnx"]
    assert "model.tflite is left out" in capsys.readouterr().out


def test_no_command_is_offered_that_cannot_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools.sys, "version_info", (3, 14, 0))
    without(monkeypatch, "litert_torch")
    with pytest.raises(SignletError, match=r"Python 3\.14.*--to onnx") as refused:
        tools.require_tools(["onnx", "litert"])
    assert "pip" not in str(refused.value)
