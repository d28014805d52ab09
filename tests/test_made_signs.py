"""Made-up signs are whole, and the same for the same seed; an encoder learns from them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from signlet.landmarks import HEAD, PARTS
from signlet.model import unit
from signlet.model.files import load_model, save_model
from signlet.pack import PackedSet
from signlet.sources import Fingerspelling
from signlet_testing import SHARED

pytest.importorskip("spoken_to_signed")
pytest.importorskip("pose_format")

from benchmarks.clips import real_clips
from benchmarks.clips.made_library import MIDDLE, Library
from benchmarks.clips.made_paths import SHORTEST
from benchmarks.clips.made_signs import Clips, MadeSigns, picture, standardised
from benchmarks.clips.real_clips import RealClip
from benchmarks.starter.encoder_training import (
    EncoderSettings,
    contrast,
    embedded,
    numbered,
    signs_of,
    train_encoder,
    with_examples,
)
from benchmarks.starter.starter_training import Trainings

SIGNS, CLIPS = 40, 4
LEFT, RIGHT, ARMS = (PARTS[name] for name in ("left_hand", "right_hand", "arms"))
LEFT_WRIST, RIGHT_WRIST = ARMS[4], ARMS[5]
TINY = EncoderSettings(steps=3, made_signs=4, made_clips=2, real_clips=8)


@pytest.fixture(scope="module")
def letters() -> list[RealClip]:
    """Two sign languages, which is quick to read."""
    return real_clips.lexicon(set(real_clips.languages()) - {"gsg", "ukl"})


@pytest.fixture(scope="module")
def library(letters: list[RealClip]) -> Library:
    return Library.of(clip.points for clip in letters)


@pytest.fixture(scope="module")
def made(library: Library) -> Clips:
    return MadeSigns(library, seed=3).batch(SIGNS, CLIPS)


def found(points: Tensor) -> Tensor:
    """(B, S, P, 3) -> (B, S) bool: all of them; none is found in part."""
    seen = ~torch.isnan(points).any(-1)
    assert torch.equal(seen.any(-1), seen.all(-1))
    return seen.all(-1)


# --- made-up signs ----------------------------------------------------------------------------


def test_clips_have_the_shape_of_the_models_input(made: Clips) -> None:
    assert made.frames.shape == (SIGNS * CLIPS, real_clips.MAX_LEN, 100, 3)
    assert made.frames.dtype == torch.float32
    assert made.labels.tolist() == np.repeat(np.arange(SIGNS), CLIPS).tolist()
    length = made.mask.sum(1)
    assert torch.equal(made.mask, torch.arange(16) < length[:, None])
    assert length.min() >= SHORTEST
    assert torch.isnan(made.frames[~made.mask]).all()


def test_only_what_a_tracker_loses_is_missing(made: Clips) -> None:
    """Parts are whole or gone, but for points of the arms below the picture."""
    left, right, head = (found(made.frames[:, :, part]) for part in (LEFT, RIGHT, HEAD))
    assert torch.equal(head.any(1), (head | ~made.mask).all(1)), "a face is there or not"
    assert (left | right).any(1).all(), "a clip shows a hand"
    two = left.any(1)
    assert right[~two][made.mask[~two]].all(), "an only hand is never lost"
    arms = ~torch.isnan(made.frames[:, :, ARMS]).any(-1)
    assert 0.5 < arms.any(2).any(1).float().mean() < 0.95
    assert not torch.isinf(made.frames).any()


def test_the_same_seed_makes_the_same_clips(library: Library, made: Clips) -> None:
    again = MadeSigns(library, seed=3).batch(SIGNS, CLIPS)
    torch.testing.assert_close(again.frames, made.frames, rtol=0, atol=0, equal_nan=True)
    other = MadeSigns(library, seed=4).batch(SIGNS, CLIPS)
    assert not torch.equal(other.mask, made.mask)


@pytest.mark.parametrize(("hand", "wrist"), [(LEFT, LEFT_WRIST), (RIGHT, RIGHT_WRIST)])
def test_hands_hang_on_the_wrists_of_the_arms(made: Clips, hand: Tensor, wrist: int) -> None:
    hands, wrists = made.frames[:, :, hand[0], :2], made.frames[:, :, wrist, :2]
    off = (hands - wrists).norm(dim=-1)
    off = off[~torch.isnan(off)]
    assert len(off) > 100
    assert off.median() < 0.15, "in shoulder widths; the camera turns what is deeper a little"
    palm = (made.frames[:, :, hand[MIDDLE]] - made.frames[:, :, hand[0]]).norm(dim=-1)
    assert 0.2 < palm[~torch.isnan(palm)].median() < 0.35


def test_clips_of_a_sign_have_hands_alike(made: Clips) -> None:
    """Right hands around their wrist in the middle of the clip, of one size."""
    middle = made.mask.sum(1) // 2
    hands = made.frames[torch.arange(len(middle)), middle][:, RIGHT]
    seen = ~torch.isnan(hands).any(2).any(1)
    shapes = unit((hands - hands[:, :1])[seen].flatten(1))
    labels = made.labels[seen]
    far = torch.cdist(shapes, shapes)
    same = (labels[:, None] == labels) & ~torch.eye(len(labels), dtype=torch.bool)
    assert far[same].mean() < 0.7 * far[labels[:, None] != labels].mean()


def test_standardised_clips_are_as_the_models_input(made: Clips) -> None:
    frames = standardised(made.frames)
    assert torch.equal(torch.isnan(frames), torch.isnan(made.frames))
    for number in range(8):
        points = frames[number][~torch.isnan(frames[number]).any(-1)]
        np.testing.assert_allclose(points.mean(0), 0, atol=1e-5)
        np.testing.assert_allclose(points.std(0, correction=0), 1, atol=1e-4)


def test_a_sheet_is_drawn(made: Clips, tmp_path: Path) -> None:
    picture(made, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


# --- what they are made of --------------------------------------------------------------------


def test_hands_of_the_library_have_one_size_and_place(library: Library) -> None:
    palms = library.hands[:, MIDDLE].norm(dim=-1)
    assert torch.all(library.hands[:, 0] == 0)
    assert 0.9 < palms.median() < 1.1
    assert int(library.first[-1] + library.count[-1]) == len(library.hands)
    width = library.shoulders[:, 0, 0] - library.shoulders[:, 1, 0]
    assert torch.all((width - 1).abs() < 0.1), "the signer's left is on the picture's right"
    with pytest.raises(ValueError, match="no hand"):
        Library.of([np.full((9, 100, 3), np.nan, np.float32)])


def test_the_lexicon_has_each_file_once_and_no_language_left_out() -> None:
    languages = real_clips.languages()
    assert len(languages) == 20
    both = real_clips.lexicon(set(languages) - {"ase", "fsl"})
    assert {clip.signer for clip in both} == {"ase"}
    assert len(both) == len(signs_of(both)) == 26
    assert {clip.signer for clip in real_clips.lexicon(set(languages) - {"fsl"})} == {"fsl"}


def test_a_fold_learns_nothing_of_its_languages() -> None:
    letters = Fingerspelling.open()
    refs = letters.refs()
    labels = np.array([letters.signs.index(ref.sign or "") for ref in refs])
    packed = SimpleNamespace(labels=labels, signers=[ref.signer or "" for ref in refs])
    trainings = Trainings(cast(PackedSet, packed), Path("nowhere"), TINY, Path("nowhere"), 2)
    fold_of = trainings.fold_of()
    assert sorted(fold_of) == real_clips.languages()
    held_out = {packed.signers[row] for row in trainings.plan().held_out(1)}
    seen = {clip.signer for clip in trainings.learned_from("1")}
    assert not seen & held_out
    assert seen == {language for language, fold in fold_of.items() if fold != 1} - {"fsl"}


@pytest.mark.skipif(not (SHARED / "data" / "words").exists(), reason="the words are not here")
def test_groups_of_the_words_are_kept_apart() -> None:
    folder = SHARED / "data" / "words"
    free, others = real_clips.free_groups(folder), set(real_clips.other_groups(folder))
    learned = real_clips.groups_to_learn(folder)
    assert free
    assert not free & others
    assert free <= learned
    assert 0.2 < len(others - learned) / len(others) < 0.3
    webcam = {path.name.split("_")[0] for path in (SHARED / "data" / "webcam").glob("*/*.npz")}
    assert not (learned | others) & webcam


# --- the encoder ------------------------------------------------------------------------------


def test_the_loss_is_that_of_the_paper() -> None:
    rows = unit(torch.randn(6, 4, generator=torch.Generator().manual_seed(0)))
    labels = torch.tensor([0, 0, 1, 1, 1, 2])
    expected = []
    for i in range(5):
        likeness = {j: float(rows[i] @ rows[j]) / 0.1 for j in range(6) if j != i}
        total = np.logaddexp.reduce(list(likeness.values()))
        own = [likeness[j] - total for j in likeness if labels[j] == labels[i]]
        expected.append(-np.mean(own))
    assert float(contrast(rows, labels, 0.1)) == pytest.approx(np.mean(expected), rel=1e-4)


def trained(clips: Sequence[RealClip]) -> tuple[torch.nn.Module, list[float]]:
    losses: list[float] = []
    return train_encoder(clips, TINY, lambda step, loss: losses.append(loss)), losses


def test_a_short_training_ends_with_a_model_that_loads(
    letters: list[RealClip], tmp_path: Path
) -> None:
    encoder = train_encoder(letters, TINY)
    assert all(torch.isfinite(tensor).all() for tensor in encoder.state_dict().values())
    rows = embedded(encoder, letters)
    torch.testing.assert_close(rows.norm(dim=1), torch.ones(len(rows)))
    model = with_examples(encoder, rows.numpy(), numbered(letters))
    save_model(tmp_path, [model], ["/".join(sign) for sign in signs_of(letters)], {})
    (again,) = load_model(tmp_path).members
    torch.testing.assert_close(embedded(again, letters), rows)
    frames = torch.stack([clip.frames for clip in letters]).nan_to_num()
    mask = torch.stack([clip.mask for clip in letters])
    with torch.inference_mode():
        said = again(frames, mask).argmax(1)
    assert (said.numpy() == numbered(letters)).all(), "a clip is nearest to itself"


def test_the_same_seed_trains_the_same_encoder(letters: list[RealClip]) -> None:
    (one, losses), (two, again) = trained(letters), trained(letters)
    assert losses == again
    assert len(losses) == TINY.steps
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, two.state_dict()[name]), name
