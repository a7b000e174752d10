"""The rules of a city, which officials change: from plain files to typed records.

A bundle is a handful of CSV and TOML files (`policy/<city>/`). `folder.read` reads
them, `load` makes a `Policy` of them or raises `PolicyError` with every fault, `check`
only lists faults, `bundle_hash` names a bundle by its content. Everything except
`services.policy.folder` is pure: no file, no clock, no randomness.

Codes are strings throughout: division codes are the national statistics codes,
agency, category, standard and rule codes are the policy's own, in kebab-case.
"""

from services.policy.agencies import Agency, AgencyKind
from services.policy.answers import KnowledgeEntry
from services.policy.areas import Area
from services.policy.boundaries import Boundary
from services.policy.bundle import bundle_hash, check, load
from services.policy.calendar import Calendar
from services.policy.callback import CallbackRules
from services.policy.catalogue import Rule
from services.policy.categories import Category
from services.policy.causes import BonusRules, Cause, CauseRules
from services.policy.city import City, RoutingRules
from services.policy.diversions import DiversionRule
from services.policy.divisions import Division, DivisionLevel
from services.policy.durations import Duration, DurationUnit, parse_duration
from services.policy.escalation import Level
from services.policy.examples import Example
from services.policy.faults import Fault, PolicyError, Severity
from services.policy.hook_examples import HookExample
from services.policy.hooks import HookMapping
from services.policy.imports import ImportMapping
from services.policy.landmarks import Landmark
from services.policy.nature import NatureWord
from services.policy.owners import Owner, OwnerKind
from services.policy.policy import Policy
from services.policy.powers import Power
from services.policy.scoring import Band, ExclusionReason, Scoring
from services.policy.specificity import Specificity
from services.policy.standards import Standard
from services.policy.supervision import Neglect, SupervisionRules, Urging
from services.policy.times import Moment, Times
from services.policy.urgency import UrgencyWords, Word
from services.policy.whistles import Precondition, WhistleKind, WhistleRules, WhistleStandard

__all__ = [
    "Agency",
    "AgencyKind",
    "Area",
    "Band",
    "BonusRules",
    "Boundary",
    "Calendar",
    "CallbackRules",
    "Category",
    "Cause",
    "CauseRules",
    "City",
    "DiversionRule",
    "Division",
    "DivisionLevel",
    "Duration",
    "DurationUnit",
    "Example",
    "ExclusionReason",
    "Fault",
    "HookExample",
    "HookMapping",
    "ImportMapping",
    "KnowledgeEntry",
    "Landmark",
    "Level",
    "Moment",
    "NatureWord",
    "Neglect",
    "Owner",
    "OwnerKind",
    "Policy",
    "PolicyError",
    "Power",
    "Precondition",
    "RoutingRules",
    "Rule",
    "Scoring",
    "Severity",
    "Specificity",
    "Standard",
    "SupervisionRules",
    "Times",
    "UrgencyWords",
    "Urging",
    "WhistleKind",
    "WhistleRules",
    "WhistleStandard",
    "Word",
    "bundle_hash",
    "check",
    "load",
    "parse_duration",
]
