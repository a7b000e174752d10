"""However a policy is mutilated, the check names faults and never breaks down itself."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy import PolicyError, check, load
from services.router.decide import broken_examples
from tests.policy.planting import full_files

FILES = full_files()
LINES = [(name, number) for name, text in FILES.items() for number in range(text.count(b"\n"))]
JUNK = (
    '""',
    "[]",
    "{}",
    "-1",
    "true",
    "2026-13-01",
    '"\\u0000"',
    "[[x]]",
    "🔥",
    "x" * 5000,
    ",,,,",
)


def _mutilate(draw: st.DrawFn, lines: list[str], at: int) -> list[str]:
    """Do one of the things that happen to files."""
    line, before, after = lines[at], lines[:at], lines[at + 1 :]
    head, sign, _ = line.partition("=" if "=" in line else ",")
    cut = line[: draw(st.integers(0, len(line)))]
    junk = draw(st.sampled_from(JUNK))
    other = draw(st.integers(0, len(lines) - 1))
    return draw(
        st.sampled_from(
            (
                before + after,
                [*before, line, line, *after],
                [*lines[:other], line, *lines[other:]],
                [*before, cut, *after],
                [*before, junk, *after],
                [*before, f"{head}{sign} {junk}", *after],
                [*before, lines[other], *after],
            )
        )
    )


@st.composite
def mutilated(draw: st.DrawFn) -> dict[str, bytes]:
    """The full policy with a few lines lost, doubled, copied, cut or filled with junk."""
    files = dict(FILES)
    for name, number in draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=4)):
        lines = files[name].decode().split("\n")
        lines = _mutilate(draw, lines, number % len(lines))
        files[name] = "\n".join(lines).encode()
    return files


@given(mutilated())
@settings(max_examples=100, deadline=None)
def test_the_check_never_breaks_down(files: dict[str, bytes]) -> None:
    """A traceback instead of a fault would leave the official without a line to look at."""
    found = check(files)
    assert list(found) == sorted(set(found))
    assert all(fault.line >= 1 and fault.message for fault in found)
    with contextlib.suppress(PolicyError):
        policy = load(files)
        broken_examples(policy)
