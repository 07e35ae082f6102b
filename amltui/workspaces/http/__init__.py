"""HTTP for every kind of workspace that is behind a server.

`client` sends requests, over `transport` and `network`, `api_answers` bounds what comes back,
`faults` is the one border at which foreign exceptions and refusals become errors of ours. httpx is
imported when a workspace is entered, not before.
"""
