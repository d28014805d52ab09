"""The trainings behind the starter model: four without some sign languages, and one with all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray

from benchmarks.clips.real_clips import RealClip, free_groups, is_spelled, languages, lexicon, words
from benchmarks.starter.encoder_training import (
    EncoderSettings,
    reporting,
    told,
    train_encoder,
    with_examples,
)
from signlet.cli.bars import Bars
from signlet.evaluation.folds import FoldPlan, signer_folds
from signlet.evaluation.predict import embed, predict
from signlet.evaluation.predictions import Predictions
from signlet.model.files import CONFIG, load_model, save_model
from signlet.pack import PackedSet
from signlet.runtimes.torch import TorchRuntime
from signlet.sources import ClipRef, Fingerspelling, read_ref
from signlet.sources.tables import read_rows

FOLDS = (0, 1, 2, 3)
ALL = "all"
"""Name of the training that ships."""


@dataclass(frozen=True, eq=False)
class Trainings:
    """Encoders with the letters A to Z on top, for each fold and for all clips.

    packed: the letters, at the encoder's length. words: folder of the words, which may be
    missing. work: gets a folder for each training; what is finished there, with the same
    settings and as many clips, is not trained again. fold_steps: of the folds' trainings, in
    place of the settings'.
    """

    packed: PackedSet
    words: Path
    settings: EncoderSettings
    work: Path
    fold_steps: int

    def run(self, jobs: int = 1) -> None:
        """Train what is missing, so many at once."""
        Parallel(jobs)(delayed(self._train)(name) for name in (ALL, *map(str, FOLDS)))

    def folder(self, name: str | int) -> Path:
        """Return the path of a fold's model, or of that of all clips."""
        return self.work / (ALL if name == ALL else f"fold-{name}")

    def plan(self) -> FoldPlan:
        """Return the folds of `signlet demo`: the letters that are held out together."""
        return signer_folds(self.packed.labels, self.packed.signers, len(FOLDS))

    def fold_of(self) -> dict[str, int]:
        """The fold that holds out each language of the lexicon, those without A to Z in turn."""
        found = dict(zip(self.packed.signers, self.plan().folds.tolist(), strict=True))
        others = [language for language in languages() if language not in found]
        return found | {language: i % len(FOLDS) for i, language in enumerate(others)}

    def learned_from(self, name: str) -> list[RealClip]:
        """A fold's clips: nothing of its languages, and of the words no letter and no digit.

        Nobody wrote down of which language the letters among the words are.
        """
        free = words(self.words, free_groups(self.words)) if self.words.exists() else []
        if name == ALL:
            return lexicon() + free
        held_out = [language for language, fold in self.fold_of().items() if str(fold) == name]
        return lexicon(held_out) + [clip for clip in free if not is_spelled(clip)]

    def _train(self, name: str) -> None:
        torch.set_num_threads(1)
        clips = self.learned_from(name)
        settings = self.settings
        if name != ALL:
            settings = replace(settings, steps=self.fold_steps)
        about = told(settings, clips)
        if _said(self.folder(name)) == about:
            print(f"{self.folder(name)}: is there already", flush=True)
            return
        print(f"{self.folder(name)}: {about['source']}", flush=True)
        with Bars() as bars:
            bars.begin("training", settings.steps)
            encoder = train_encoder(clips, settings, reporting(bars))
        rows = np.arange(len(self.packed)) if name == ALL else self.plan().training(int(name))
        embeddings = embed(encoder, self.packed, torch.from_numpy(rows)).numpy()
        model = with_examples(encoder, embeddings, np.asarray(self.packed.labels)[rows])
        save_model(self.folder(name), [model], self.packed.signs, about)

    # --- what the folds' models say -------------------------------------------------------

    def seen(self) -> Predictions:
        """Answers to the letters, each by the model that has not seen its language."""
        answers = np.empty((len(self.packed), len(self.packed.signs)), np.float32)
        for fold in FOLDS:
            rows = self.plan().held_out(fold)
            (model,) = load_model(self.folder(fold)).members
            answers[rows] = predict(model, self.packed, torch.from_numpy(rows)).numpy()
        return Predictions(
            self.packed.names,
            self.packed.signers,
            np.asarray(self.packed.labels),
            answers,
            self.plan().folds,
            self.packed.signs,
        )

    def strangers(self) -> Predictions:
        """Answers to other letters, each by the model that has not seen its language."""
        refs, fold_of = other_letters(self.packed.signs), self.fold_of()
        folds = np.array([fold_of[ref.signer or ""] for ref in refs], np.int64)
        answers = np.empty((len(refs), len(self.packed.signs)), np.float32)
        for fold in FOLDS:
            rows = np.flatnonzero(folds == fold)
            model = TorchRuntime(load_model(self.folder(fold)))
            answers[rows] = model.probabilities(_frames([refs[row] for row in rows]))
        return Predictions(
            [f"{row} {ref.name}" for row, ref in enumerate(refs)],
            [ref.signer or "" for ref in refs],
            np.full(len(refs), -1, np.int64),
            answers,
            folds,
            self.packed.signs,
        )


def other_letters(known: tuple[str, ...]) -> list[ClipRef]:
    """List the lexicon's clips besides A to Z, without doubled letters: those are moved ones."""
    root = Fingerspelling.open().root
    latin = {letter for sign in known for letter in (sign, sign.lower())}
    refs = []
    for row in read_rows(root / "index.csv", ("path", "signed_language", "glosses")):
        language, gloss = row["signed_language"], row["glosses"]
        if len(set(gloss)) > 1 or gloss[0] not in latin:
            refs.append(ClipRef(f"{language}/{gloss}", root / row["path"], None, language))
    return refs


def _frames(refs: Sequence[ClipRef]) -> list[NDArray[np.float32]]:
    return [read_ref(ref).frames for ref in refs]


def _said(folder: Path) -> dict[str, Any] | None:
    """Return the description of a finished training; None if there is none."""
    path = folder / CONFIG
    if not path.exists():
        return None
    about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["about"]
    return about
