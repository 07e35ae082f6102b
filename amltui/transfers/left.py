"""How much of a transfer that an earlier process left need not be moved again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from amltui.cache import Cache, PartFile
from amltui.errors import LocalError
from amltui.transfers.destinations import hidden_beside
from amltui.transfers.folder_files import folder_at
from amltui.transfers.records import Record, UploadRecord, UploadRequest


def bytes_left_here(cache: Cache, record: Record, acknowledged: Mapping[int, str]) -> int:
    """Bytes that lie on this disk, or that the server has.

    Args:
        cache: where downloads go through.
        record: what was asked for.
        acknowledged: parts of an upload that the server has; see `UploadEntry.acknowledged`.
    """
    if isinstance(record, UploadRecord):
        upload = record.request
        if upload.folder:
            return _of_folder(upload, acknowledged) if upload.upload_id else 0
        parts = len(acknowledged) if upload.upload_id else 0
        return min(parts * upload.part_size, upload.size)
    download = record.request
    here = cache.entry(record.workspace, download.source).held.total
    target = download.target
    part = PartFile.peek(hidden_beside(Path(target))) if target is not None else None
    return max(here, part.held.total) if part is not None else here


def _of_folder(upload: UploadRequest, parts: Collection[int]) -> int:
    """Bytes of the parts that were sent, of the folder as it is now."""
    try:
        folder = folder_at(Path(upload.path))
    except LocalError:
        return 0
    sizes = [size for _, _, size in folder.part_sizes(upload.part_size or 1)] if parts else []
    return sum(size for number, size in enumerate(sizes) if number in parts)
