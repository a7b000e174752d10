"""`whistle demo`: a stack of its own, a morning at the hotline played on it, and the reckoning.

Everything goes through the doors that a city would use: complaints, agencies' actions, triage
and call-back answers over HTTP; agencies' systems get signed webhooks; the citizens' telephones
are an SMS gateway. What is shown is read from the topics, and at the end every count is compared
with every other.
"""

from __future__ import annotations

from services.cli.demo.command import demo

__all__ = ["demo"]
