"""`model.tflite`: equal to torch for any clip, one self-describing file, refused when damaged."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from signlet.calibration import Calibration
from signlet.errors import ClipError, SignletError
from signlet.landmarks import FACE, LEFT_HAND, NUM_RAW, RIGHT_HAND
from signlet.model import ModelConfig, SignModel
from signlet.modelfile import checksum, tflite_file
from signlet.modelfile.averaging import Average
from signlet.modelfile.card import Card
from signlet.preprocess import Preprocess
from signlet.recognition.recogniser import Recogniser
from signlet.runtimes import litert as runtime
from signlet_testing.mutations import mutate, mutate_json

SIGNS = ("circle", "line", "wave", "été", "zwölf")
SHORT, LONG = 6, 40
"""Frames of the short members and of the long one ..."""
SLOTS = (12, 24, LONG)
"""... and of that one's variants."""
AVERAGE = Average("softmax", (1, Average("logits", (0, 2))))


def small_model(max_len: int, seed: int = 0, **switches: Any) -> SignModel:
    """Tiny, with statistics and weights that let every part of it matter."""
    torch.manual_seed(seed)
    config = ModelConfig(
        max_len=max_len,
        num_classes=len(SIGNS),
        dense=16,
        heads=4,
        **{"widths": (32, 40, 40, 32), **switches},
    )
    model = SignModel(config).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, 0, 1.2 / module.in_features**0.5)
    return model


def card_for(models: list[SignModel], average: Average, precision: str = "fp32") -> Card:
    return Card(
        signs=SIGNS,
        max_lens=tuple(model.config.max_len for model in models),
        average=average,
        precision=precision,
        embedding=sum(model.config.widths[3] for model in models),
        licence="CC0-1.0",
        calibration=Calibration(1.5, 0.4, 0.05, 0.9, 0.3, 100, 50),
        about={"recipe": "test"},
    )


def clip(frames: int, seed: int = 0, hands: float = 0.8) -> NDArray[np.float32]:
    """(T, 543, 3) of a moving person; each hand is found in that share of the frames."""
    rng = np.random.default_rng([seed, frames])
    rest = rng.normal(0.5, 0.15, (1, NUM_RAW, 3))
    raw = rest + rng.normal(0, 0.01, (frames, NUM_RAW, 3)).cumsum(0)
    for hand in (LEFT_HAND, RIGHT_HAND):
        raw[rng.random(frames) >= hands, hand] = np.nan
    return raw.astype(np.float32)


def cases() -> dict[str, NDArray[np.float32]]:
    """Clips of all lengths about the limits, and with parts that were not found."""
    limits = [n + more for n in (SHORT, *SLOTS) for more in (-1, 0, 1)]
    clips = {f"{n} frames": clip(n) for n in (1, 2, *limits, 80, 511, 512, 513, 2000)}
    clips |= {f"{n} frames, all kept": clip(n, hands=1) for n in (*limits, 80, 600)}
    clips["no hands"] = clip(15, hands=0)
    clips["no face"] = clip(15)
    clips["no face"][:, FACE] = np.nan
    clips["left hand only"] = clip(15)
    clips["left hand only"][:, RIGHT_HAND] = np.nan
    clips["nothing"] = np.full((9, NUM_RAW, 3), np.nan, np.float32)
    clips["constant"] = clip(1, hands=1).repeat(14, 0)
    return clips


