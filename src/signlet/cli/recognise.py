"""signlet recognise."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from signlet.cli.parsing import existing, make_plain_parser, parse
from signlet.clip import Clip, require_landmarks
from signlet.errors import SignletError
from signlet.recognise import Prediction, Recogniser
from signlet.sources import find, open_source, read_clip

_EXAMPLES = """
  signlet recognise model.onnx clip.npz
  signlet recognise runs/demo clip.pose
  signlet recognise runs/demo clips/*.npz --top 3
  signlet recognise runs/demo fingerspelling:ase/R
  signlet recognise runs/demo clip.parquet --json
"""
_AT_ONCE = 64


def run(arguments: list[str]) -> None:
    """Parse, recognise, print."""
    parser = make_plain_parser(
        "recognise",
        "Name the sign in clips: .pose, .parquet (the competition's columns), .npz or .npy\n"
        "files of landmarks, or fingerspelling:NAME.",
        _EXAMPLES,
    )
    parser.add_argument("model", type=str, help="model.onnx, model.tflite or run folder")
    parser.add_argument("clips", type=str, nargs="+", help="clips to recognise")
    parser.add_argument("--top", type=int, default=5, help="how many signs to print")
    parser.add_argument("--json", action="store_true", help="print one JSON object a clip")
    parsed = parse(parser, arguments)
    if parsed.top < 1:
        raise SignletError(f"--top {parsed.top}: give at least 1")
    recogniser = Recogniser.load(existing(parsed.model, "run folder or model file"))
    problems: list[str] = []
    for start in range(0, len(parsed.clips), _AT_ONCE):
        clips = _readable(parsed.clips[start : start + _AT_ONCE], problems)
        answers = recogniser.batch(clip for _, clip in clips)
        for (name, _), said in zip(clips, answers, strict=True):
            _show(name, said.top(parsed.top), said, parsed.json)
    if problems:
        for problem in problems[:-1]:
            print(f"signlet: {problem}", file=sys.stderr)
        raise SignletError(problems[-1])


def _readable(names: list[str], problems: list[str]) -> list[tuple[str, Clip]]:
    """Name and clip of those that can be read; what is wrong with the rest goes to `problems`."""
    clips = []
    for name in names:
        try:
            clip = _read(name)
            require_landmarks(clip.frames, name)
            clips.append((name, clip))
        except SignletError as error:
            problems.append(str(error))
    return clips


def _read(name: str) -> Clip:
    source, _, clip = name.partition(":")
    if source == "fingerspelling" and clip and not Path(name).exists():
        letters = open_source(source)
        return letters.read(find(letters, clip))
    return read_clip(name)


def _show(name: str, best: list[tuple[str, float]], said: Prediction, as_json: bool) -> None:
    if as_json:
        top = [{"sign": sign, "probability": round(p, 6)} for sign, p in best]
        answer = {
            "clip": name,
            "sign": said.sign,
            "likeliest": said.likeliest,
            "confidence": round(said.confidence, 6),
            "top": top,
        }
        print(json.dumps(answer, ensure_ascii=False))
        return
    print(name)
    if said.sign is None:
        print(f"  none of its signs (confidence below {said.threshold:.1%}); the nearest:")
    width = max(len(sign) for sign, _ in best)
    for sign, probability in best:
        print(f"  {sign:<{width}}  {probability:6.1%}")
