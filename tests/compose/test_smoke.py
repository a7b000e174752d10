"""The containers as an operator runs them: needs `make up`."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

pytestmark = [pytest.mark.compose, pytest.mark.timeout(300)]


def compose(*words: str) -> subprocess.CompletedProcess[str]:
    """Run docker compose in the project's folder."""
    docker = shutil.which("docker") or "docker"
    return subprocess.run(  # noqa: S603 - our own words
        [docker, "compose", *words], capture_output=True, text=True, check=False
    )


def test_complaints_posted_to_the_containers_come_back_as_signed_webhooks() -> None:
    """The whole path in containers: intake, router, tracker, notifier, and out."""
    done = compose("run", "--rm", "-T", "smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["posted"], found["delivered"], found["forged"]) == (20, 20, 0)


def test_every_service_is_healthy() -> None:
    """Health checks say what `depends_on` and operators rely on."""
    done = compose("ps", "--format", "json")
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    health = {row["Service"]: row["Health"] for row in rows}
    services = ("kafka", "postgres", "intake", "router", "tracker", "notifier")
    assert {name: health.get(name) for name in services} == dict.fromkeys(services, "healthy")
