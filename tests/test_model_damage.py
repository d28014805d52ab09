"""No damaged or strange model file answers, hangs or ends in more than one line."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import load_file, save_file

import signlet
from signlet.calibration import Calibration
from signlet.cli import main
from signlet.errors import SignletError
from signlet.files.json_text import parsed
from signlet.model.files import CONFIG, WEIGHTS, ModelFile, save_model
from signlet.modelfile import checksum, onnx_bytes
from signlet.modelfile.averaging import Average
from signlet.modelfile.calibration import CALIBRATION, FORMAT, model_digest
from signlet.recognition.recogniser import Recogniser
from signlet.runtimes import Runtime
from signlet.runtimes.onnx import OnnxRuntime
from signlet.runtimes.torch import TorchRuntime
from signlet.stream import StreamRecogniser
from signlet_testing.clips import moving_hand
from signlet_testing.handmade import handmade, write
from signlet_testing.mutations import mutate, mutate_json
from signlet_testing.streams import person
from signlet_testing.teaching import OWN, WIDTH, clips, labels, tiny_card, tiny_model

CLIP = moving_hand(1, 0, 0)
THIRD, UNIT = (0.25, 0.25, 0.5), (0.25,) * WIDTH
CALIBRATED = Calibration(1.5, 0.4, 0.05, 0.8, 0.4, 100, 50)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder with a calibration."""
    made = tmp_path / "run"
    save_model(made, [tiny_model()], OWN, {"recipe": "tiny"})
    content: dict[str, Any] = {
        "format": FORMAT,
        "model": model_digest(made),
        "calibration": CALIBRATED.as_json(),
    }
    content[checksum.NAME] = checksum.of_content(content)
    (made / CALIBRATION).write_text(json.dumps(content, indent=2))
    return made


@pytest.fixture(autouse=True)
def _noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests said once, these may say again."""
    monkeypatch.setattr(checksum, "_noted", [])


@pytest.fixture(scope="module")
def taught(teachable: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("taught") / "mine.onnx"
    signlet.teach(teachable, clips(), labels()).save(path)
    return path


def outcome(path: Path) -> NDArray[np.float32] | None:
    """What a model says of a clip, None where it is refused in one line that names it."""
    said, refused = None, ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            said = signlet.load(path)(CLIP)
    except SignletError as error:
        refused = str(error)
    if said is None:
        assert "\n" not in refused
        assert refused.startswith(str(path))
        return None
    probabilities = np.append(said.probabilities, said.none)
    assert probabilities.min() >= 0
    assert abs(float(probabilities.sum()) - 1) < 0.02
    return said.probabilities


def unchanged(said: NDArray[np.float32] | None, whole: NDArray[np.float32] | None) -> bool:
    """Whether a model is refused, or answers as before it was changed."""
    assert whole is not None
    return said is None or np.array_equal(said, whole)


def flipped(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    changed[rng.integers(len(changed))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def without_checksum(content: bytes) -> bytes:
    """An `.onnx` file as an older signlet wrote it."""
    (entry,) = onnx_bytes._entries(content)[onnx_bytes.CHECKSUM]
    return content[: entry.begin] + content[entry.end :]


# --- a flipped bit ----------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["base", "taught"])
def test_no_flipped_bit_of_an_onnx_file_changes_an_answer(
    which: str, teachable: Path, taught: Path, tmp_path: Path
) -> None:
    source = {"base": teachable, "taught": taught}[which]
    whole, content, path = outcome(source), source.read_bytes(), tmp_path / "m.onnx"
    rng, found = np.random.default_rng(1), Counter[bool]()
    for _ in range(120):
        path.write_bytes(flipped(content, rng))
        said = outcome(path)
        assert unchanged(said, whole)
        found[said is None] += 1
    assert found[True] > 115


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG, CALIBRATION])
def test_no_flipped_bit_of_a_run_folder_changes_an_answer(folder: Path, name: str) -> None:
    whole, content = outcome(folder), (folder / name).read_bytes()
    rng, refused = np.random.default_rng(2), 0
    for _ in range(40):
        (folder / name).write_bytes(flipped(content, rng))
        said = outcome(folder)
        assert unchanged(said, whole)
        refused += said is None
    assert refused > (10 if name == CONFIG else 25)


def test_every_bit_beside_the_weights_counts(teachable: Path, tmp_path: Path) -> None:
    """The ends of the file, where the card and the checksum lie, bit by bit of some bytes."""
    whole, content, path = outcome(teachable), teachable.read_bytes(), tmp_path / "m.onnx"
    for place in range(len(content) - 700, len(content), 23):
        for bit in range(8):
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            path.write_bytes(changed)
            said = outcome(path)
            assert unchanged(said, whole), (place, bit)


def test_a_checksum_that_lost_its_name_is_damage(
    teachable: Path, folder: Path, tmp_path: Path
) -> None:
    """Damage of the name and of a weight would pass as a file of an older signlet."""
    path, config = tmp_path / "m.onnx", folder / CONFIG
    path.write_bytes(teachable.read_bytes().replace(b"signlet.sha256", b"s1gnlet.sha256"))
    config.write_text(config.read_text().replace('"sha256"', '"sha255"'))
    for damaged in (path, folder):
        with pytest.raises(SignletError, match="its checksum has lost its name"):
            signlet.load(damaged)


def test_parts_of_two_models_are_no_model(folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(7)
    other = type(tiny_model())(tiny_model().config)
    save_model(tmp_path / "other", [other.eval()], OWN, {"recipe": "tiny"})
    (folder / WEIGHTS).write_bytes((tmp_path / "other" / WEIGHTS).read_bytes())
    with pytest.raises(SignletError, match=r"is damaged or was changed.*copy it again"):
        signlet.load(folder)


# --- where the checksum comes from ------------------------------------------------------------


def test_the_checksum_is_of_all_other_bytes(teachable: Path, taught: Path) -> None:
    """Anybody can compute it: the entry is the file's last."""
    import hashlib

    for path in (teachable, taught):
        content = path.read_bytes()
        begin = content.rindex(b"signlet.sha256") - 4
        stated = content[begin + 4 + 14 + 2 :].decode()
        assert hashlib.sha256(content[:begin]).hexdigest() == stated
        assert onnx.load_from_string(content).SerializeToString() == content


