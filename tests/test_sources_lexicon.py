"""The fingerspelling lexicon, and finding one clip by name."""

from __future__ import annotations

import string
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from signlet.errors import SignletError
from signlet.sources import Source, find, open_source
from signlet.sources import fingerspelling as fingerspelling_module
from signlet_testing.sources_data import labels, same_in_a_worker


@pytest.fixture(scope="module")
def lexicon() -> Source:
    return open_source("fingerspelling")


def test_lexicon_has_436_letters_of_17_languages_in_index_order(lexicon: Source) -> None:
    refs = lexicon.refs()
    assert lexicon.signs == tuple(string.ascii_uppercase)
    assert len({ref.name for ref in refs}) == len(refs) == 436
    counts = Counter(ref.signer for ref in refs)
    assert len(counts) == 17
    assert set(counts.values()) == {23, 26}
    assert labels(refs[:2]) == [("ase/A", "A", "ase"), ("ase/B", "B", "ase")]
    languages = list(dict.fromkeys(ref.signer for ref in refs))
    assert languages == [*sorted(counts.keys() - {"fsl"}), "fsl"]
    assert refs[-1].name == "fsl/Z"
    same_in_a_worker(lexicon)


def test_a_letter_is_read_whole(lexicon: Source) -> None:
    clip = lexicon.read(find(lexicon, "eso/A"))
    assert (clip.name, clip.sign, clip.signer, clip.fps) == ("eso/A", "A", "eso", 25.0)
    assert clip.frames.shape[1:] == (543, 3)
    assert clip.hand_frames().mean() > 0.5
    x_and_y = clip.frames[:, 489:501, :2]
    assert 0 < np.nanmin(x_and_y) < np.nanmax(x_and_y) < 1.5


def test_french_files_are_the_american_ones(lexicon: Source) -> None:
    paths = {ref.name: ref.path for ref in lexicon.refs()}
    shared = [
        name for name in paths if name[:3] == "fsl" and paths[name] == paths["ase" + name[3:]]
    ]
    assert len(shared) == 26
    assert len(set(paths.values())) == 436 - 26


def test_sources_load_no_heavy_package_before_they_need_it() -> None:
    heavy = ("spoken_to_signed", "pose_format", "pyarrow", "torch")
    code = (
        "import sys; from signlet.sources import open_source as o; o('fingerspelling').refs(); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_missing_package_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerspelling_module, "find_spec", lambda name: None)
    with pytest.raises(SignletError, match="needs the extra demo"):
        open_source("fingerspelling")


# --- one clip by name ------------------------------------------------------------------------
def test_find_takes_a_name_an_end_or_a_beginning(lexicon: Source) -> None:
    assert find(lexicon, "lls/B").name == "lls/B"
    file = find(lexicon, "lls/B").path.name
    assert find(lexicon, file).name == "lls/B"
    assert find(lexicon, f"lls/{file[:14]}").name == "lls/B"
    assert find(lexicon, find(lexicon, "fsl/O").path.name).name == "ase/O", "two rows, one file"


def test_find_lists_what_might_be_meant(lexicon: Source) -> None:
    with pytest.raises(SignletError, match=r"matches 26 clips: eso/A, eso/B.*and 21 more"):
        find(lexicon, "eso/")
    with pytest.raises(SignletError, match=r"no clip is called 'eos/A'; the nearest.*eso/A"):
        find(lexicon, "eos/A")
    with pytest.raises(SignletError, match="a name looks like ase/A"):
        find(lexicon, "")
