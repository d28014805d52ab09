"""Model files: `model.safetensors` with the weights, `config.json` with all else.

A file holds one or more members whose answers are averaged: the models of several folds,
or an ensemble. Tensors of member 0 are called "0.<name in the state dict>". Format 1 is the
plain mean of the members' probabilities, format 2 has an `average` that tells another one.
`sha256` in the configuration is that of both files, see `signlet.modelfile.checksum`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file, save_file
from torch import Tensor

from signlet.errors import SignletError, first_line
from signlet.files.atomic import replacing, write_text
from signlet.files.json_text import parsed
from signlet.landmarks import SCHEMA
from signlet.model.config import ModelConfig
from signlet.model.recogniser import SignModel
from signlet.model.unfilled import unfilled
from signlet.modelfile import MAX_SIZE, checksum
from signlet.modelfile.averaging import Average
from signlet.modelfile.card import require_distinct
from signlet.text.names import is_name, sign_name
from signlet.version import __version__

PLAIN_FORMAT, FORMAT = 1, 2
WEIGHTS, CONFIG = "model.safetensors", "config.json"
_MAX_SIGNS = 1_000_000
MAX_MEMBERS = 64


@dataclass(frozen=True)
class ModelFile:
    """The contents of a model file.

    signs: names of the classes. members: eval-mode models of that many classes each.
    average: how their answers become one. about: anything else worth keeping (recipe,
    metrics, source).
    """

    signs: tuple[str, ...]
    members: tuple[SignModel, ...]
    average: Average
    about: dict[str, Any] = field(default_factory=dict)


def save_model(
    folder: Path,
    members: Sequence[SignModel],
    signs: Sequence[str],
    about: dict[str, Any],
    average: Average | None = None,
) -> None:
    """Write the two files of a model into `folder`, the configuration last.

    average: how the members' answers become one; None is the mean of their probabilities.
    Raises SignletError, before anything is written, where no file could hold these signs.
    """
    for sign in signs:
        sign_name(sign, str(folder))
    if len(set(signs)) < len(signs) or any(m.config.num_classes != len(signs) for m in members):
        raise SignletError(f"{folder}: {len(signs)} signs are given; name each class once")
    tensors = {
        f"{number}.{name}": tensor.detach().cpu().contiguous()
        for number, member in enumerate(members)
        for name, tensor in member.state_dict().items()
    }
    with replacing(folder / WEIGHTS) as temporary:
        try:
            save_file(tensors, temporary)
        except SafetensorError as error:  # what safetensors makes of a full disk
            raise SignletError(f"{folder / WEIGHTS}: cannot be written ({error})") from None
    config: dict[str, Any] = {
        "format": PLAIN_FORMAT,
        "signlet": __version__,
        "landmarks": SCHEMA,
        "signs": list(signs),
        "members": [
            {"model": asdict(m.config), "preprocess": {"max_len": m.config.max_len}}
            for m in members
        ],
        "about": finite(about),
    }
    if average is not None and average != Average.plain(len(members)):
        config |= _averaged(average, config["members"])
    config[checksum.NAME] = checksum.of_content(config, folder / WEIGHTS)
    write_text(folder / CONFIG, json.dumps(config, indent=2, ensure_ascii=False) + "\n")


def finite(value: Any) -> Any:
    """None for numbers that JSON does not know, at any depth."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _averaged(average: Average, members: list[dict[str, Any]]) -> dict[str, Any]:
    """The fields of format 2: the average, and each member's share of it to read and compare."""
    shares = average.shares()
    return {
        "format": FORMAT,
        "average": average.as_json(),
        "members": [{**m, "weight": shares[number]} for number, m in enumerate(members)],
    }


def load_model(path: str | Path) -> ModelFile:
    """Read a model file; nothing in it is executed.

    path: a folder with both files, or one of them.
    Raises SignletError where a file is missing, damaged, of another landmark layout or of a
    newer format, or where the weights do not fit the configuration, or are not those that were
    written. Warns, once in a process, of files without a checksum.
    """
    folder = _folder(Path(path))
    config = _read_config(folder / CONFIG)
    weights = _read_weights(folder / WEIGHTS)
    signs, sizes = _checked(config, folder / CONFIG)
    about = _about(config, folder / CONFIG)
    average = _average(config, len(sizes), folder / CONFIG)
    _require_whole(config, folder)
    same = [sizes.index(size) for size in sizes]  # members of one size have the same tensors
    shapes = {first: _shapes(sizes[first], folder / CONFIG) for first in set(same)}
    members = [
        _member(size, weights, i, shapes[same[i]], folder / WEIGHTS) for i, size in enumerate(sizes)
    ]
    if strays := [
        name for name in weights if name.split(".")[0] not in map(str, range(len(sizes)))
    ]:
        raise SignletError(
            f"{folder / WEIGHTS}: contains weights that {CONFIG} does not name "
            f"({strays[0][:60]}); "
            "copy both files again"
        )
    return ModelFile(signs, tuple(members), average, about)


def _folder(path: Path) -> Path:
    folder = path.parent if path.name in (WEIGHTS, CONFIG) else path
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise SignletError(
                f"{folder}: has no {name}; name a run folder that has finished training"
            )
    return folder


