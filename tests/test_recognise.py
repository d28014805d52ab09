"""A model file in, probabilities out; damaged and hostile files are refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

import signlet
from signlet import ClipError, SignletError
from signlet.cli import main
from signlet.evaluation.predict import predict
from signlet.meaning import Change
from signlet.model import ModelConfig, SignModel
from signlet.model.files import CONFIG, WEIGHTS, ModelFile, load_model, save_model
from signlet.modelfile.averaging import Average
from signlet.pack import PackedSet
from signlet.preprocess import Preprocess
from signlet.recognition.recogniser import Prediction, Recogniser
from signlet.runtimes.torch import TorchRuntime
from signlet.sources import read_named
from signlet_testing.clips import moving_hand

SIGNS = ("circle", "line", "wave")
CONFIGURATION = ModelConfig(dense=8, widths=(16, 16, 16, 16), heads=4, max_len=12, num_classes=3)


def trained(seed: int = 0) -> SignModel:
    torch.manual_seed(seed)
    return SignModel(CONFIGURATION).eval()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path / "model", [trained()], SIGNS, {"recipe": "tiny"})
    return tmp_path / "model"


def test_the_answer_is_softmax_of_the_model(folder: Path) -> None:
    clip = moving_hand(1, 0, 0)
    frames, mask = Preprocess(12)(torch.from_numpy(clip))
    with torch.no_grad():
        expected = trained()(frames[None], mask[None]).softmax(1)[0].numpy()
    said = signlet.load(folder)(clip)
    assert np.allclose(said.probabilities, expected, atol=1e-6)
    best = said.top(2)
    assert best[0][0] == said.sign == SIGNS[int(expected.argmax())]
    assert best[0][1] >= best[1][1]
    assert len(said.top(5)) == 3


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_paths_and_arrays_give_the_same(folder: Path, tmp_path: Path, suffix: str) -> None:
    clip, path = moving_hand(2, 1, 1), tmp_path / f"clip{suffix}"
    np.savez(path, landmarks=clip) if suffix == ".npz" else np.save(path, clip)
    recogniser = signlet.load(folder)
    expected = recogniser(clip).probabilities
    for form in (path, str(path), signlet.Clip.from_array(clip), clip.astype(np.float64)):
        assert np.allclose(recogniser(form).probabilities, expected, atol=1e-6)


def test_batches_and_their_order_change_nothing(folder: Path) -> None:
    recogniser = signlet.load(folder)
    clips = [moving_hand(i % 3, i, 7 * i) for i in range(5)]
    alone = [recogniser(clip).probabilities for clip in clips]
    together = [said.probabilities for said in recogniser.batch(clips)]
    backwards = [said.probabilities for said in recogniser.batch(clips[::-1])][::-1]
    assert np.allclose(alone, together, atol=1e-5)
    assert np.allclose(alone, backwards, atol=1e-5)
    assert recogniser.batch([]) == []


def test_padding_before_and_behind_the_sign_changes_nothing(folder: Path) -> None:
    clip = moving_hand(0, 1, 0)
    nothing = np.full((9, 543, 3), np.nan, np.float32)
    recogniser = signlet.load(folder)
    padded = recogniser(np.concatenate([nothing, clip, nothing])).probabilities
    assert np.allclose(padded, recogniser(clip).probabilities, atol=1e-5)


def test_an_embedding_is_the_features_at_length_1(folder: Path) -> None:
    clip = moving_hand(1, 0, 0)
    frames, mask = Preprocess(12)(torch.from_numpy(clip))
    with torch.no_grad():
        features = trained().features(frames[None], mask[None])[0].numpy()
    recogniser = signlet.load(folder)
    said = recogniser.embed(clip)
    assert said.dtype == np.float32
    assert said.shape == (recogniser.embedding_size,) == (16,)
    assert np.allclose(said, features / np.linalg.norm(features), atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(before=st.integers(0, 30), behind=st.integers(0, 30), seed=st.integers(0, 50))
def test_no_padding_and_no_batch_changes_an_embedding(before: int, behind: int, seed: int) -> None:
    recogniser = Recogniser(TorchRuntime(ModelFile(SIGNS, (trained(),), Average.plain(1))))
    clip, other = moving_hand(seed % 3, seed, seed), moving_hand(0, 1, 0)
    padding = [np.full((count, 543, 3), np.nan, np.float32) for count in (before, behind)]
    padded = np.concatenate([padding[0], clip, padding[1]])
    together = recogniser.embed_batch([other, padded, clip])
    assert np.allclose(together[1:], recogniser.embed(clip), atol=1e-5)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert recogniser.embed_batch([]).shape == (0, 16)


def test_packed_and_raw_clips_get_the_same_probabilities(
    folder: Path, tiny_packed: PackedSet
) -> None:
    rows = torch.arange(len(tiny_packed.names))
    together = predict(load_model(folder).members[0], tiny_packed, rows, batch_size=7)
    one = predict(load_model(folder).members[0], tiny_packed, rows, batch_size=1)
    raw = signlet.load(folder)(moving_hand(0, 0, 0)).probabilities
    assert torch.allclose(together, one, atol=1e-5)
    assert np.allclose(together[tiny_packed.names.index("circle/s0_0")], raw, atol=1e-5)


def test_members_are_averaged(tmp_path: Path) -> None:
    save_model(tmp_path / "both", [trained(0), trained(1)], SIGNS, {})
    for seed in (0, 1):
        save_model(tmp_path / str(seed), [trained(seed)], SIGNS, {})
    clip = moving_hand(1, 2, 0)
    both, one, two = (
        signlet.load(tmp_path / name)(clip).probabilities for name in ("both", "0", "1")
    )
    assert np.allclose(both, (one + two) / 2, atol=1e-6)


@pytest.mark.parametrize("frames", [1, 2, 5000])
def test_any_length(folder: Path, frames: int) -> None:
    clip = np.resize(moving_hand(0, 0, 0), (frames, 543, 3))
    assert signlet.load(folder)(clip).probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_a_clip_without_hands_is_still_read(folder: Path) -> None:
    clip = moving_hand(0, 0, 0)
    clip[:, 468:489] = clip[:, 522:] = np.nan
    assert np.isfinite(signlet.load(folder)(clip).probabilities).all()


@pytest.mark.parametrize(
    ("clip", "words"),
    [
        (np.full((3, 543, 3), np.nan), "no landmark"),
        (np.full((3, 543, 3), np.inf), "infinite"),
        (np.zeros((0, 543, 3)), "0 frames"),
        (np.zeros((3, 542, 3)), "shape"),
        (np.array([["a"]]), "type"),
    ],
)
def test_unusable_clips_are_named(folder: Path, clip: np.ndarray, words: str) -> None:
    recogniser = signlet.load(folder)
    for ask in (recogniser, recogniser.embed):
        with pytest.raises(ClipError, match=words) as error:
            ask(clip)
        assert "\n" not in str(error.value)


def test_missing_files_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SignletError, match=CONFIG):
        signlet.load(tmp_path / "nowhere")
    (folder / WEIGHTS).unlink()
    with pytest.raises(SignletError, match=WEIGHTS):
        signlet.load(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "format"),
        ({"landmarks": "openpose"}, "landmarks"),
        ({"signs": "abc"}, "signs"),
        ({"signs": ["a", "b"]}, "sizes"),
        ({"signs": [1, 2, 3]}, "signs"),
        ({"members": []}, "members"),
        ({"members": [{"model": {"dense": 10**9}, "preprocess": {"max_len": 12}}]}, "member"),
        ({"members": [{"model": {"bad": 1}, "preprocess": {}}]}, "member"),
        ({"members": [7]}, "member"),
    ],
)
def test_configurations_that_do_not_fit_are_refused(
    folder: Path, change: dict[str, object], words: str
) -> None:
    path = folder / CONFIG
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(SignletError, match=words):
        signlet.load(folder)


def test_a_mismatched_preprocessing_is_refused(folder: Path) -> None:
    path = folder / CONFIG
    config = json.loads(path.read_text())
    config["members"][0]["preprocess"]["max_len"] = 25
    path.write_text(json.dumps(config))
    with pytest.raises(SignletError, match="contradict"):
        signlet.load(folder)


def without_checksum(folder: Path) -> None:
    """As an older signlet wrote it."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    del config["sha256"]
    (folder / CONFIG).write_text(json.dumps(config), encoding="utf-8")


