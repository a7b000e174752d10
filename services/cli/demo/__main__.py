"""Run the demo by itself: `python -m services.cli.demo`."""

from __future__ import annotations

import typer

from services.cli.demo import demo

if __name__ == "__main__":
    typer.run(demo)
