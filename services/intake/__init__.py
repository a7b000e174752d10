"""The only door in: people, operators, files, agencies and citizens' answers.

Consumes: HTTP; complaints.tracked (what the public status page, agencies' rights and open
call-backs are read from).
Emits: complaints.received (ComplaintReceived, ComplaintSupplemented, ComplaintWithdrawn,
OrderActionReported, CaseActionReported, CallbackAnswered, WhistleRaised,
WhistleActionReported).
Owns: PostgreSQL schemas `intake` and `identity`. Names, telephone numbers and addresses
stay in `identity`, encrypted; an event carries a token instead.
Policy: divisions (gazetteer), categories, urgency words, the city's number prefix.
"""
