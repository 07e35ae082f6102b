"""The page in the browser: server-rendered, without scripts, and nothing without sign-in."""
