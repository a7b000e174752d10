"""Everything that touches a database, a key or the event loop's queues.

`complaints` accepts and remembers, `views` keeps the public view, `vault` keeps identities,
`gathering` makes one transaction of many requests.
"""
