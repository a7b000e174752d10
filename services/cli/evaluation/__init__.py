"""`whistle evaluate`: how good the door's reading is, on a city's own records.

Everything that learns does so inside the file it is given and is tested on rows it hasn't
seen: rows of one group, and rows that cite each other, are never on both sides.
"""
