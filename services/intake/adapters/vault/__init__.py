"""The vault: names, numbers and addresses, sealed; nobody looks without leaving a trace.

`sealing` encrypts, `records` stores and finds, `accesses` writes down who looked and proves that
nothing of it was changed, `rotation` replaces keys, `erasure` forgets.
"""

from services.intake.adapters.vault.accesses import Access, AccessLog, Outcome
from services.intake.adapters.vault.records import Contact, Sealed, StaleKeyError, Vault
from services.intake.adapters.vault.sealing import Envelope, UnknownKeyError

__all__ = [
    "Access",
    "AccessLog",
    "Contact",
    "Envelope",
    "Outcome",
    "Sealed",
    "StaleKeyError",
    "UnknownKeyError",
    "Vault",
]
