"""Previews: the first rows of a dataset at once, then any of them, then what questions need.

    the content: where it lies on this disk, or a file of the cache that grows as its bytes come
      first 256 KiB  -> first rows, in memory
      its bytes      -> index of its rows: from then on any window is read from the content
      when asked     -> text table (columns), written by a process of its own
      a place of it  -> rows far from those that are here, by one request; all that is fetched of
                        a content above the limit, until somebody asks for the rest

The index and the table, once whole, stay in the cache: the next preview opens them at once, also
offline.
"""

from amltui.cache import Source
from amltui.services.previews.opening import FETCHED, open_preview
from amltui.services.previews.preview import SMALL, Preview

__all__ = ["FETCHED", "SMALL", "Preview", "Source", "open_preview"]
