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
    decode_ms: float = Field(description="to read the clip from the body, including waiting")
    wait_ms: float = Field(description="until the model was free")
    recognise_ms: float = Field(
        description="in the model, together with the other clips of the batch"
    )


class Answer(BaseModel):
    """The answer for one clip."""

    sign: str | None = Field(description="the sign; null if the model knows no such sign")
    likeliest: str = Field(description="the likeliest known sign, even if sign is null")
    confidence: float = Field(
        description="probability of likeliest; calibrated if the model file has a calibration"
    )
    none: float = Field(
        description="probability that it is none of the signs; 0 unless the model was taught"
    )
    top: list[Candidate] = Field(description="the likeliest signs, best first")
    frames: int = Field(description="frames of the clip")
    together: int = Field(description="number of clips in the same batch")
    remarks: list[str] = Field(
        description="repairs, such as zeros that were treated as not found, and what looks wrong, "
        "such as swapped hands, or no hand in any frame: then the answer means nothing"
    )
    timing: Timing


class Labels(BaseModel):
    """The signs that the model knows."""

    signs: list[str]
    max_frames: int = Field(description="most frames that a clip may have")


class Health(BaseModel):
    """live: the service answers. ready: it takes clips."""

    live: bool
    ready: bool
    under_way: int = Field(description="recognitions in progress")
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
        "whose points are all at one place in a frame, such as zeros, counts as not found.",
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
    400: "The body is invalid JSON, an invalid form, or incomplete.",
    403: "The host name or the page is not allowed (see `--allow_host`).",
    408: "The body did not arrive in time.",
    413: "The body has too many bytes, or the clip too many frames.",
    415: "The service does not read this format.",
    422: "The body contains no clip, or a clip without landmarks; or a query parameter is unknown.",
    500: "The model failed.",
    503: "The service is busy; `Retry-After` says when to try again.",
    504: "The answer took too long.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Descriptions of the answers with these statuses."""
    about = PROBLEMS | {401: "The token is missing or wrong."}
    return {status: {"model": Problem, "description": about[status]} for status in statuses}