def test_a_run_folder_s_checksum_does_not_depend_on_the_layout(folder: Path) -> None:
    path, before = folder / CONFIG, signlet.load(folder)(CLIP)
    (folder / CALIBRATION).unlink()
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True, indent=None))
    assert signlet.load(folder)(CLIP).likeliest == before.likeliest
    changed = json.loads(path.read_text()) | {"signs": list(reversed(OWN))}
    path.write_text(json.dumps(changed))
    with pytest.raises(SignletError, match="damaged or was changed"):
        signlet.load(folder)


def test_older_files_open_with_one_note(teachable: Path, folder: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.onnx"
    old.write_bytes(without_checksum(teachable.read_bytes()))
    config = json.loads((folder / CONFIG).read_text())
    del config[checksum.NAME]
    (folder / CALIBRATION).unlink()
    (folder / CONFIG).write_text(json.dumps(config))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        first = signlet.load(old)(CLIP)
        signlet.load(old)
        signlet.load(folder)
    (note,) = [str(one.message) for one in said if "checksum" in str(one.message)]
    assert note.startswith(f"{old}: has no checksum")
    assert unchanged(first.probabilities, outcome(teachable))


def test_a_command_says_the_note_in_one_line(
    teachable: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, clip = tmp_path / "old.onnx", tmp_path / "clip.npz"
    old.write_bytes(without_checksum(teachable.read_bytes()))
    np.savez(clip, landmarks=CLIP, fps=25.0)
    assert main(["recognise", str(old), str(clip), "--json"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"signlet: {old}: has no checksum")


def test_what_is_made_of_an_older_file_has_a_checksum(teachable: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.onnx"
    old.write_bytes(without_checksum(teachable.read_bytes()))
    with pytest.warns(UserWarning, match="has no checksum"):
        made = signlet.teach(old, clips(), labels())
    made.save(tmp_path / "mine.onnx")
    assert onnx_bytes.CHECKSUM.encode() in (tmp_path / "mine.onnx").read_bytes()
    assert signlet.load(tmp_path / "mine.onnx").signs == made.signs


def test_a_base_that_was_damaged_since_is_not_written_anew(teachable: Path, tmp_path: Path) -> None:
    """Its damage would get a checksum of its own."""
    base = tmp_path / "base.onnx"
    base.write_bytes(teachable.read_bytes())
    made = signlet.teach(base, clips(), labels())
    base.write_bytes(flipped(base.read_bytes(), np.random.default_rng(5)))
    with pytest.raises(SignletError, match="is damaged"):
        made.save(tmp_path / "mine.onnx")
    assert not (tmp_path / "mine.onnx").exists()


def test_the_starter_has_one_and_no_note() -> None:
    code = "import signlet; signlet.load('fingerspelling')"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# --- damage that no checksum tells ------------------------------------------------------------


def test_older_files_are_refused_or_answer_with_probabilities(
    teachable: Path, tmp_path: Path
) -> None:
    content, path = without_checksum(teachable.read_bytes()), tmp_path / "old.onnx"
    for seed in range(60):
        path.write_bytes(mutate(content, np.random.default_rng(seed)))
        outcome(path)


def test_cards_are_refused_or_read(teachable: Path, taught: Path, tmp_path: Path) -> None:
    """Sealed again, so that the checksum does not tell."""
    path, found = tmp_path / "m.onnx", Counter[bool]()
    for source in (teachable, taught):
        content = source.read_bytes()
        card = json.loads(onnx_bytes.card_text(content, "m"))
        for seed in range(60):
            text = mutate_json(card, np.random.default_rng(seed))
            try:
                text.encode()
            except UnicodeEncodeError:
                continue
            path.write_bytes(onnx_bytes.with_card(content, text))
            found[outcome(path) is None] += 1
    assert min(found[True], found[False]) > 1


def outcomes(folder: Path, name: str, seeds: int) -> Counter[bool]:
    """How often the folder is refused and read with a file without checksum, damaged so often."""
    content, found = json.loads((folder / name).read_text()), Counter[bool]()
    del content[checksum.NAME]
    for seed in range(seeds):
        text = mutate_json(content, np.random.default_rng(seed))
        (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        found[outcome(folder) is None] += 1
    return found


def test_configurations_are_refused_or_read(folder: Path) -> None:
    (folder / CALIBRATION).unlink()
    found = outcomes(folder, CONFIG, 60)
    assert min(found[True], found[False]) > 1


def test_calibrations_are_refused_or_read(folder: Path) -> None:
    found = outcomes(folder, CALIBRATION, 50)
    assert min(found[True], found[False]) > 0


def test_a_model_in_torch_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the memory does not suffice."""
    runtime = TorchRuntime(ModelFile(OWN, (tiny_model(),), Average.plain(1)), name="run")

    def fails(*_: Any) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:114] not enough memory\nmore of it")

    monkeypatch.setattr(type(tiny_model()), "features", fails)
    with pytest.raises(SignletError, match=r"^run: cannot be run \(.*memory\)") as refused:
        Recogniser(runtime)(CLIP)
    assert "\n" not in str(refused.value)


def test_weights_are_refused_or_read(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text())
    del config[checksum.NAME]
    (folder / CALIBRATION).unlink()
    (folder / CONFIG).write_text(json.dumps(config))
    content = (folder / WEIGHTS).read_bytes()
    for seed in range(40):
        (folder / WEIGHTS).write_bytes(mutate(content, np.random.default_rng(seed)))
        outcome(folder)


def header(content: bytes) -> dict[str, Any]:
    length = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + length])


def with_header(content: bytes, new: Any, length: int | None = None) -> bytes:
    old = struct.unpack("<Q", content[:8])[0]
    text = new if isinstance(new, bytes) else json.dumps(new).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + content[8 + old :]


HEADERS: dict[str, Callable[[bytes], bytes]] = {
    "huge length": lambda c: with_header(c, header(c), 1 << 62),
    "length beyond": lambda c: with_header(c, header(c), len(c) + 1),
    "no length": lambda c: c[:5],
    "no json": lambda c: with_header(c, b"{" * 4000),
    "deep": lambda c: with_header(c, b'{"a":' * 3000 + b"1" + b"}" * 3000),
    "overlap": lambda c: with_header(
        c, {name: one | {"data_offsets": [0, 4]} for name, one in header(c).items()}
    ),
    "offsets beyond": lambda c: with_header(
        c, {name: one | {"data_offsets": [0, 1 << 40]} for name, one in header(c).items()}
    ),
    "huge shape": lambda c: with_header(
        c, {name: one | {"shape": [1 << 40, 1 << 40]} for name, one in header(c).items()}
    ),
    "negative shape": lambda c: with_header(
        c, {name: one | {"shape": [-4]} for name, one in header(c).items()}
    ),
    "unknown type": lambda c: with_header(
        c, {name: one | {"dtype": "F7"} for name, one in header(c).items()}
    ),
    "whole numbers": lambda c: with_header(
        c, {name: one | {"dtype": "I32"} for name, one in header(c).items()}
    ),
    "empty": lambda c: b"",
}


@pytest.mark.parametrize("how", HEADERS)
def test_headers_of_weights_are_refused(folder: Path, how: str) -> None:
    config = json.loads((folder / CONFIG).read_text())
    del config[checksum.NAME]
    (folder / CALIBRATION).unlink()
    (folder / CONFIG).write_text(json.dumps(config))
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(HEADERS[how](content))
    assert outcome(folder) is None


@pytest.mark.parametrize("how", ["one more", "another member's", "one less", "whole numbers"])
def test_weights_that_do_not_fit_are_refused(folder: Path, how: str) -> None:
    config = json.loads((folder / CONFIG).read_text())
    del config[checksum.NAME]
    (folder / CALIBRATION).unlink()
    (folder / CONFIG).write_text(json.dumps(config))
    tensors = load_file(folder / WEIGHTS)
    name = "0.logits.bias"
    changes: dict[str, dict[str, torch.Tensor]] = {
        "one more": {**tensors, "0.more": torch.zeros(2)},
        "another member's": {**tensors, "1.logits.bias": torch.zeros(3)},
        "one less": {key: one for key, one in tensors.items() if key != name},
        "whole numbers": {**tensors, name: torch.zeros(3, dtype=torch.int32)},
    }
    save_file(changes[how], folder / WEIGHTS)
    with pytest.raises(SignletError, match=r"copy both files again"):
        signlet.load(folder)


@pytest.mark.parametrize(
    ("literal", "said"),
    [
        ("1e999", "too large"),
        ("-1e999", "too large"),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("9" * 400, "400 digits"),
        ("9" * 5000, "5000 digits"),
        ("[" * 40 + "]" * 40, "deeper than 32"),
        ("[" * 100_000, "deeper than 32"),
        ('"\\ud83d"', "half of a character"),
    ],
)
def test_json_that_other_programs_cannot_hold_is_refused(literal: str, said: str) -> None:
    for text in (literal, f'{{"a": [1, {literal}]}}'):
        with pytest.raises(ValueError, match=said):
            parsed(text)


def test_json_that_is_allowed_is_read() -> None:
    deep = "[" * 20 + "]" * 20
    text = f'{{"é": [1.5, -3, true, null, "\\ud83d\\ude00"], "deep": {deep}}}'
    assert parsed(text.encode())["é"] == [1.5, -3, True, None, "😀"]


# --- what a card may not say ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"preprocess": [{"max_len": -1}]}, "max_len is -1"),
        ({"preprocess": [{"max_len": 10**9}]}, "max_len is 1000000000"),
        ({"preprocess": [{"max_len": True}]}, "max_len is True"),
        ({"preprocess": [{"max_len": 6.5}]}, "max_len is 6.5"),
        ({"preprocess": [{}]}, "no 'max_len'"),
        ({"preprocess": []}, "average"),
        ({"preprocess": 3}, "damaged"),
        ({"signs": []}, "0 signs"),
        ({"signs": ["a", "b", "a"]}, "the sign 'a' is there twice"),
        ({"signs": ["a", "b", ""]}, "not a list of names"),
        ({"signs": ["a", "b", "c\nd"]}, "not a list of names"),
        ({"signs": ["a", "b", None]}, "not a list of names"),
        ({"signs": {"0": "a"}}, "not a list of names"),
        ({"signs": ["a", "b"]}, "not a recogniser"),
        ({"signs": ["a", "b", "c", "d"]}, "not a recogniser"),
        ({"max_frames": 10**400}, "digits"),
        ({"embedding": 0}, "embedding is 0"),
        ({"licence": 7}, "licence is no text"),
        ({"about": 7}, "damaged"),
        ({"calibration": []}, "calibration"),
        ({"calibration": CALIBRATED.as_json() | {"temperature": -1}}, "temperature"),
        ({"prototypes": "AAAA"}, "prototypes are not"),
        ({"teaching": {"known": "x"}}, "teaching"),
    ],
)
def test_a_card_that_cannot_be_is_refused(
    change: dict[str, Any], said: str, teachable: Path, tmp_path: Path
) -> None:
    content, path = teachable.read_bytes(), tmp_path / "m.onnx"
    card = json.loads(onnx_bytes.card_text(content, "m")) | change
    path.write_bytes(onnx_bytes.with_card(content, json.dumps(card)))
    with pytest.raises(SignletError, match=said) as refused:
        signlet.load(path)
    assert str(refused.value).startswith(f"{path}: ")


def test_a_card_that_is_no_utf8_or_there_twice_is_refused(teachable: Path, tmp_path: Path) -> None:
    content, path = without_checksum(teachable.read_bytes()), tmp_path / "m.onnx"
    place = content.index(b'"recipe": "tiny"') + 12
    path.write_bytes(content[:place] + b"\xff\xfe" + content[place + 2 :])
    with pytest.raises(SignletError, match="no UTF-8"):
        signlet.load(path)
    path.write_bytes(content + onnx_bytes._entry("signlet", "{}"))
    with pytest.raises(SignletError, match="its signlet is there 2 times"):
        signlet.load(path)


# --- what a graph may not ask for -------------------------------------------------------------


def made(row: Sequence[float] = THIRD, vector: Sequence[float] = UNIT) -> onnx.ModelProto:
    return handmade(row, vector, tiny_card().as_json())


def test_a_graph_made_by_hand_answers(tmp_path: Path) -> None:
    """So that what is refused below is refused for its own fault."""
    found = signlet.load(write(tmp_path / "m.onnx", made()))
    assert found(CLIP).likeliest == OWN[2]
    assert len(found.batch([CLIP] * 3)) == 3
    assert found.embed(CLIP).tolist() == pytest.approx(UNIT)


def _elsewhere(where: str) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        tensor = next(t for t in model.graph.initializer if t.name == "outputs_row")
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", where), ("offset", "0"), ("length", "12")):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value

    return change


def _in_a_constant(model: onnx.ModelProto) -> None:
    tensor = TensorProto(name="x", data_type=TensorProto.FLOAT, dims=[3])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret.bin")
    model.graph.node.append(helper.make_node("Constant", [], ["unused"], value=tensor))


def _sparse(model: onnx.ModelProto) -> None:
    values = helper.make_tensor("lots", TensorProto.FLOAT, [1], [3.0])
    places = helper.make_tensor("where", TensorProto.INT64, [1], [5])
    lots = helper.make_sparse_tensor(values, places, [1 << 33])
    model.graph.sparse_initializer.append(lots)


def _sparse_constant(model: onnx.ModelProto) -> None:
    values = helper.make_tensor("lots", TensorProto.FLOAT, [1], [3.0])
    places = helper.make_tensor("where", TensorProto.INT64, [1], [5])
    lots = helper.make_sparse_tensor(values, places, [1 << 33])
    model.graph.node.append(helper.make_node("Constant", [], ["unused"], sparse_value=lots))


def _huge(dims: Sequence[int]) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        tensor = next(t for t in model.graph.initializer if t.name == "outputs_row")
        tensor.ClearField("dims")
        tensor.dims.extend(dims)

    return change


def _input(name: str, kind: int, shape: Sequence[Any]) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        model.graph.input[0].CopyFrom(helper.make_tensor_value_info(name, kind, shape))

    return change


def _output(kind: int, shape: Sequence[Any]) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        model.graph.output[0].CopyFrom(helper.make_tensor_value_info("outputs", kind, shape))

    return change


def _another_input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


def _unknown_operator(model: onnx.ModelProto) -> None:
    model.graph.node[0].op_type = "NoSuchOperator"


def _unknown_domain(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))


def _circle(model: onnx.ModelProto) -> None:
    model.graph.node[0].input[0] = "outputs"


def _future(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 10_000


GRAPHS: dict[str, Callable[[onnx.ModelProto], None]] = {
    "another file": _elsewhere("secret.bin"),
    "a file above": _elsewhere("../secret.bin"),
    "a file of the system": _elsewhere("/etc/hostname"),
    "memory": _elsewhere("*/_ORT_MEM_ADDR_/*"),
    "a constant elsewhere": _in_a_constant,
    "sparse": _sparse,
    "a sparse constant": _sparse_constant,
    "huge": _huge([1 << 40]),
    "huge product": _huge([1 << 30, 1 << 30, 3]),
    "negative": _huge([-1, -3]),
    "another input's name": _input("frames", TensorProto.FLOAT, ["T", 543, 3]),
    "another input's type": _input("inputs", TensorProto.DOUBLE, ["T", 543, 3]),
    "an integer input": _input("inputs", TensorProto.INT64, ["T", 543, 3]),
    "another input's shape": _input("inputs", TensorProto.FLOAT, ["T", 542, 3]),
    "an input of fixed length": _input("inputs", TensorProto.FLOAT, [30, 543, 3]),
    "an input of no shape": _input("inputs", TensorProto.FLOAT, []),
    "a flat input": _input("inputs", TensorProto.FLOAT, ["T", 1629]),
    "a huge input": _input("inputs", TensorProto.FLOAT, ["T", 1 << 50, 3]),
    "another input": _another_input,
    "an output of one clip": _output(TensorProto.FLOAT, [1, 3]),
    "an output of another width": _output(TensorProto.FLOAT, ["B", 4]),
    "an output of another type": _output(TensorProto.INT64, ["B", 3]),
    "an unknown operator": _unknown_operator,
    "an unknown domain": _unknown_domain,
    "a circle": _circle,
    "a version of the future": _future,
}


@pytest.mark.parametrize("how", GRAPHS)
def test_a_strange_graph_is_refused_in_one_line(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(np.array(THIRD, "<f4").tobytes())
    model = made()
    GRAPHS[how](model)
    path = write(tmp_path / "m.onnx", model)
    with pytest.raises(SignletError) as refused:
        signlet.load(path)(CLIP)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)
    assert capfd.readouterr().err == ""


def test_a_graph_that_fails_while_it_runs_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its sum of `inputs` and a row of four does not exist."""
    model = made()
    four = numpy_helper.from_array(np.ones((1, 1, 4), np.float32), "four")
    model.graph.initializer.append(four)
    shape = numpy_helper.from_array(np.array([-1, 1, 2], np.int64), "odd")
    model.graph.initializer.append(shape)
    model.graph.node.append(helper.make_node("Reshape", ["inputs", "odd"], ["bent"]))
    model.graph.node.append(helper.make_node("ReduceSum", ["bent"], ["total"], keepdims=0))
    model.graph.node.append(helper.make_node("Add", ["early", "total"], ["outputs"]))
    next(node for node in model.graph.node if "outputs" in node.output).output[0] = "early"
    found = signlet.load(write(tmp_path / "m.onnx", model))
    odd = np.resize(CLIP, (3, 543, 3))  # 4,887 numbers cannot be pairs
    with pytest.raises(SignletError, match=r"m\.onnx: cannot be run \(") as refused:
        found(odd)
    assert "\n" not in str(refused.value)
    assert capfd.readouterr().err == ""


class _Session:
    """Stands in for onnxruntime's. said: its outputs; error: what it raises."""

    def __init__(self, said: list[Any] | None = None, error: Exception | None = None) -> None:
        self.said, self.error = said, error

    def run(self, names: list[str], given: dict[str, Any]) -> list[Any]:
        if self.error is not None:
            raise self.error
        return list(self.said or [])


@pytest.mark.parametrize(
    "error", [RuntimeError("one\ntwo"), MemoryError(), ValueError(""), KeyError("x"), OSError(5)]
)
def test_whatever_a_library_raises_while_it_runs_is_one_line(error: Exception) -> None:
    runtime = OnnxRuntime(_Session(error=error), tiny_card(), Path("m.onnx"))
    with pytest.raises(SignletError, match=r"^m\.onnx: cannot be run \([^)]") as refused:
        Recogniser(runtime)(CLIP)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "said",
    [
        np.full((1, 4), 0.25, np.float32),
        np.full((3,), 1 / 3, np.float32),
        np.full((2, 3), 1 / 3, np.float32),
        np.full((1, 3), 1 / 3),
        np.ones((1, 3), np.int64),
        None,
    ],
)
def test_an_answer_of_another_shape_is_refused(said: Any) -> None:
    """NumPy would stretch some of them to fit."""
    runtime = OnnxRuntime(_Session([said]), tiny_card(), Path("m.onnx"))
    with pytest.raises(SignletError, match=r"m\.onnx: (answers|cannot)"):
        runtime.probabilities([CLIP])


# --- answers that are none --------------------------------------------------------------------

NAN, INF = float("nan"), float("inf")
NO_ANSWERS: dict[str, tuple[float, float, float]] = {
    "NaN": (NAN, NAN, NAN),
    "one NaN": (0.5, 0.5, NAN),
    "negative": (-0.5, 1.0, 0.5),
    "700 %": (0.0, 0.0, 7.0),
    "too much": (0.5, 0.5, 0.05),
    "too little": (0.5, 0.4, 0.05),
    "nothing": (0.0, 0.0, 0.0),
    "infinite": (INF, 0.0, 0.0),
    "both infinities": (INF, -INF, 1.0),
}


class _Says(Runtime):
    """A runtime that says the same of every clip."""

    max_frames = None

    def __init__(
        self,
        row: Sequence[float],
        vector: Sequence[float] = UNIT,
        calibration: Calibration | None = None,
    ) -> None:
        self.signs, self.embedding_size = OWN, len(vector)
        self.card, self.about = tiny_card(), {}
        self.calibration, self._row, self._vector = calibration, row, vector

    def probabilities(self, raws: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        return np.array([self._row] * len(raws), np.float32)

    def answers(self, raws: Sequence[NDArray[np.float32]]) -> Any:
        return self.probabilities(raws), np.array([self._vector] * len(raws), np.float32)


@pytest.mark.parametrize("calibration", [None, CALIBRATED])
@pytest.mark.parametrize("what", NO_ANSWERS)
def test_what_are_no_probabilities_is_no_prediction(
    what: str, calibration: Calibration | None
) -> None:
    found = Recogniser(_Says(NO_ANSWERS[what], calibration=calibration))
    for ask in (found, lambda clip: found.batch([clip, clip])):
        with pytest.raises(SignletError, match="the model: is no usable model: it gives") as error:
            ask(CLIP)
        assert "\n" not in str(error.value)


def test_a_sum_within_the_tolerance_is_an_answer() -> None:
    found = Recogniser(_Says((0.5, 0.3, 0.205)))
    assert found(CLIP).likeliest == OWN[0]


@pytest.mark.parametrize("what", NO_ANSWERS)
def test_a_stream_gives_no_such_event(what: str) -> None:
    stream = StreamRecogniser(Recogniser(_Says(NO_ANSWERS[what])))
    with pytest.raises(SignletError, match="is no usable model"):
        _signed(stream)


def test_a_stream_of_the_same_gives_an_event() -> None:
    assert _signed(StreamRecogniser(Recogniser(_Says(THIRD))))


def _signed(stream: StreamRecogniser) -> list[Any]:
    """What comes of a hand that is raised and lowered."""
    events = []
    for number in range(50):
        height = -1.6 if number < 30 or number > 80 else 0.0
        events += stream.push(person(height), number / 25)
    return events + stream.finish()


@pytest.mark.parametrize(
    "vector", [(NAN, *UNIT[1:]), (0.0,) * WIDTH, (7.0,) * WIDTH, (INF,) * WIDTH]
)
def test_an_embedding_that_is_none_is_refused_and_teaches_nothing(
    vector: tuple[float, ...], teachable: Path
) -> None:
    found = Recogniser(_Says(THIRD, vector))
    with pytest.raises(SignletError, match="it gives an embedding of length"):
        found.embed(CLIP)
    good = signlet.teach(teachable, clips(), labels()).taught
    with pytest.raises(SignletError, match="it gives an embedding of length"):
        Recogniser(_Says(THIRD, vector), taught=good)(CLIP)


@pytest.mark.parametrize("kind", ["softmax", "logits"])
def test_a_member_that_says_nan_spoils_the_average(kind: Any) -> None:
    broken = tiny_model()
    with torch.no_grad():
        broken.logits.bias.fill_(NAN)
    both = ModelFile(OWN, (tiny_model(), broken), Average(kind, (0, 1)))
    with pytest.raises(SignletError, match="whose sum is nan"):
        Recogniser(TorchRuntime(both))(CLIP)


@pytest.mark.parametrize("what", NO_ANSWERS)
def test_a_file_whose_graph_says_so_is_refused(what: str, tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", made(NO_ANSWERS[what]))
    with pytest.raises(SignletError, match=r"m\.onnx: is no usable model"):
        signlet.load(path)(CLIP)


def test_a_card_with_another_layout_of_the_average_still_opens(tmp_path: Path) -> None:
    """Nothing above refuses what was right before."""
    card = replace(tiny_card(), average=Average("logits", (0,)), max_frames=9000)
    found = signlet.load(write(tmp_path / "m.onnx", handmade(THIRD, UNIT, card.as_json())))
    assert found.max_frames == 9000


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