def test_weights_of_another_size_or_not_finite_are_refused(folder: Path) -> None:
    without_checksum(folder)
    tensors = load_file(folder / WEIGHTS)
    save_file({**tensors, "0.logits.bias": torch.full((3,), float("nan"))}, folder / WEIGHTS)
    with pytest.raises(SignletError, match="finite"):
        signlet.load(folder)
    save_file({**tensors, "0.logits.bias": torch.zeros(4)}, folder / WEIGHTS)
    with pytest.raises(SignletError, match="do not fit"):
        signlet.load(folder)


@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=400), name=st.sampled_from([WEIGHTS, CONFIG]))
def test_hostile_files_give_one_line(
    data: bytes, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    save_model(folder, [trained()], SIGNS, {})
    (folder / name).write_bytes(data)
    with pytest.raises(SignletError) as error:
        signlet.load(folder)
    assert str(folder) in str(error.value)


# --- the command --------------------------------------------------------------------------


@pytest.fixture
def clip(tmp_path: Path) -> str:
    np.savez(tmp_path / "clip.npz", landmarks=moving_hand(1, 0, 0), fps=25.0)
    return str(tmp_path / "clip.npz")


def test_the_first_argument_is_a_model_unless_it_is_a_clip() -> None:
    from signlet.cli.recognise import _split

    assert _split(["clip.MP4", "b.pose"]) == (None, ["clip.MP4", "b.pose"])
    assert _split(["fingerspelling:ase/A"]) == (None, ["fingerspelling:ase/A"])
    assert _split(["fingerspelling", "a.mov"]) == ("fingerspelling", ["a.mov"])
    assert _split(["runs/mine", "a.npz", "b.npz"]) == ("runs/mine", ["a.npz", "b.npz"])
    assert _split(["nowhere.onnx", "a.npz"]) == ("nowhere.onnx", ["a.npz"])


@pytest.mark.parametrize("first", ["clips", "notes.txt", "model.onnx"])
def test_a_model_without_a_clip_or_no_clip_at_all_is_one_line(
    first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recognise", first]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"signlet: {first}: there is no such file or folder")


def test_a_long_recording_is_pointed_to_live(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = tmp_path / "many signs.npz"
    np.savez(long, landmarks=np.resize(moving_hand(0, 0, 0), (200, 543, 3)), fps=25.0)
    assert main(["recognise", str(folder), str(long)]) == 0
    told = capsys.readouterr()
    assert "is 8 s long" in told.err
    assert f"signlet live '{long}'" in told.err
    assert "  do not trust this answer: is 8 s long and was taken as one sign\n" in told.out


def test_the_answer_itself_says_that_numbers_mean_something_else(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    letter = read_named("fingerspelling:ase/A").frames
    np.savez(tmp_path / "good.npz", landmarks=letter, fps=25.0)
    np.savez(tmp_path / "swapped.npz", landmarks=Change(swap_hands=True)(letter), fps=25.0)
    np.savez(tmp_path / "middle.npz", landmarks=2 * letter - 1, fps=25.0)
    for name, remark in (
        ("good", ""),
        ("middle", ""),  # which does no harm
        ("swapped", "left and right hand are swapped (each is at the other wrist of the pose)"),
    ):
        assert main(["recognise", str(folder), str(tmp_path / f"{name}.npz")]) == 0
        second = capsys.readouterr().out.splitlines()[1]
        assert remark in second
        assert ("do not trust this answer" in second) == bool(remark)


@pytest.mark.parametrize(
    ("sure", "asked", "none", "words"),
    [
        (0.981, 0.989, 0.0, "98.1 % sure of yes, below the 98.9 % that it asks for"),
        (0.98877, 0.98889, 0.0, "98.88 % sure of yes, below the 98.89 % that it asks for"),
        (0.3, 0.0, 0.6, "60.0 % sure of that"),
    ],
)
def test_the_answer_none_gives_its_reason(
    folder: Path,
    clip: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    sure: float,
    asked: float,
    none: float,
    words: str,
) -> None:
    said = Prediction(("yes", "no"), np.float32([sure, 1 - sure - none]), asked, none)
    monkeypatch.setattr(Recogniser, "batch", lambda self, clips: [said])
    assert main(["recognise", str(folder), clip]) == 0
    assert f"  none of the signs ({words}); the nearest:\n" in capsys.readouterr().out


def test_a_short_recording_is_not(
    folder: Path, clip: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recognise", str(folder), clip]) == 0
    assert capsys.readouterr().err == ""


def test_an_overlay_is_a_video_of_the_clip(
    folder: Path, clip: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    av = pytest.importorskip("av")
    pytest.importorskip("cv2")
    out = tmp_path / "seen.mp4"
    assert main(["recognise", str(folder), clip, "--overlay", str(out)]) == 0
    with av.open(str(out)) as container:
        assert sum(1 for _ in container.decode(video=0)) == len(moving_hand(1, 0, 0))
    assert "seen.mp4: written" in capsys.readouterr().err
    assert main(["recognise", str(folder), clip, clip, "--overlay", str(out)]) == 2
    assert main(["recognise", str(folder), clip, "--overlay", str(tmp_path / "seen.gif")]) == 2
    place = tmp_path / "seen.mp4" / "again.mp4"  # below a file
    assert main(["recognise", str(folder), clip, "--overlay", str(place)]) == 2
    told = capsys.readouterr()
    assert "again.mp4: cannot be written" in told.err
    assert told.out == ""  # told before anything is done
