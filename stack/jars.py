"""Fetch Kafka's jars, once per user, with Maven; find the Java to run them."""

# ruff: noqa: S603 - starting programs is what this file is for; no argument comes from outside

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stack.program import Say, StackError, say_on_stderr

if TYPE_CHECKING:
    from collections.abc import Iterator

KAFKA_VERSION = "4.3.1"  #: Must be the version `pom.xml` names; a test compares them.
JAVA_VERSION_MIN = 17  #: Kafka 4 brokers refuse anything older.
POM = Path(__file__).with_name("pom.xml")
#: First runs fetch 44 MB and Maven's own plug-ins; a hung mirror must not hang the terminal.
FETCH_WITHIN_S = 600


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime that Kafka runs on."""

    path: str
    banner: str  #: All it says about its version.


def fetch(cache: Path | None = None, say: Say = say_on_stderr) -> Path:
    """Put Kafka's jars into the user's cache, unless they are there.

    Any number of processes may call this at once: one fetches, the others wait for it. The folder
    appears complete or not at all.

    Args:
        cache: Folder to keep them in; by default Whistle's part of the user's cache folder.
        say: Told what is going on before it takes a while.

    Returns:
        The folder that holds the jars.

    Raises:
        StackError: Java or Maven is missing, or Maven could not fetch the jars.
    """
    home = (cache or default_cache()) / f"kafka-{KAFKA_VERSION}"
    libs = home / "libs"
    if libs.is_dir():
        return libs
    find_java()
    maven = shutil.which("mvn")
    if maven is None:
        raise StackError(
            "maven-missing", "Maven is missing: install it so that `mvn` is found on the PATH"
        )
    home.mkdir(parents=True, exist_ok=True)
    with locked(home / "install.lock"):
        if not libs.is_dir():
            say(f"Fetching Kafka {KAFKA_VERSION} with Maven (44 MB, once) ...")
            _fetch(maven, libs)
    return libs


def default_cache() -> Path:
    """Return Whistle's part of the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "whistle"


def _fetch(maven: str, libs: Path) -> None:
    """Let Maven copy the jars beside their final place, then move the whole folder there."""
    # A folder beside the target, because only within one file system is a rename atomic.
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=libs.parent) as scratch:
        fetched = Path(scratch) / "libs"
        command = [maven, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies"]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={fetched}"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=FETCH_WITHIN_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise StackError(
                "maven-failed", f"Maven did not fetch Kafka's jars within {FETCH_WITHIN_S} s"
            ) from error
        if done.returncode != 0 or not any(fetched.glob(f"kafka_*-{KAFKA_VERSION}.jar")):
            words = (done.stdout + done.stderr).strip()[-2000:]
            raise StackError("maven-failed", f"Maven could not fetch Kafka's jars:\n{words}")
        fetched.rename(libs)


@functools.cache
def find_java() -> Java:
    """Find a Java that Kafka runs on: that of JAVA_HOME, else the first on the PATH.

    Raises:
        StackError: There is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    in_home = shutil.which("java", path=str(Path(home) / "bin")) if home else None
    path = in_home or shutil.which("java")
    if path is None:
        raise StackError(
            "java-missing",
            f"Java is missing: install a Java runtime, version {JAVA_VERSION_MIN} or newer",
        )
    asked = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)
    # On standard error, like this: `openjdk version "17.0.15" 2025-04-15`; Java 8 says "1.8".
    banner = asked.stderr.strip()
    found = re.search(r'version "(\d+)', banner)
    if found is None or int(found[1]) < JAVA_VERSION_MIN:
        raise StackError(
            "java-too-old",
            f"Kafka needs Java {JAVA_VERSION_MIN} or newer; {path} says: {banner or 'nothing'}",
        )
    return Java(path, banner)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes; the kernel releases it however this one ends."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
