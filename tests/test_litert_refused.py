"""A damaged `model.tflite` is refused in one line; failures of the interpreter are one line."""

from __future__ import annotations

import json
import os
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from signlet.errors import ClipError, SignletError
from signlet.model import SignModel
from signlet.modelfile import checksum, tflite_file
from signlet.modelfile.averaging import Average
from signlet.modelfile.card import Card
from signlet.recognition.recogniser import Recogniser
from signlet.running.silence import only_errors, silent
from signlet.runtimes import litert as runtime
from signlet_testing.litert_files import (
    AVERAGE,
    LONG,
    SHORT,
    SIGNS,
    SLOTS,
    bare,
    card_for,
    clip,
    exported,
    models,
)
from signlet_testing.mutations import mutate, mutate_json

__all__ = ["bare", "exported", "models"]


def damaged(raw: bytes, how: str) -> bytes:
    flipped = bytearray(raw)
    flipped[len(raw) // 3] ^= 0xFF
    return {
        "empty": b"",
        "cut": raw[: len(raw) // 2],
        "only the archive": raw[-2000:],
        "one byte": bytes(flipped),
        "no model": b"PK" + bytes(500),
    }[how]


@pytest.mark.parametrize("how", ["empty", "cut", "only the archive", "one byte", "no model"])
def test_damaged_file_is_refused_in_one_line(
    exported: Callable[[str], Path], tmp_path: Path, how: str
) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(damaged(exported("fp32").read_bytes(), how))
    with pytest.raises(SignletError, match=r"model\.tflite: ") as caught:
        runtime.load(path)
    assert "\n" not in str(caught.value)


def archive_behind(path: Path, model: bytes, entries: dict[str, str]) -> Path:
    """A file with any card; the digest is right unless it is among the entries."""
    path.write_bytes(model)
    digest = checksum.of([model])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, text in ({tflite_file.DIGEST: digest} | entries).items():
            archive.writestr(name, text)
    return path


GOOD = Card(signs=SIGNS, max_lens=(6,), average=Average.plain(1), precision="fp32").as_json()


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({}, "was not exported by signlet"),
        ({tflite_file.CARD: "{"}, "damaged"),
        ({tflite_file.CARD: GOOD, tflite_file.DIGEST: "00"}, "not the one that was written"),
        ({tflite_file.CARD: " " * ((64 << 20) + 1)}, "too large"),
        ({tflite_file.CARD: GOOD.replace('"format": 1', '"format": 9')}, "update signlet"),
        ({tflite_file.CARD: GOOD.replace("signlet-100", "other")}, "made for landmarks"),
    ],
)
def test_hostile_card_is_refused(tmp_path: Path, entries: dict[str, str], reason: str) -> None:
    path = archive_behind(tmp_path / "model.tflite", bytes(100), entries)
    with pytest.raises(SignletError, match=reason):
        tflite_file.read_card(path)


def test_card_without_a_model_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    path = archive_behind(tmp_path / "m.tflite", b"TFL3" * 99, {tflite_file.CARD: GOOD})
    with pytest.raises(SignletError, match=r"m\.tflite: the interpreter cannot read it"):
        runtime.load(path)


def test_card_of_another_model_is_refused(
    exported: Callable[[str], Path], models: list[SignModel], tmp_path: Path
) -> None:
    whole = exported("fp32")
    with zipfile.ZipFile(whole) as archive:
        model = whole.read_bytes()[: archive.infolist()[0].header_offset]
    own = card_for(models, AVERAGE)
    others = [replace(own, embedding=55), replace(own, embedding=None), replace(own, signs=("a",))]
    for other in others:
        path = archive_behind(tmp_path / "m.tflite", model, {tflite_file.CARD: other.as_json()})
        with pytest.raises(SignletError, match="is not a recogniser as signlet exports it"):
            runtime.load(path)


