"""Pure decisions at the door: no clock, no network, no database.

`acceptance` turns a request into what is stored and told; `place`, `masking`, `urgency`,
`nature`, `language`, `person` and `repeats` are its parts. `view` keeps what the public may
see from the tracker's facts; `commands` judges follow-ups, agencies' actions and answers.
"""
