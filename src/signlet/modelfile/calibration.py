"""A model's calibration: temperature and threshold; probabilities (B, K) in, calibrated ones out.

Temperature scaling is Guo et al. 2017, arXiv:1706.04599; a threshold on the largest
probability is Hendrycks and Gimpel 2017, arXiv:1610.02136. `signlet.calibration.measure`
measures both.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.files.json_text import parsed
from signlet.files.regular import content_of
from signlet.modelfile import checksum
from signlet.modelfile.averaging import log_probabilities

FORMAT = 1
CALIBRATION = "calibration.json"
MODEL = "config.json"
"""The file of a run folder that tells a calibration which model it belongs to."""
ACCEPTED = "known_accepted"
"""Among the facts of an exported model: share of clips of its own signs that get a sign."""
LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.01, 100.0
_LARGEST = 64 << 20
_SHARES = ("threshold", "false_accepts", "auroc", "fpr95")


@dataclass(frozen=True)
class Calibration:
    """A calibration, measured on clips that the model was not trained on.

    temperature: logits are divided by it; above 1 the model was too sure, below 1 not enough.
    threshold: a confidence (largest calibrated probability) below it means "none".
    false_accepts: share of clips of unknown signs that may pass the threshold, as chosen.
    auroc: probability that a clip of a known sign has a higher confidence than one of an
    unknown sign. fpr95: share of unknown clips accepted where 95 % of the known ones are.
    known, unknown: numbers of clips that this was measured on.
    Raises SignletError if a number is outside its range.
    """

    temperature: float
    threshold: float
    false_accepts: float
    auroc: float
    fpr95: float
    known: int
    unknown: int

    def __post_init__(self) -> None:
        for name in _SHARES:
            _require(name, getattr(self, name), 0.0, 1.0)
        _require("temperature", self.temperature, LEAST_TEMPERATURE, MOST_TEMPERATURE)
        for name in ("known", "unknown"):
            if type(getattr(self, name)) is not int or getattr(self, name) < 1:
                raise SignletError(f"calibration: {name} must be a whole number above 0")

    def apply(self, probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """softmax(log p / temperature).

        probabilities: (N, K), rows sum to 1. For one model this is its softmax with the
        logits divided by the temperature, because the logarithm of a softmax is the logit
        less a constant of the clip; for an average of models it is defined all the same.
        Returns (N, K) float32, rows sum to 1, order within a row as before.
        """
        return tempered(probabilities, self.temperature)

    def as_json(self) -> dict[str, Any]:
        """For `read`."""
        return asdict(self)

    @classmethod
    def read(cls, raw: Any) -> Calibration:
        """From what `as_json` gave, out of an untrusted file; raises SignletError."""
        names = [field.name for field in fields(cls)]
        if not isinstance(raw, dict) or not set(names) <= set(raw):
            raise SignletError(f"calibration: is not an object with {', '.join(names)}")
        return cls(**{name: raw[name] for name in names})


def _require(name: str, value: Any, low: float, high: float) -> None:
    if type(value) not in (int, float) or not low <= value <= high:  # NaN is in no range
        raise SignletError(f"calibration: {name} must be a number in {low:g} to {high:g}")


def tempered(probabilities: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float32]:
    """See `Calibration.apply`: (N, K) -> (N, K) float32."""
    logits = log_probabilities(probabilities) / temperature
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    answer: NDArray[np.float32] = (powers / powers.sum(-1, keepdims=True)).astype(np.float32)
    return answer


# --- the file -----------------------------------------------------------------------------


def model_digest(folder: Path) -> str:
    """Return the digest of a run or ensemble folder's model: SHA-256 of its config."""
    return hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()


def read_calibration(folder: str | Path) -> Calibration | None:
    """The calibration of a run or ensemble folder, None if there is none.

    Raises SignletError if the file is damaged, or the folder's model has changed since.
    """
    path = Path(folder) / CALIBRATION
    if not path.exists():
        return None
    remedy = f"run signlet calibrate {folder} again, or delete the file"
    try:
        raw = parsed(content_of(path, _LARGEST))
        if not isinstance(raw, dict) or raw.get("format") != FORMAT:
            raise SignletError(f"is not a calibration of format {FORMAT}")
        calibration = Calibration.read(raw.get("calibration"))
        if raw.get("model") != model_digest(path.parent):
            raise SignletError(f"was measured with another model than the one in {folder}")
        if checksum.NAME not in raw:
            checksum.note_missing(str(path))
        elif raw[checksum.NAME] != checksum.of_content(raw):
            raise SignletError("is damaged, or was changed after it was written")
    except (OSError, ValueError, SignletError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise SignletError(f"{path}: {reason}; {remedy}") from None
    return calibration


def known_accepted(folder: str | Path) -> dict[str, float]:
    """`ACCEPTED` as the report in a folder's calibration has it; {} if it has none.

    Call it where `read_calibration` has read the file. Raises SignletError if it cannot be read.
    """
    path = Path(folder) / CALIBRATION
    raw = parsed(content_of(path, _LARGEST)) if path.exists() else None
    report = raw.get("report") if isinstance(raw, dict) else None
    accepted = report.get("accepted") if isinstance(report, dict) else None
    share = accepted.get("share") if isinstance(accepted, dict) else None
    return {ACCEPTED: share} if isinstance(share, float) else {}
