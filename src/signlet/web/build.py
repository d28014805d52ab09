"""Build the live page: a folder of static files that any server can serve."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from signlet.errors import SignletError
from signlet.landmarks import EDGES, SCHEMA
from signlet.pretrained import model_path
from signlet.recognition.recogniser import Recogniser
from signlet.running.lock import only_one_file
from signlet.running.temporary import temporary_folder
from signlet.version import __version__
from signlet.web.libraries import WEB, node_modules

MARK = "site.json"
"""Names the model; a folder that holds it was built here and may be replaced."""
_BUSY = "another command is building a page there; wait for it, or choose another place"
MODEL = "model.onnx"
FORMAT = 1
_FOLDERS = ("clips", "live", "model", "page", "stream", "teach")
_SOURCES = ("*.html", "*.css", "*.svg", "*.js", *(f"{folder}/*.js" for folder in _FOLDERS))
_MEDIAPIPE = (
    "holistic.js",
    "holistic.binarypb",
    "holistic_solution_packed_assets.data",
    "holistic_solution_packed_assets_loader.js",
    "holistic_solution_simd_wasm_bin.js",
    "holistic_solution_simd_wasm_bin.wasm",
    "pose_landmark_full.tflite",
)
"""The files that `modelComplexity: 1` needs. A browser without SIMD has no onnxruntime either."""
_ONNXRUNTIME = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
_BARE, _NAMED = '"onnxruntime-web/wasm"', '"../onnxruntime/ort.wasm.bundle.min.mjs"'


def build_site(
    out: Path, model: str | Path, said: Callable[[str], None] = lambda _: None
) -> tuple[Path, int]:
    """Build the page with one model into a folder, which appears whole or not at all.

    out: absent, empty, or a page that was built before, which is replaced.
    model: an exported `.onnx`, or the name of one that comes with signlet.
    said: called with a line for each step.
    Returns the folder and the bytes in it.
    Raises SignletError if the model is missing, npm is missing or `out` cannot be written.
    """
    out = out if out.name else Path(os.path.abspath(out))  # "." cannot be renamed
    _require_ours(out)
    path = _checked_model(model)
    said("looking for the page's libraries (the first build installs them with npm)")
    libraries = node_modules()
    try:
        with only_one_file(out, _BUSY), temporary_folder(out.parent, f".{out.name}") as beside:
            said("copying")
            site = beside / out.name
            site.mkdir(mode=0o755)
            _fill(site, libraries, path)
            _replace(out, site)
    except OSError as error:
        raise SignletError(
            f"{out}: cannot be written ({error.strerror or error}); free space or choose "
            "another place"
        ) from None
    return out, sum(file.stat().st_size for file in out.rglob("*") if file.is_file())


def _require_ours(out: Path) -> None:
    if not os.path.lexists(out):
        return
    if not out.is_dir() or out.is_symlink():
        raise SignletError(f"{out}: is not a folder; choose another place for the page")
    if any(out.iterdir()) and not (out / MARK).is_file():
        raise SignletError(
            f"{out}: holds files that are not a page of signlet, which would be lost; "
            "choose an empty or new folder"
        )


def _checked_model(model: str | Path) -> Path:
    path = model_path(model)
    if path.suffix.lower() != ".onnx":
        raise SignletError(
            f"{model}: the page runs .onnx files; write one with signlet export RUN -o DIR"
        )
    Recogniser.load(path, threads=1)
    return path


def _fill(site: Path, libraries: Path, model: Path) -> None:
    for pattern in _SOURCES:
        for source in sorted(WEB.glob(pattern)):
            target = site / source.relative_to(WEB)
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, target)
    shutil.copyfile(str(files("signlet") / "report" / "base.css"), site / "base.css")
    _copy(libraries / "@mediapipe" / "holistic", _MEDIAPIPE, site / "mediapipe")
    _copy(libraries / "onnxruntime-web" / "dist", _ONNXRUNTIME, site / "onnxruntime")
    shutil.copyfile(model, site / MODEL)
    _write(site / "page" / "layout.js", layout())
    recognise = site / "model" / "recognise.js"
    _write(recognise, _named(recognise.read_text(encoding="utf-8")))
    about = {"format": FORMAT, "signlet": __version__, "model": MODEL, "name": model.name}
    _write(site / MARK, json.dumps(about, ensure_ascii=False) + "\n")


def layout() -> str:
    """The module page/layout.js: the lines of a skeleton, out of `signlet.landmarks`."""
    edges = {part: pairs.tolist() for part, pairs in EDGES.items()}
    lines = (f"  {part}: {json.dumps(pairs)},\n" for part, pairs in edges.items())
    return (
        f"// Written by signlet {__version__}: points to join in {SCHEMA}.\n"
        f"export const EDGES = {{\n{''.join(lines)}}};\n"
    )


def _named(code: str) -> str:
    """Import maps do not reach workers, so the library is named by its place."""
    if code.count(_BARE) != 1:
        raise AssertionError(f"recognise.js no longer imports {_BARE}")
    return code.replace(_BARE, _NAMED)


def _copy(source: Path, names: tuple[str, ...], target: Path) -> None:
    target.mkdir()
    for name in names:
        shutil.copyfile(source / name, target / name)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _replace(out: Path, built: Path) -> None:
    """Rename over the existing folder: a server never sees half a page for long."""
    if not out.exists():
        os.rename(built, out)
        return
    old = built.with_name(f"{built.name}-old")
    os.rename(out, old)
    try:
        os.rename(built, out)
    except OSError:
        os.rename(old, out)
        raise
    shutil.rmtree(old, ignore_errors=True)
