"""Answers of the service, as its OpenAPI description shows them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from signlet.clip import advised
from signlet.landmarks import NUM_RAW
from signlet.serve.decode import BINARY, JSON
from signlet.serve.form import FORM
from signlet.serve.service import Recognised


class Candidate(BaseModel):
    """One sign with its probability."""

    sign: str
    probability: float


class Timing(BaseModel):
    """Milliseconds."""

    read_ms: float = Field(description="until the body had arrived")
    decode_ms: float = Field(description="to read the clip out of it, and to wait for that")
    wait_ms: float = Field(description="until the model was free")
    recognise_ms: float = Field(description="in the model, with the others of its batch")


class Answer(BaseModel):
    """What is said of one clip."""

    sign: str | None = Field(description="the sign; null where it is none that the model knows")
    likeliest: str = Field(description="the likeliest of the known signs, whatever is shown")
    confidence: float = Field(description="its probability, calibrated where the model file is")
    none: float = Field(
        description="probability that it is none of the signs; 0 unless they were taught"
    )
    top: list[Candidate] = Field(description="the likeliest signs, best first")
    frames: int = Field(description="frames of the clip")
    together: int = Field(description="clips that went through the model at once")
    remarks: list[str] = Field(
        description="what was mended in the clip, such as zeros that were taken as not found, and "
        "what its numbers seem to mean instead, such as left and right hand exchanged"
    )
    timing: Timing


class Labels(BaseModel):
    """The signs that the model knows."""

    signs: list[str]
    max_frames: int = Field(description="frames that a clip may have here")


class Health(BaseModel):
    """live: the service answers. ready: it takes clips."""

    live: bool
    ready: bool
    under_way: int = Field(description="recognitions under way")
    version: str


class Problem(BaseModel):
    """Why there is no answer, in one line."""

    detail: str


def answer(found: Recognised, top: int) -> Answer:
    """The answer to a request. Probabilities have six digits."""
    milliseconds = {f"{name}_ms": round(s * 1000, 2) for name, s in found.stages.items()}
    return Answer(
        sign=found.said.sign,
        likeliest=found.said.likeliest,
        confidence=round(float(found.said.confidence), 6),
        none=round(float(found.said.none), 6),
        top=[Candidate(sign=s, probability=round(p, 6)) for s, p in found.said.top(top)],
        frames=found.frames,
        together=found.together,
        remarks=[advised(remark) for remark in found.remarks],
        timing=Timing(**milliseconds),
    )


_NUMBER: dict[str, Any] = {"type": ["number", "null"]}
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"Landmarks of one clip: frames of {NUM_RAW} points (face 468, left hand "
        "21, pose 33, right hand 21), [x, y, z] each as fractions of the image; null (in JSON), "
        "NaN or an empty cell (in files) where a point was not found. A part (face, hand, pose) "
        "whose points all lie at one place in a frame, such as zeros, counts as not found.",
        "content": {
            JSON: {
                "schema": {
                    "type": "object",
                    "required": ["landmarks"],
                    "additionalProperties": False,
                    "properties": {
                        "landmarks": {
                            "description": f"frames x {NUM_RAW} points x 3 coordinates",
                            "type": "array",
                            "items": {
                                "type": "array",
                                "items": {"type": ["array", "null"], "items": _NUMBER},
                            },
                        }
                    },
                }
            },
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["clip"],
                    "properties": {"clip": {"type": "string", "format": "binary"}},
                }
            },
            **dict.fromkeys(BINARY, _BINARY),
        },
    }
}
PROBLEMS: dict[int, str] = {
    400: "The body is broken JSON, a broken form, or ended early.",
    403: "A host or a page by whose name the service is not to be asked.",
    408: "The body did not arrive in time.",
    413: "Too many bytes or frames.",
    415: "Another format than those that are read.",
    422: "No clip, or one in which nothing was found; or another query than is described.",
    500: "The model failed.",
    503: "Too many requests wait, or too much is held; `Retry-After` says when to come again.",
    504: "The answer took too long.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Descriptions of the answers with these statuses."""
    about = PROBLEMS | {401: "The token is missing or wrong."}
    return {status: {"model": Problem, "description": about[status]} for status in statuses}
