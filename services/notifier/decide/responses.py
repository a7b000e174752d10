"""What of a receiver's answer is kept: enough to see an error, nobody's number or address.

We send nobody's, but a receiver may say one that it has from elsewhere. So whatever could be a
telephone number, an identity card's or an e-mail address is taken out, also where it is none.
"""

from __future__ import annotations

import re

#: Seven digits or more, as local numbers have, written in one or in groups; an identity card's
#: may end in X. A UUID or an instant is no such number, and helps to find the fault.
_FOUND = re.compile(
    r"(?P<kept>\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\d{4}-\d\d-\d\dT[\d:.]+)"
    r"|[^\s@<>\"':;,=]{1,64}@[^\s@<>\"':;,]{1,255}"
    r"|\+?\(?\d(?:[ ()-]{0,2}\d){6,}[Xx]?",
    re.ASCII,
)


def without_contacts(text: str) -> str:
    """Take out of an answer whatever could name how to reach somebody."""
    return _FOUND.sub(lambda found: found["kept"] or "***", text)
