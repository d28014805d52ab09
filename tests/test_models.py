"""`signlet models`: the bundle for MediaPipe 1.x, made of the models of MediaPipe 0.10.21."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from signlet.cli import main
from signlet.errors import SignletError
from signlet.video import extractors
from signlet.video.bundle import make, source
from signlet.video.bundle.make import bundle_path, known_bundle, whole, write_bundle
from signlet.video.bundle.source import MODELS, VERSION, read_models
from signlet.video.extractors import Choice, identity, label

INSTALLED = source.installed()
old = pytest.mark.skipif(not INSTALLED, reason=f"mediapipe {VERSION} with its models is not here")


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, without models too."""
    monkeypatch.setenv("SIGNLET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The part of MediaPipe's package that holds the models; else the package from the index."""
    if not INSTALLED:
        try:
            return source.download(tmp_path_factory.mktemp("download"))
        except SignletError as error:
            pytest.skip(str(error))
    path = tmp_path_factory.mktemp("wheel") / f"mediapipe-{VERSION}-cp311-cp311-any.whl"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name in MODELS:
            member = f"mediapipe/modules/{name}"
            archive.write(str(distribution("mediapipe").locate_file(member)), member)
    return path


@pytest.fixture(scope="module")
def bundle(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("bundle") / "a.task"
    write_bundle(path, read_models(wheel))
    return path.read_bytes()


def models(*arguments: str | Path) -> int:
    return main(["models", *map(str, arguments)])


# --- making it ---------------------------------------------------------------------------
@old
def test_the_command_makes_it_once(
    cached: Path, capsys: pytest.CaptureFixture[str], bundle: bytes
) -> None:
    assert models() == 0
    assert capsys.readouterr().out.startswith(f"{bundle_path()}: written")
    assert bundle_path().parent == cached / "models"
    assert bundle_path().read_bytes() == bundle, "from the package, as from its wheel"
    made = bundle_path().stat().st_mtime_ns
    assert models() == 0
    assert "exists already" in capsys.readouterr().out
    assert bundle_path().stat().st_mtime_ns == made


@pytest.mark.parametrize("damage", ["empty", "cut", "changed", "less", "no archive"])
def test_a_damaged_one_is_made_again(cached: Path, wheel: Path, bundle: bytes, damage: str) -> None:
    path = bundle_path()
    path.parent.mkdir(parents=True)
    content = bytearray(bundle)
    content[len(content) // 2] ^= 255
    damaged = {"empty": b"", "cut": bundle[:-4000], "changed": bytes(content), "no archive": b"x"}
    path.write_bytes(damaged.get(damage, b""))
    if damage == "less":
        with ZipFile(path, "w") as archive:
            archive.writestr("pose_detector.tflite", b"x")
    assert not whole(path)
    with pytest.raises(SignletError, match="is damaged; make them once with: signlet models"):
        known_bundle()
    assert models("--wheel", wheel) == 0
    assert path.read_bytes() == bundle
    assert [file.name for file in path.parent.iterdir()] == [path.name], "nothing is left behind"


def test_the_bundle_holds_what_mediapipe_looks_for(bundle: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.task").write_bytes(bundle)
    with ZipFile(tmp_path / "a.task") as archive:
        assert len(archive.namelist()) == 7
        for info in archive.infolist():
            content = archive.read(info)
            assert content[4:8] == b"TFL3"
            assert info.compress_type == 0, "MediaPipe reads what is stored as it is"
            assert (b"TFLITE_METADATA" in content) == (info.filename != "face_blendshapes.tflite")


def test_no_network_is_one_line(
    cached: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(source, "installed", lambda: False)
    monkeypatch.setattr("signlet.cli.models.installed", lambda: False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(cached))
    assert models() == 2
    out, said = capfd.readouterr()
    assert "downloading" in out
    assert said.count("\n") == 1
    assert "could not be downloaded from the package index" in said
    assert "signlet models --wheel FILE" in said
    assert not bundle_path().exists()


def test_without_pip_it_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", sys.executable)
    run = source.run_minded

    def no_pip(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        return run([command[0], "-c", "import no_such_pip"])

    monkeypatch.setattr(source, "run_minded", no_pip)
    with pytest.raises(SignletError, match="No module named 'no_such_pip'"):
        source.download(tmp_path)


def test_the_download_asks_pip_for_one_file_and_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def pip(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        asked.extend(command)
        (tmp_path / "mediapipe.whl").touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(source, "run_minded", pip)
    assert source.download(tmp_path) == tmp_path / "mediapipe.whl"
    assert {"download", "--no-deps", f"mediapipe=={VERSION}"} <= set(asked)
    assert not [word for word in asked if "://" in word or "index" in word]


# --- a file that is none -----------------------------------------------------------------
def _text(path: Path, wheel: Path) -> None:
    path.write_text("no wheel")


def _empty(path: Path, wheel: Path) -> None:
    path.touch()


def _cut(path: Path, wheel: Path) -> None:
    path.write_bytes(wheel.read_bytes()[:-1000])


def _other(path: Path, wheel: Path) -> None:
    with ZipFile(path, "w") as archive:
        archive.writestr("mediapipe/__init__.py", "")


def _altered(path: Path, wheel: Path) -> None:
    with ZipFile(wheel) as good, ZipFile(path, "w") as archive:
        for name in good.namelist():
            archive.writestr(name, good.read(name)[:-1] + b"!")


def _flipped(path: Path, wheel: Path) -> None:
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [_text, _empty, _cut, _other, _altered, _flipped])
def test_a_wheel_that_is_none_is_refused(
    cached: Path, tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str], spoil: object
) -> None:
    path = tmp_path / "mediapipe.whl"
    spoil(path, wheel)  # type: ignore[operator]
    assert models("--wheel", path) == 2
    said = capsys.readouterr().err
    assert str(path) in said
    assert f"mediapipe=={VERSION}" in said
    assert said.count("\n") == 1
    assert not bundle_path().exists()


@pytest.mark.parametrize("name", ["none.whl", "."])
def test_a_wheel_that_is_not_there_is_named(
    cached: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert models("--wheel", tmp_path / name) == 2
    assert "there is no such file" in capsys.readouterr().err


@old
def test_a_cache_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SIGNLET_CACHE", str(tmp_path / "file"))
    assert models() == 2
    assert "cannot be written" in capsys.readouterr().err


# --- which extractor ---------------------------------------------------------------------
@pytest.fixture
def mediapipe(monkeypatch: pytest.MonkeyPatch) -> object:
    """Call with a version: as if that MediaPipe were installed; None for none."""

    def is_installed(number: str | None) -> None:
        def version(name: str) -> str:
            if number is None:
                raise PackageNotFoundError(name)
            return number

        monkeypatch.setattr(extractors, "version", version)
        identity.cache_clear()

    yield is_installed
    identity.cache_clear()


@pytest.mark.parametrize("number", ["0.10.21", "0.10.14"])
def test_the_old_mediapipe_is_holistic(mediapipe, number: str) -> None:  # type: ignore[no-untyped-def]
    mediapipe(number)
    assert Choice().resolved() == Choice("holistic")
    assert label(Choice()) == f"mediapipe-holistic {number}"
    assert identity(Choice()) == identity(Choice("holistic"))
    with pytest.raises(SignletError, match=rf"tasks needs MediaPipe 1\.x, and {number}"):
        Choice("tasks").resolved()


@pytest.mark.parametrize("number", ["1.2.3", "0.10.35", "1.0.0rc1", "2.0"])
def test_the_new_mediapipe_is_tasks(  # type: ignore[no-untyped-def]
    mediapipe, cached: Path, bundle: bytes, number: str
) -> None:
    mediapipe(number)
    with pytest.raises(
        SignletError, match="comes without models; make them once with: signlet models"
    ):
        Choice().resolved()
    bundle_path().parent.mkdir(parents=True)
    bundle_path().write_bytes(bundle)
    assert Choice().resolved() == Choice("tasks", bundle_path())
    assert label(Choice()) == f"mediapipe-tasks-holistic {number}"
    assert identity(Choice()) == identity(Choice("tasks"))
    with pytest.raises(SignletError, match=rf"holistic needs MediaPipe 0\.10\.21, and {number}"):
        Choice("holistic").resolved()


def test_what_is_cached_names_extractor_version_and_models(  # type: ignore[no-untyped-def]
    mediapipe, cached: Path, bundle: bytes, tmp_path: Path
) -> None:
    seen = []
    bundle_path().parent.mkdir(parents=True)
    bundle_path().write_bytes(bundle)
    other = tmp_path / "other.task"
    with ZipFile(other, "w") as archive:
        archive.writestr("pose_detector.tflite", b"another")
    for number, choice in [
        ("0.10.21", Choice()),
        ("0.10.20", Choice()),
        ("1.2.3", Choice()),
        ("1.2.2", Choice()),
        ("1.2.3", Choice("tasks", other)),
    ]:
        mediapipe(number)
        seen.append(identity(choice))
        assert number in seen[-1]
    assert len(set(seen)) == len(seen)


def test_without_mediapipe_the_extra_is_named(mediapipe) -> None:  # type: ignore[no-untyped-def]
    mediapipe(None)
    for ask in (Choice().resolved, lambda: label(Choice()), lambda: identity(Choice())):
        with pytest.raises(SignletError, match="needs the extra video"):
            ask()


def test_the_format_is_in_the_name_of_the_file() -> None:
    assert bundle_path().name == f"holistic-{VERSION}-{make._FORMAT}.task"