def _require_whole(config: dict[str, Any], folder: Path) -> None:
    if checksum.NAME not in config:
        if any(map(checksum.is_one, config.values())):
            raise SignletError(
                f"{folder / CONFIG}: is damaged (its checksum has lost its name); copy it again"
            )
        checksum.note_missing(str(folder))
        return
    found = checksum.of_content(config, folder / WEIGHTS)
    checksum.require(config[checksum.NAME], found, f"{folder}: {CONFIG} with {WEIGHTS}")


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = parsed(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SignletError(f"{path}: is not readable JSON ({error}); copy it again") from None
    if not isinstance(config, dict):
        raise SignletError(f"{path}: is not a model configuration; copy it again")
    return config


def _read_weights(path: Path) -> dict[str, Tensor]:
    try:
        if str(path).isprintable():
            return load_file(path)
        return load(path.read_bytes())  # load_file takes no path that is not UTF-8
    except Exception as error:  # safetensors' own, torch's, or the system's
        raise SignletError(
            f"{path}: is damaged ({first_line(error, 200)}); copy it again"
        ) from None


def _checked(config: dict[str, Any], path: Path) -> tuple[tuple[str, ...], list[ModelConfig]]:
    """Signs and the members' sizes out of an untrusted configuration."""
    if config.get("format") not in (PLAIN_FORMAT, FORMAT):
        raise SignletError(
            f"{path}: has format {config.get('format')!r}, "
            f"this version of signlet reads {PLAIN_FORMAT} and {FORMAT}; update signlet"
        )
    if config.get("landmarks") != SCHEMA:
        raise SignletError(
            f"{path}: made for landmarks {config.get('landmarks')!r}, but this version of "
            f"signlet uses {SCHEMA!r}"
        )
    signs = config.get("signs")
    if (
        not isinstance(signs, list)
        or not 0 < len(signs) < _MAX_SIGNS
        or not all(map(is_name, signs))
    ):
        raise SignletError(
            f"{path}: signs is not a list of names, one printable line each; copy the file again"
        )
    try:
        require_distinct(signs)
    except ValueError as error:
        raise SignletError(f"{path}: {error}; copy the file again") from None
    members = config.get("members")
    if not isinstance(members, list) or not 0 < len(members) <= MAX_MEMBERS:
        raise SignletError(
            f"{path}: members is not a list of 1 to {MAX_MEMBERS} models; copy the file again"
        )
    return tuple(signs), [_size(member, len(signs), path) for member in members]


def _about(config: dict[str, Any], path: Path) -> dict[str, Any]:
    about = config.get("about") or {}
    if not isinstance(about, dict):
        raise SignletError(f"{path}: about is not an object; copy the file again")
    return about


def _average(config: dict[str, Any], count: int, path: Path) -> Average:
    if config["format"] == PLAIN_FORMAT:
        return Average.plain(count)
    try:
        average = Average.read(config.get("average"), count)
    except SignletError as error:
        raise SignletError(f"{path}: {error}; copy the file again") from None
    shares = average.shares()
    if [member.get("weight") for member in config["members"]] != [shares[i] for i in range(count)]:
        raise SignletError(
            f"{path}: the members' weights do not match the average; to average differently, "
            "make the ensemble again"
        )
    return average


def _size(member: Any, classes: int, path: Path) -> ModelConfig:
    try:
        raw = dict(member["model"])
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
        size = ModelConfig(**values)
        numbers = (size.max_len, size.dense, *size.widths, size.heads)
        fits = all(isinstance(n, int) and 0 < n <= MAX_SIZE for n in numbers)
        fits = fits and size.num_classes == classes
        fits = fits and member["preprocess"] == {"max_len": size.max_len}
    except Exception as error:  # whatever an untrusted configuration makes of the lines above
        raise _unbuildable(path, error) from None
    if not fits:
        raise SignletError(f"{path}: sizes of a member contradict each other or are too large")
    return size


def _unbuildable(path: Path, error: Exception) -> SignletError:
    said = first_line(error, 200)
    return SignletError(f"{path}: a member cannot be built ({said}); copy the file again")


def _shapes(size: ModelConfig, path: Path) -> dict[str, tuple[torch.Size, bool]]:
    """Shapes of a model's tensors, and whether they hold fractions.

    Found without memory, whatever size a hostile file asks for. path: of the configuration.
    """
    try:
        with unfilled(size):
            tensors = SignModel(size).state_dict()
    except Exception as error:  # sizes that each are allowed, but not together
        raise _unbuildable(path, error) from None
    return {name: (one.shape, one.is_floating_point()) for name, one in tensors.items()}


def _member(
    size: ModelConfig,
    weights: dict[str, Tensor],
    number: int,
    expected: dict[str, tuple[torch.Size, bool]],
    path: Path,
) -> SignModel:
    prefix = f"{number}."
    own = {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
    if expected != {k: (v.shape, v.is_floating_point()) for k, v in own.items()}:
        raise SignletError(f"{path}: weights do not fit {CONFIG}; copy both files again")
    if any(v.is_floating_point() and not bool(v.isfinite().all()) for v in own.values()):
        raise SignletError(f"{path}: weights are not finite numbers; train again")
    model = SignModel(size)
    model.load_state_dict(own)
    return model.eval()
