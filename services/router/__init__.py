"""Name the agency that has jurisdiction, and say why.

Consumes: complaints.received (ComplaintReceived, ComplaintSupplemented, WhistleRaised),
complaints.tracked (OrderReturned, CaseClosed).
Emits: complaints.routed (ComplaintRouted, ComplaintDiverted, ComplaintAnswered, ComplaintHeld,
WhistleRouted, WhistleRefused).
Owns: PostgreSQL schema `router`.
Policy: divisions, agencies, categories, catalogue, diversions, answers, urgency, standards,
routing, whistles.

A returned order is routed anew without every agency that returned it. Whether a return
counts is the tracker's to judge, so the router listens to the tracker, not to the agency.
"""
