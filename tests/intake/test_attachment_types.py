"""Which files are kept, told by their first bytes; and how long a server is given."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.decide.attachments import (
    DELAYS,
    ENDINGS,
    HEAD_BYTES,
    Refuse,
    TryAgain,
    after_store_trouble,
    after_trouble,
    file_name,
    sniff,
)
from tests.intake.files import HTML, JPEG, PNG, SVG


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (JPEG, "image/jpeg"),
        (PNG, "image/png"),
        (b"GIF89a\x01\x00", "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "image/heic"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00", "image/heif"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", "video/mp4"),
        (b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00", "video/quicktime"),
        (b"\x00\x00\x00\x20ftypM4A \x00\x00\x02\x00", "audio/mp4"),
        (b"#!AMR\n<", "audio/amr"),
        (b"ID3\x04\x00\x00", "audio/mpeg"),
        (b"\xff\xfb\x90\x64\x00\x00", "audio/mpeg"),
        (b"%PDF-1.7\n", "application/pdf"),
    ],
)
def test_what_telephones_make_is_known_by_its_first_bytes(head, media_type):
    """A name or a header could say anything."""
    assert sniff(head[:HEAD_BYTES]) == media_type
    assert file_name(UUID(int=7), media_type) == f"{UUID(int=7)}.{ENDINGS[media_type]}"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        HTML,
        SVG,
        b"  \n<html>",
        b"#!/bin/sh\n",
        b"MZ\x90\x00",
        b"\x7fELF\x02\x01",
        b"PK\x03\x04\x14\x00",  # Archives and office files.
        b"{\\rtf1",
        b"RIFF\x10\x00\x00\x00AVI LIST",
        b"\x00\x00\x00\x18ftypavif\x00\x00",
        b"\xff\xff\xff\xff",
        b"\xff\xd8",
        "垃圾三天没有人清".encode(),
        b"BM\x36\x00",
    ],
)
def test_what_runs_or_hides_is_not_kept(head):
    """Whoever opens it sits in the city's own network."""
    assert sniff(head[:HEAD_BYTES]) is None


@given(st.text(st.characters(codec="utf-8"), max_size=HEAD_BYTES))
def test_no_text_passes_for_a_picture(text):
    """Except what begins like a file that is made of text."""
    head = text.encode()[:HEAD_BYTES]
    known = (b"GIF8", b"%PDF-", b"#!AMR", b"ID3", b"RIFF")
    assert sniff(head) is None or head.startswith(known) or head[4:8] == b"ftyp"


def test_a_server_is_given_a_bit_more_than_an_hour():
    """An upload may still be on its way; what isn't there after an hour won't come."""
    outcomes = [after_trouble(attempt, "status-404") for attempt in range(1, 6)]
    assert [getattr(outcome, "after", None) for outcome in outcomes] == [*DELAYS[1:], None]
    assert outcomes[-1] == Refuse("status-404")
    assert sum(DELAYS, timedelta()) < timedelta(hours=1, minutes=15)


def test_trouble_with_our_own_store_costs_no_attempt():
    """A full disk is not the citizen's fault, however long it lasts."""
    outcome = after_store_trouble(1)
    assert outcome == TryAgain(timedelta(minutes=1), "store-unavailable", 0)
