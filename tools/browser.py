"""Finds Chromium, and installs Debian's where that can be done; only the page's test needs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: A font with Chinese, so that pictures of the page show what people see.
PACKAGES = ("chromium", "fonts-noto-cjk")

MISSING = (
    "Chromium is missing: install it so that `chromium` is found on the PATH"
    " (on Debian: apt-get install chromium)"
)


def find() -> str | None:
    """Find the browser's program; None if there is none."""
    found = (shutil.which(name) for name in NAMES)
    return next((path for path in found if path is not None), None)


def install() -> str | None:
    """Install Debian's package if this is root on a machine with apt.

    Returns:
        What is missing, in words for whoever can install it; None if the browser is there.
    """
    if find() is None and os.geteuid() == 0 and shutil.which("apt-get") is not None:
        sys.stderr.write("Installing Chromium for the page's test ...\n")
        settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
            done = subprocess.run(  # noqa: S603 - fixed words
                ["apt-get", "-qq", *arguments],  # noqa: S607 - where apt is, is the system's
                env=settings,
                stdout=subprocess.DEVNULL,
                check=False,
            )
            if done.returncode:
                break
    return None if find() else MISSING
