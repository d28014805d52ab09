"""The verdict repeats which recordings have a problem, where it limits the result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from signlet.clip.remarks import MENDED, NO_HAND
from signlet.evaluation.faulty import MISFILED, UNREADABLE, Faulty, faulty_clips, faulty_said
from signlet.evaluation.predictions import Predictions, write_predictions
from signlet.evaluation.verdict import NOT_HELD_OUT, untested, verdict
from signlet.landmarks import LEFT_HAND, RIGHT_HAND
from signlet.meaning.faults import HANDS
from signlet.pack import PackedSet, pack
from signlet.quality.data_warnings import data_warnings
from signlet.report import write_report
from signlet.report.examples import choose_examples
from signlet.sources import open_source
from signlet_testing.clips import moving_hand

SIGNS = ("circle", "line")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> PackedSet:
    """Nine clips: one without hands, two of one recording, and another that cannot be read."""
    folder = tmp_path_factory.mktemp("faulty")
    for number, sign in enumerate(SIGNS):
        (folder / "clips" / sign).mkdir(parents=True)
        for take in range(4):
            frames = moving_hand(number, 0, take)
            if sign == "line" and take == 0:
                frames[:, LEFT_HAND] = frames[:, RIGHT_HAND] = np.nan
            np.savez(folder / "clips" / sign / f"ann_{take}.npz", landmarks=frames)
    line = folder / "clips" / "line"
    (line / "ann_3.npz").write_bytes((folder / "clips" / "circle" / "ann_3.npz").read_bytes())
    (line / "ann_4.npz").write_bytes(b"no zip")
    return pack(open_source(folder / "clips"), folder / "packed", 16, jobs=1)


def predicted(packed: PackedSet, wrong: tuple[str, ...] = ()) -> Predictions:
    read = [int(y) ^ (name in wrong) for name, y in zip(packed.names, packed.labels, strict=True)]
    odds = np.where(np.arange(2) == np.array(read)[:, None], 0.9, 0.1).astype(np.float32)
    labels = np.asarray(packed.labels)
    return Predictions(packed.names, packed.signers, labels, odds, labels * 0, packed.signs)


def test_the_clips_are_those_that_were_named_before_the_training(packed: PackedSet) -> None:
    found = faulty_clips(packed)
    assert found.problems == {
        NO_HAND: ("line/ann_0.npz",),
        UNREADABLE: ("line/ann_4.npz",),
        MISFILED: ("circle/ann_3.npz", "line/ann_3.npz"),
    }
    assert (len(found), found.clips) == (4, 9)
    before = " ".join(data_warnings(packed))
    assert all(name in before for names in found.problems.values() for name in names)


def test_clips_with_swapped_hands_are_among_them(packed: PackedSet) -> None:
    names, remarks = packed.names, [list[str]() for _ in packed.names]
    remarks[0], remarks[1] = [HANDS.phrase], [MENDED]  # repaired times spoil no answer
    column = packed.index.schema.get_field_index("remarks")
    index = packed.index.set_column(column, "remarks", pa.array(remarks))
    found = faulty_clips(replace(packed, index=index)).problems
    assert found["left and right hand are swapped"] == (names[0],)
    assert not any(names[1] in of_one for of_one in found.values())


def test_they_are_said_where_they_limit_the_result(packed: PackedSet) -> None:
    found = faulty_clips(packed)
    assert faulty_said(found, predicted(packed), doubtful=False) == ""
    said = faulty_said(found, predicted(packed, ("line/ann_0.npz", "line/ann_1.npz")), False)
    assert said.startswith(f"4 of 9 clips have a problem ({NO_HAND}: line/ann_0.npz; cannot be ")
    assert said.endswith("1 of the 2 wrong answers was for these clips.")
    assert "wrong answers" not in faulty_said(found, predicted(packed), doubtful=True)
    one = Faulty(9, {NO_HAND: ("a",)})
    assert faulty_said(one, None, doubtful=True) == f"1 of 9 clips has a problem ({NO_HAND}: a)."
    many = Faulty(9, {NO_HAND: tuple("abcde")})
    assert "(no hand was found in any frame: a, b, c and 2 more)" in faulty_said(many, None, True)
    assert faulty_said(Faulty(9, {}), None, doubtful=True) == ""


def test_a_verdict_says_it_once_and_what_to_do(packed: PackedSet) -> None:
    found = faulty_clips(packed)
    said = verdict(predicted(packed, ("line/ann_0.npz",)), faulty=found)
    assert said.limits[0].startswith("4 of 9 clips have a problem")
    steps = [step for step in said.steps if "signlet inspect" in step]
    assert len(steps) == 1
    assert steps[0].startswith("Record the clips with a problem again, or leave them out")
    assert untested(found).limits[0].startswith("4 of 9 clips have a problem")
    assert untested(Faulty(9, {})) is NOT_HELD_OUT


@pytest.mark.usefixtures("undrawn_curves")
def test_the_report_links_to_them(packed: PackedSet, tmp_path: Path) -> None:
    predictions = predicted(packed, ("line/ann_0.npz",))
    examples = choose_examples(predictions, packed, faulty_clips(packed))
    assert [one.name for one in examples if one.problem] == [
        *("circle/ann_3.npz", "line/ann_0.npz", "line/ann_3.npz"),
    ]
    assert len({one.name for one in examples}) == len(examples)
    write_predictions(tmp_path / "predictions.parquet", {"soup": predictions})
    (tmp_path / "config.yaml").write_text("name: tiny\nsource: folder\n")
    (tmp_path / "metrics.csv").write_text("fold,epoch,seconds\n0,1,1\n")
    page = write_report(tmp_path, packed).read_text()
    card = next(one.index for one in examples if one.name == "line/ann_0.npz")
    assert f'<a href="#clip-{card}">line/ann_0.npz</a>' in page
    assert f'id="clip-{card}"' in page
    assert f"line/ann_0.npz: {NO_HAND}" in page
