"""A stream of landmarks in, signs with times out; numpy only.

>>> from signlet.stream import StreamRecogniser
>>> stream = StreamRecogniser(signlet.load("model.onnx"))
>>> for frame, time in camera:  # (543, 3) landmarks and seconds
...     for event in stream.push(frame, time):
...         print(event.sign, event.start, event.end, event.confidence)
"""

from signlet.stream.recogniser import SignEvent, StreamRecogniser
from signlet.stream.segmenter import Segment, Segmenter
from signlet.stream.settings import StreamSettings

__all__ = ["Segment", "Segmenter", "SignEvent", "StreamRecogniser", "StreamSettings"]