def test_no_flipped_bit_changes_an_answer(bare: Path, tmp_path: Path) -> None:
    whole, raw, path = bare.read_bytes(), clip(12), tmp_path / "m.tflite"
    wanted, rng, refused = runtime.load(bare).probabilities([raw]), np.random.default_rng(4), 0
    for _ in range(120):
        changed = bytearray(whole)
        changed[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            said = runtime.load(path).probabilities([raw])
        except SignletError:
            refused += 1
        else:
            np.testing.assert_array_equal(said, wanted)
    assert refused > 110


def test_damage_under_a_right_digest_is_refused_or_answered(bare: Path, tmp_path: Path) -> None:
    """As of somebody who changes a file and writes its digest anew."""
    pytest.importorskip("ai_edge_litert")
    whole = bare.read_bytes()
    with zipfile.ZipFile(bare) as archive:
        card = archive.read(tflite_file.CARD).decode()
        model = whole[: archive.infolist()[0].header_offset]
    refused = 0
    for seed in range(60):
        changed = mutate(model, np.random.default_rng(seed))
        path = archive_behind(tmp_path / f"{seed}.tflite", changed, {tflite_file.CARD: card})
        try:
            said = Recogniser(runtime.load(path))(clip(12))
        except SignletError as error:
            refused += str(error).count("\n") == 0
        else:
            assert said.probabilities.sum() == pytest.approx(1, abs=0.02)
            refused += 1
    assert refused == 60


def test_cards_under_a_right_digest_are_refused_or_read(bare: Path, tmp_path: Path) -> None:
    whole = bare.read_bytes()
    with zipfile.ZipFile(bare) as archive:
        card = json.loads(archive.read(tflite_file.CARD))
        model = whole[: archive.infolist()[0].header_offset]
    found = Counter[bool]()
    for seed in range(60):
        text = mutate_json(card, np.random.default_rng(seed))
        path = tmp_path / "m.tflite"
        archive_behind(path, model, {tflite_file.CARD: text.encode(errors="replace").decode()})
        try:
            runtime.load(path)
        except SignletError as error:
            found[True] += str(error).count("\n") == 0
        else:
            found[False] += 1
    assert found.total() == 60
    assert min(found.values()) > 0


def test_archives_that_cannot_be_are_refused(bare: Path, tmp_path: Path) -> None:
    whole, path = bare.read_bytes(), tmp_path / "m.tflite"
    end = whole.rindex(b"PK\5\6")
    for seed in range(150):
        rng = np.random.default_rng(seed)
        path.write_bytes(whole[: end - 300] + mutate(whole[end - 300 :], rng))
        try:
            tflite_file.read_card(path)
        except SignletError as error:
            said = str(error)
        else:
            said = f"{path}: is read"
        assert said.startswith(f"{path}: ")
        assert "\n" not in said


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SignletError, match=r"none\.tflite: cannot be read"):
        tflite_file.read_card(tmp_path / "none.tflite")


def test_without_an_interpreter_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive_behind(tmp_path / "m.tflite", bytes(9), {tflite_file.CARD: GOOD})
    monkeypatch.setattr(runtime, "_LIBRARIES", ("no_such_interpreter",))
    with pytest.raises(SignletError, match="needs the extra litert"):
        runtime.load(path)


class _Interpreter:
    """Says nothing but the first sign."""

    def get_signature_runner(self, name: str) -> Callable[..., dict[str, NDArray[np.float32]]]:
        return lambda inputs: {"outputs": np.eye(len(SIGNS), dtype=np.float32)[0]}


def test_clip_beyond_the_limit_of_the_card_is_refused_with_a_remedy() -> None:
    card = Card(
        signs=SIGNS,
        max_lens=(6,),
        average=Average.plain(1),
        precision="fp32",
        max_frames=100,
    )
    loaded = runtime.LitertRuntime(_Interpreter(), card, Path("m.tflite"))
    assert loaded.probabilities([clip(100), clip(1)]).shape == (2, len(SIGNS))
    with pytest.raises(ClipError, match=r"201 frames, .* at most 100; .* one frame in 3"):
        loaded.probabilities([clip(201)])


