"""Right shape, wrong meaning: clips whose numbers mean something else, and how to repair them."""

from signlet.meaning.change import Change
from signlet.meaning.checks import remarks_on, suspected
from signlet.meaning.faults import Fault, for_some, remedy, spoils_answers, tells_meaning
from signlet.meaning.handedness import Look, look_at, suspected_of_set
from signlet.meaning.sets import Verdict, of_set

__all__ = [
    "Change",
    "Fault",
    "Look",
    "Verdict",
    "for_some",
    "look_at",
    "of_set",
    "remarks_on",
    "remedy",
    "spoils_answers",
    "suspected",
    "suspected_of_set",
    "tells_meaning",
]
