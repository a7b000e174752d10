"""Name the agency that has jurisdiction, and say why.

Consumes: complaints.received (ComplaintReceived), complaints.tracked (OrderReturned).
Emits: complaints.routed (ComplaintRouted, ComplaintDiverted, ComplaintHeld).
Owns: PostgreSQL schema `router`.
Policy: divisions, agencies, categories, catalogue, diversions, urgency, standards, routing.

A returned order is routed anew without every agency that returned it. Whether a return
counts is the tracker's to judge, so the router listens to the tracker, not to the agency.
"""