@torch.inference_mode()
def by_torch(
    models: list[SignModel], average: Average, raws: list[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """(B, K) of the models themselves."""
    return average.of([model(*ready(model, raws)).softmax(1).numpy() for model in models])


@torch.inference_mode()
def embedded(models: list[SignModel], raws: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """(B, D) as an embedding is defined."""
    features = [model.features(*ready(model, raws)).numpy() for model in models]
    units = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in features]
    return np.concatenate(units, axis=1) / np.sqrt(len(models))


def ready(model: SignModel, raws: list[NDArray[np.float32]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Frames and masks of clips, each alone."""
    clips = [Preprocess(model.config.max_len)(torch.from_numpy(raw)) for raw in raws]
    frames, masks = zip(*clips, strict=True)
    return torch.stack(frames), torch.stack(masks)


@pytest.fixture(scope="module")
def models() -> list[SignModel]:
    """Two members in one variant, one in three, of different widths and switches."""
    plain = {"disentangled": False, "position_convolutions": False, "centre_parts": False}
    longer = small_model(LONG, 1, widths=(32, 40, 40, 24), prototypes=3, hand_shapes=True)
    return [small_model(SHORT, **plain), longer, small_model(SHORT, 2)]


@pytest.fixture(scope="module")
def exported(
    models: list[SignModel], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """The file of a wished precision; the slow conversion happens once (conftest.py)."""
    pytest.importorskip("litert_torch")
    pytest.importorskip("ai_edge_quantizer")
    from signlet.export import litert

    folder = tmp_path_factory.mktemp("litert")

    def write(precision: str) -> Path:
        path = folder / f"{precision}.tflite"
        if not path.exists():
            litert.write(path, models, AVERAGE, card_for(models, AVERAGE, precision))
        return path

    return write


@pytest.fixture(scope="module")
def bare(models: list[SignModel], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The short member without its embedding."""
    pytest.importorskip("litert_torch")
    from signlet.export import litert

    path, average = tmp_path_factory.mktemp("bare") / "model.tflite", Average.plain(1)
    card = replace(card_for(models[:1], average), embedding=None)
    litert.write(path, models[:1], average, card)
    return path


@pytest.mark.parametrize(("precision", "bound"), [("fp32", 1e-5), ("fp16", 1e-3), ("int8", 0.05)])
def test_equals_torch_for_any_clip(
    exported: Callable[[str], Path], models: list[SignModel], precision: str, bound: float
) -> None:
    clips = cases()
    wanted = by_torch(models, AVERAGE, list(clips.values()))
    given = runtime.load(exported(precision), threads=1).probabilities(list(clips.values()))
    worst = {name: np.abs(w - g).max() for name, w, g in zip(clips, wanted, given, strict=True)}
    assert given.shape == wanted.shape
    assert max(worst.values()) < bound, worst


@pytest.mark.parametrize(("precision", "bound"), [("fp32", 1e-5), ("fp16", 1e-3), ("int8", 0.1)])
def test_embeddings_equal_torch_for_any_clip(
    exported: Callable[[str], Path], models: list[SignModel], precision: str, bound: float
) -> None:
    clips = cases()
    loaded = runtime.load(exported(precision), threads=1)
    probabilities, given = loaded.answers(list(clips.values()))
    apart = np.linalg.norm(given - embedded(models, list(clips.values())), axis=1)
    assert apart.max() < bound, dict(zip(clips, apart, strict=True))
    np.testing.assert_allclose(np.linalg.norm(given, axis=1), 1, atol=1e-5)
    assert (given.dtype, loaded.embedding_size) == (np.float32, 32 + 24 + 32)
    one = list(clips.values())[3:4]
    np.testing.assert_array_equal(loaded.embed(one), given[3:4])
    np.testing.assert_array_equal(loaded.probabilities(one), probabilities[3:4])


def test_without_an_embedding_it_is_the_competition_s_one_input_and_one_output(
    bare: Path, models: list[SignModel]
) -> None:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(bare))
    signatures = interpreter.get_signature_list()
    assert signatures == {"serving_default": {"inputs": ["inputs"], "outputs": ["outputs"]}}
    assert len(interpreter.get_output_details()) == 1
    loaded, raw = runtime.load(bare), clip(30)
    wanted = by_torch(models[:1], Average.plain(1), [raw])
    np.testing.assert_allclose(loaded.probabilities([raw]), wanted, atol=1e-5)
    assert loaded.embedding_size is None
    with pytest.raises(SignletError, match=r"model\.tflite: has no embedding: it was"):
        loaded.embed([raw])


def test_follows_the_contract_of_the_competition(
    exported: Callable[[str], Path], models: list[SignModel]
) -> None:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(exported("fp16")))
    assert list(interpreter.get_signature_list()) == ["serving_default"]
    run = interpreter.get_signature_runner("serving_default")
    for frames in (30, 3, 30, 700):
        raw = clip(frames)
        outputs = run(inputs=raw)["outputs"]  # there is an embedding beside it
        assert outputs.shape == (len(SIGNS),)
        assert outputs.dtype == np.float32
        np.testing.assert_allclose(outputs, by_torch(models, AVERAGE, [raw])[0], atol=1e-3)


def test_variants_share_their_weights(exported: Callable[[str], Path]) -> None:
    from ai_edge_litert import schema_py_generated as schema

    raw = bytearray(exported("fp32").read_bytes())
    model = schema.ModelT.InitFromPackedBuf(raw, 0)
    contents = [bytes(buffer.data) for buffer in model.buffers if buffer.data is not None]
    large = [content for content in contents if len(content) > 1000]
    # main, the short members, the long one three times, and the choice between its last two
    assert len(model.subgraphs) == 1 + 2 + 3 + 1
    assert len(large) == len(set(large))


def test_lower_precision_makes_the_file_smaller(exported: Callable[[str], Path]) -> None:
    sizes = [_weights(exported(precision)) for precision in ("fp32", "fp16", "int8")]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[1] < 0.8 * sizes[0]


def _weights(path: Path) -> int:
    """Bytes of the constants of more than 1,000 bytes; small models are mostly operators."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(bytearray(path.read_bytes()), 0)
    sizes = [len(buffer.data) for buffer in model.buffers if buffer.data is not None]
    return sum(size for size in sizes if size > 1000)


def test_int8_asks_for_a_runtime_that_knows_scales_by_channel(
    exported: Callable[[str], Path],
) -> None:
    from ai_edge_litert import schema_py_generated as schema

    for precision in ("fp16", "int8"):
        raw = bytearray(exported(precision).read_bytes())
        codes = schema.ModelT.InitFromPackedBuf(raw, 0).operatorCodes
        product = schema.BuiltinOperator.FULLY_CONNECTED
        (version,) = (code.version for code in codes if code.builtinCode == product)
        assert (version >= 12) == (precision == "int8")


def test_file_describes_itself(exported: Callable[[str], Path], models: list[SignModel]) -> None:
    path = exported("fp16")
    card = card_for(models, AVERAGE, "fp16")
    assert tflite_file.read_card(path) == card
    loaded = runtime.load(path)
    assert (loaded.signs, loaded.about, loaded.max_frames) == (SIGNS, {"recipe": "test"}, None)
    assert loaded.calibration == card.calibration
    with zipfile.ZipFile(path) as archive:
        assert archive.read("labels.txt").decode().splitlines() == list(SIGNS)


def test_same_parts_give_the_same_file(exported: Callable[[str], Path]) -> None:
    path = exported("fp32")
    before = path.read_bytes()
    path.unlink()
    assert exported("fp32").read_bytes() == before


def test_nothing_is_written_where_it_fails(
    exported: Callable[[str], Path], models: list[SignModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    from signlet.export import litert

    path = exported("fp32")
    before, beside = path.read_bytes(), sorted(path.parent.iterdir())
    monkeypatch.setattr(litert, "_variants", lambda model: [])
    monkeypatch.setattr(litert, "_converted", lambda *_: b"")
    monkeypatch.setattr(litert, "_linked", lambda *_: before)
    monkeypatch.setattr(litert, "append_card", _full_disk)
    with pytest.raises(SignletError, match="cannot be written"):
        litert.write(path, models, AVERAGE, card_for(models, AVERAGE))
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == beside


def _full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


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
