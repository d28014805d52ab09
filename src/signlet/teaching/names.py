"""Names of signs and signers as users give them."""

from __future__ import annotations

import unicodedata

from signlet.errors import SignletError

MOST = 60
"""Characters of a sign's name."""
NONE = "none"
"""No sign's name, since it is the answer for none of the signs."""
_CONTROLS = ("Cc", "Cs", "Zl", "Zp")


def sign_name(text: str) -> str:
    """A sign's name in its one form: Unicode NFC, no blanks around it.

    Raises SignletError where it is empty, not one printable line, or too long.
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not any(letter.isprintable() and not letter.isspace() for letter in name):
        raise SignletError(f"a sign is called {text!r}; give it a name that can be read")
    if any(unicodedata.category(letter) in _CONTROLS for letter in name):
        raise SignletError(f"the sign {name!r} is not one printable line; name it otherwise")
    if len(name) > MOST:
        raise SignletError(
            f"the sign {name[:20]}... has {len(name)} characters; {MOST} are allowed"
        )
    return name


def new_sign_name(text: str) -> str:
    """`sign_name` of a sign that is to be taught. Raises SignletError also for "none"."""
    name = sign_name(text)
    if name.casefold() == NONE:
        raise SignletError(
            f"a sign is called {name!r}, which is the answer for none of the signs; "
            "choose another name"
        )
    return name


def signer_name(text: str | None) -> str:
    """A signer's name in its one form, "" where it is unknown."""
    return unicodedata.normalize("NFC", text or "").strip()
