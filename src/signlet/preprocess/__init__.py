"""Raw landmarks of a clip (T, 543, 3) to model input (B, T, 100, 3) and its mask (B, T).

One definition for packing, training, recognition and export: `reference.py` states it, `fast.py`
runs it.
"""

from signlet.preprocess.fast import Preprocess, frame_slots

__all__ = ["Preprocess", "frame_slots"]
