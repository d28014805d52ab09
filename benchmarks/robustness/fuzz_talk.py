"""Fuzzed command lines, and bodies of requests to `signlet serve`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.robustness.fuzz_kinds import Generator, Kind, drawn, wrong_clip
from signlet.cli import COMMANDS, main
from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.pretrained import model_path
from signlet.serve.decode import BINARY, FORM, JSON, decode
from signlet.sources import write_clip
from signlet_testing import miniatures
from signlet_testing.mutations import mutate, mutate_json

MAX_FRAMES = 60
_NOTHING = "nothing-is-here"
_ENDED = (0, 2, 130)
"""Exit codes that a user may see."""


class CommandLine(Kind):
    """Arguments from a grammar: a command, its flags, and values that fit and that do not.

    What would train, export, download, serve or open a camera names clips or a model that are
    not there, so that it ends before.
    """

    share = 1.2
    _WITHOUT_CLIPS, _WITHOUT_MODEL = ("train", "tune"), ("export", "calibrate", "serve", "live")
    _NOT_AT_ALL = ("demo", "page", "models", "extract")

    @staticmethod
    def prepare(base: Path) -> None:
        for sign, signer, take in miniatures.takes()[:6]:
            name = f"clips/{miniatures.SIGNS[sign]}/p{signer}_{take}.npz"
            miniatures.clip(base / name, sign, signer, take)
        miniatures.clip(base / "clip.npz")
        miniatures.clip(base / "clip.parquet")
        (base / "empty.npz").write_bytes(b"")
        (base / "clips.csv").write_text("path,sign\nclip.npz,book\n", encoding="utf-8")
        (base / "recipe.yaml").write_text("optimiser: {epochs: 1}\n", encoding="utf-8")
        (base / "odd.yaml").write_text("optimiser: [1]\n", encoding="utf-8")
        (base / "model.onnx").write_bytes(model_path("fingerspelling").read_bytes())

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        self._flags = {name: _flags_of(name) for name in COMMANDS}
        self._values = [*_VALUES, *(f"in/{path.name}" for path in sorted(base.iterdir())), "in"]

    def damaged(self, folder: Path, rng: Generator) -> list[str]:
        shutil.copytree(self.base, folder / "in")  # a command may write over what it is given
        os.chdir(folder)
        if rng.random() < 0.04:
            words = [drawn(_VALUES, rng) for _ in range(int(rng.integers(3)))]
            return [*words, "--no-such-flag"] if words[:1] and words[0] in COMMANDS else words
        others = *self._WITHOUT_CLIPS, *self._WITHOUT_MODEL, *self._NOT_AT_ALL
        command = drawn([*_HARMLESS * 3, *others], rng)
        words = [self._word(command, rng) for _ in range(int(rng.integers(0, 5)))]
        if command in self._NOT_AT_ALL:
            return [command, *words, "--no-such-flag"]
        if command in self._WITHOUT_MODEL:
            return [command, _NOTHING, *words]
        given = self._usual(command, rng) if rng.random() < 0.8 else []
        held = ["--data", _NOTHING] if command in self._WITHOUT_CLIPS else []
        held = ["--jobs", "1"] if command in ("pack", "extract") else held
        return [command, *given, *words, *held]

    def _word(self, command: str, rng: Generator) -> str:
        value, kind = drawn(self._values, rng), rng.random()
        if kind < 0.45 or not self._flags[command]:
            return value
        flag = drawn(self._flags[command], rng)
        if flag == "--jobs":  # as many processes as somebody asks for
            return "--jobs=1"
        if kind < 0.75:
            return f"{flag}={value}"
        return flag if kind < 0.95 else flag + drawn(["x", "-", " ", "\u00e9"], rng)

    def _usual(self, command: str, rng: Generator) -> list[str]:
        model, clip = self._place("model.onnx"), self._place("clip.npz")
        clips = self._place(drawn(["clips", "clips.csv", "clips"], rng))
        usual = {
            "recognise": [model, clip],
            "inspect": [drawn([clips, clip], rng)],
            "convert": [clips, "-o", "out"],
            "pack": [clips, "-o", "out"],
            "evaluate": [model],
            "teach": [model, clips, "-o", "mine.onnx"],
            "ensemble": [clips, model, "-o", "out"],
            "train": ["--recipe", self._place(drawn(["recipe.yaml", "odd.yaml", "clip.npz"], rng))],
        }
        return usual.get(command, [])

    def _place(self, name: str) -> str:
        return f"in/{name}"

    def read(self, given: list[str]) -> str:
        out, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            try:
                code = main(given)
            except SystemExit as ended:  # --help
                code = ended.code
        said = errors.getvalue().rstrip("\n")
        if code not in _ENDED or "Traceback (most recent" in said:
            raise RuntimeError(f"exit code {code}, {given}:\n{said[-3000:]}")
        if code == 0 or not given:
            return ""
        last = said.split("\n")[-1]
        if not last.startswith("signlet: ") or len(last) > 2_000:
            return f"{given}: exit code {code} with {last[:300]!r}"
        raise SignletError(last)


def _flags_of(command: str) -> list[str]:
    text = (files("signlet") / "cli" / "help" / f"{command}.txt").read_text(encoding="utf-8")
    known = sorted({*re.findall(r"--[A-Za-z][\w.-]*", text), "-o"} - {"--help"})
    return [flag for flag in known if flag not in ("--extractor", "--open", "--page")]


_HARMLESS = ("recognise", "inspect", "convert", "pack", "evaluate", "teach", "ensemble")
_VALUES = (
    *("", " ", "-", "--", "---", "-o", "-h", "--help", "0", "1", "-1", "3", "1e400", "nan", "-inf"),
    *("9" * 40, "9" * 400, "9" * 5000, "0x10", "1_000", "1.5", "true", "null", "None", "~", "no"),
    *("[", "]", "[1,2]", "{}", "{a: 1}", "[" * 300, "[" * 5000, "&a [*a]", "*a", "!!python/none"),
    *("'", '"', "\\", "a\nb", "\x1b[31m", "\u202e", "\udcff", "\U0001f600", "a" * 300, "a" * 9_000),
    *("*", "?", "%s", "{sign}_{signer}", "{", "path=a,sign=b", "path=", "=", ",", "0,1,2", "all"),
    *("x:y", "wlasl:", "wlasl:in", "folder:in", "fingerspelling", "fingerspelling:gsg/R", "demo"),
    *("fingerspelling:", _NOTHING, "book", "small"),
)
"""No place outside the folder that the commands run in: they write over what they are given."""


# --- requests ------------------------------------------------------------------------------


class Body(Kind):
    """A body and its content type, as `serve` reads them."""

    @staticmethod
    def prepare(base: Path) -> None:
        frames = miniatures.frames(0)
        for suffix in (".npz", ".parquet"):
            write_clip(Clip(frames[:4], fps=25.0), base / f"clip{suffix}")
        np.save(base / "clip.npy", frames[:4])
        points = [[None if x != x else x for x in point] for point in frames[0].tolist()]
        whole = {"landmarks": [points, points[:4] + [None] * 539]}
        (base / "clip.json").write_text(json.dumps(whole), encoding="utf-8")

    def damaged(self, folder: Path, rng: Generator) -> tuple[bytes, str]:
        whole = self.base / drawn(
            ["clip.json", "clip.json", "clip.npz", "clip.npy", "clip.parquet"], rng
        )
        body, kind = self._content(whole, rng), JSON if whole.suffix == ".json" else BINARY[0]
        if rng.random() < 0.25:
            body, kind = _in_a_form(body, rng)
        if rng.random() < 0.1:
            kind = drawn(
                [*BINARY, JSON, FORM, "", "text/plain", "a" * 5000, f"{FORM}; boundary="], rng
            )
        return body, kind

    def _content(self, whole: Path, rng: Generator) -> bytes:
        content = whole.read_bytes()
        if whole.suffix == ".json" and rng.random() < 0.7:
            return mutate_json(json.loads(content), rng).encode("utf-8", "surrogatepass")
        if whole.suffix == ".npz" and rng.random() < 0.5:
            file = io.BytesIO()
            with zipfile.ZipFile(whole) as before, zipfile.ZipFile(file, "w") as after:
                for name in before.namelist():
                    after.writestr(name, mutate(before.read(name), rng))
            return file.getvalue()
        return mutate(content, rng)

    def read(self, given: tuple[bytes, str]) -> str:
        clip = decode(*given, MAX_FRAMES)
        return wrong_clip(clip) or ("" if len(clip.frames) <= MAX_FRAMES else "too many frames")


def _in_a_form(body: bytes, rng: Generator) -> tuple[bytes, Any]:
    head = b'--x\r\nContent-Disposition: form-data; name="clip"; filename="a.npz"\r\n\r\n'
    whole = head + body + b"\r\n--x--\r\n"
    return (mutate(whole, rng) if rng.random() < 0.5 else whole), f"{FORM}; boundary=x"


TALK: dict[str, type[Kind]] = {"command line": CommandLine, "request body": Body}