def test_what_the_library_tells_of_itself_is_not_printed_but_its_errors_are(
    capfd: pytest.CaptureFixture[str],
) -> None:
    class Talks(_Interpreter):
        def get_signature_runner(self, name: str) -> Callable[..., dict[str, NDArray[np.float32]]]:
            def run(inputs: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
                os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
                os.write(2, b"ERROR: no memory\nI0000 00:00:1 port.cc:1] all is well\n")
                return super_run(inputs)

            super_run = super().get_signature_runner(name)
            return run

    card = Card(signs=SIGNS, max_lens=(6,), average=Average.plain(1), precision="fp32")
    loaded = runtime.LitertRuntime(Talks(), card, Path("m.tflite"))
    assert loaded.probabilities([clip(3)]).shape == (1, len(SIGNS))
    assert capfd.readouterr() == ("", "ERROR: no memory\n")


def test_a_silent_part_within_drops_nothing_of_what_comes_after(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with only_errors():
        os.write(2, b"ERROR: before\n")
        with silent():
            os.write(2, b"WARNING: within\n")
        os.write(2, b"INFO: still within\n")
    os.write(2, b"INFO: after\n")
    assert capfd.readouterr() == ("", "ERROR: before\nINFO: after\n")


def test_without_a_place_for_temporary_files_all_is_printed(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_there() -> Any:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.TemporaryFile", none_there)
    with only_errors():
        os.write(2, b"INFO: within\n")
    assert capfd.readouterr() == ("", "INFO: within\n")


@pytest.mark.parametrize("error", [ValueError("one\ntwo"), RuntimeError(""), MemoryError()])
def test_whatever_the_interpreter_raises_is_one_line(error: Exception) -> None:
    class Fails(_Interpreter):
        def get_signature_runner(self, name: str) -> Callable[..., dict[str, NDArray[np.float32]]]:
            def run(inputs: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
                raise error

            return run

    card = Card(signs=SIGNS, max_lens=(6,), average=Average.plain(1), precision="fp32")
    loaded = runtime.LitertRuntime(Fails(), card, Path("m.tflite"))
    with pytest.raises(SignletError, match=r"^m\.tflite: cannot be run \([^)]") as refused:
        loaded.probabilities([clip(3)])
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"outputs": np.ones(4, np.float32)},
        {"outputs": np.ones((1, 5), np.float32)},
        {"outputs": np.ones(5)},
        {"outputs": None},
    ],
)
def test_an_answer_of_another_shape_is_refused(said: dict[str, Any]) -> None:
    class Odd(_Interpreter):
        def get_signature_runner(self, name: str) -> Callable[..., dict[str, Any]]:
            return lambda inputs: said

    card = Card(signs=SIGNS, max_lens=(6,), average=Average.plain(1), precision="fp32")
    loaded = runtime.LitertRuntime(Odd(), card, Path("m.tflite"))
    with pytest.raises(SignletError, match=r"m\.tflite: (answers|cannot be run)"):
        loaded.probabilities([clip(3)])


def test_no_clips_give_no_answers() -> None:
    card = Card(signs=SIGNS, max_lens=(6,), average=Average.plain(1), precision="fp32")
    loaded = runtime.LitertRuntime(_Interpreter(), replace(card, embedding=7), Path("m.tflite"))
    assert loaded.probabilities([]).shape == (0, len(SIGNS))
    assert loaded.embed([]).shape == (0, 7)


@pytest.mark.parametrize("max_len", [2, 25, 32, 33, 80, 384, 8192])
def test_variants_cover_all_lengths(max_len: int) -> None:
    pytest.importorskip("torch")
    from signlet.export.litert import slots

    found = slots(max_len)
    assert found == sorted(set(found))
    assert found[-1] == max_len


def test_a_long_member_has_three_variants() -> None:
    pytest.importorskip("torch")
    from signlet.export.litert import slots

    assert (slots(SHORT), slots(LONG)) == ([SHORT], list(SLOTS))
