"""Say what this machine lacks for the tests, and fetch what can be fetched before they wait.

`python -m tools.prepare` fetches Kafka's jars (once per user) and fails if it can't; with
`--browser` it installs Chromium too where it can, and says so where it can't: the tests that need
it are skipped then, except in CI, where they fail. With `--look` it only says what is missing: much
of Whistle can be worked on without Java.
"""

from __future__ import annotations

import shutil
import sys

from stack.jars import fetch, find_java
from stack.program import StackError
from tools import browser


def faults() -> list[str]:
    """List what is missing, in words for whoever can install it."""
    found = []
    try:
        find_java()
    except StackError as error:
        found.append(str(error))
    if shutil.which("mvn") is None:
        found.append("Maven is missing: install it so that `mvn` is found on the PATH")
    if browser.find() is None:
        found.append(browser.MISSING)
    return found


def main(arguments: list[str]) -> int:
    """Look or fetch; returns the exit status."""
    if "--look" in arguments:
        for fault in faults():
            sys.stderr.write(f"Needed by `make demo` and `make test`: {fault}\n")
        return 0
    try:
        fetch()
        find_java()  # Jars of an earlier day don't need Maven any more, but Java they do.
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if "--browser" in arguments and (fault := browser.install()) is not None:
        sys.stderr.write(f"{fault}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
