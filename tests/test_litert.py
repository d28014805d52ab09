"""`model.tflite`: equal to torch for any clip, one self-describing file."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.landmarks import FACE, NUM_RAW, RIGHT_HAND
from signlet.model import SignModel
from signlet.modelfile import tflite_file
from signlet.modelfile.averaging import Average
from signlet.preprocess import Preprocess
from signlet.runtimes import litert as runtime
from signlet_testing.litert_files import (
    AVERAGE,
    SHORT,
    SIGNS,
    SLOTS,
    bare,
    card_for,
    clip,
    exported,
    models,
)

__all__ = ["bare", "exported", "models"]


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
