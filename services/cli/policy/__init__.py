"""`whistle policy`: check a folder, put it in force, ask it, compare it, and hold it to account.

`checking` examines and publishes, `explaining` asks about one text, `comparing` says what differs
between two policies, `replaying` what would have become of past complaints, and `judging` how
often first dispatches stood, `noticing` what people would read.
"""

import typer

from services.cli.policy.checking import check, examine, publish
from services.cli.policy.comparing import diff
from services.cli.policy.explaining import explain_text
from services.cli.policy.judging import accuracy, errors
from services.cli.policy.noticing import notices
from services.cli.policy.replaying import what_if

__all__ = ["app", "examine"]

app = typer.Typer(no_args_is_help=True, help="Check, publish, question and compare rules.")
app.command("check")(check)
app.command("publish")(publish)
app.command("explain")(explain_text)
app.command("diff")(diff)
app.command("what-if")(what_if)
app.command("notices")(notices)
app.command("accuracy")(accuracy)
app.command("errors")(errors)
