"""Which pictures and documents are kept: told by their first bytes, never by what was said.

The list is short on purpose. Taken are what people's telephones make (pictures, sound, short
films) and PDF. Refused is whatever a browser could run or a reader can't judge: HTML, SVG,
scripts, archives, office files, plain text. Nothing is decoded here, so a picture that
unpacks to gigabytes is just its bytes. A file that is two things at once still can do no harm:
it is given out as a download that no browser interprets (`http/attachments.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from uuid import UUID

#: Attachments of one complaint; a case that needs more needs a visit.
PER_COMPLAINT_MAX = 20

#: What the first bytes are enough for.
HEAD_BYTES = 32

#: Delays before the attempts. The first ones are for an upload that is still on its way to
#: its server, the last for a server that is restarted.
DELAYS = (
    timedelta(0),
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
)

#: While our own store is full or away: not the citizen's fault, so it costs no attempt.
STORE_DELAY = timedelta(minutes=1)

#: What can't become right by waiting.
Refusal = Literal[
    "bad-url",  #: It is no http(s) address, or holds a password.
    "forbidden-address",  #: It leads into a network that isn't the public internet.
    "too-many-redirects",
    "too-big",
    "empty",
    "wrong-type",  #: Its first bytes are those of nothing on the list.
]

_BOX = b"ftyp"  #: ISO base media: its brand stands behind it (ISO/IEC 14496-12, 4.3).
_BRANDS = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"isom": "video/mp4",
    b"iso2": "video/mp4",
    b"iso4": "video/mp4",
    b"iso5": "video/mp4",
    b"iso6": "video/mp4",
    b"mp41": "video/mp4",
    b"mp42": "video/mp4",
    b"avc1": "video/mp4",
    b"qt  ": "video/quicktime",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
    b"M4A ": "audio/mp4",
}
_STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}

ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/heif": "heif",
    "application/pdf": "pdf",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/3gpp": "3gp",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/amr": "amr",
    "audio/wav": "wav",
}


@dataclass(frozen=True, slots=True)
class TryAgain:
    """It may work later."""

    after: timedelta
    reason: str
    attempts: int  #: Made so far, as they count.


@dataclass(frozen=True, slots=True)
class Refuse:
    """It won't be kept; the reason is a code."""

    reason: str


def sniff(head: bytes) -> str | None:
    """Tell what a file is by its first bytes (`HEAD_BYTES` of them); None if not on the list."""
    for start, media_type in _STARTS:
        if head.startswith(start):
            return media_type
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == _BOX:
        return _BRANDS.get(head[8:12])
    return "audio/mpeg" if _is_mpeg_audio(head) else None


def _is_mpeg_audio(head: bytes) -> bool:
    """Tell a frame's header of MPEG audio, layer III (ISO/IEC 11172-3, 2.4.1.3)."""
    header = int.from_bytes(head[:4])
    is_layer_three = header & 0xFFE6_0000 == 0xFFE2_0000  # noqa: PLR2004 - sync, layer
    is_version_known = header & 0x0018_0000 != 0x0008_0000  # noqa: PLR2004
    is_rate_known = header & 0x0000_0C00 != 0x0000_0C00  # noqa: PLR2004
    bits = header & 0x0000_F000
    return is_layer_three and is_version_known and is_rate_known and 0 < bits < 0xF000  # noqa: PLR2004


def after_trouble(attempts: int, reason: str) -> TryAgain | Refuse:
    """Say what follows when a server didn't give the file.

    Args:
        attempts: Made so far, this one included.
        reason: Why not; the last one is kept.
    """
    if attempts >= len(DELAYS):
        return Refuse(reason)
    return TryAgain(DELAYS[attempts], reason, attempts)


def after_store_trouble(attempts: int) -> TryAgain:
    """Say what follows when our own store didn't take the file."""
    return TryAgain(STORE_DELAY, "store-unavailable", max(attempts - 1, 0))


def key_of(complaint_id: UUID, attachment_id: UUID) -> str:
    """Name a file in the store; fetched again, it takes the same place."""
    return f"{complaint_id}/{attachment_id}"


def file_name(attachment_id: UUID, media_type: str) -> str:
    """Name a file for whoever downloads it; nobody's own name for it is used."""
    return f"{attachment_id}.{ENDINGS[media_type]}"
