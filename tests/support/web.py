"""A folder of a real web server, Python's own."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from amltui.config.connection_values import folder_address


class serving:  # noqa: N801 - used as a function
    def __init__(self, handler, root):
        if handler is SimpleHTTPRequestHandler:
            handler = type("Quiet", (handler,), {"log_message": lambda *_: None})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=root))
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return folder_address(f"http://127.0.0.1:{self.server.server_port}/")

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
