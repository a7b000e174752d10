"""`whistle vault`: replace its keys, check who looked, forget people.

All of it works on the database itself, beside running services: of the stack of `--data`, or of
`WHISTLE_DSN` and `WHISTLE_SECRETS_FILE`.
"""

from __future__ import annotations

import typer

from services.cli.vault import audit, erasure, keys

app = typer.Typer(no_args_is_help=True, help="Identities: keys, who looked, retention, erasure.")
app.command("keys")(keys.list_keys)
app.command("rotate")(keys.rotate)
app.command("rewrap")(keys.rewrap)
app.command("retire")(keys.retire)
app.command("audit")(audit.audit)
app.command("retain")(erasure.retain)
app.command("erase")(erasure.erase)

__all__ = ["app"]
