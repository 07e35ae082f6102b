"""The workspace server: the protocol in `wire` over a database and a store of contents.

`run` starts it, `admin` works on its data directory without it. Beside the front ends, not under
them: only the command line starts it, and it never imports the client.
"""
