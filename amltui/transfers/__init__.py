"""Downloads and uploads that survive a cut line, a full disk and a killed process."""

from amltui.transfers.fetch import Feed
from amltui.transfers.journal import Record
from amltui.transfers.queue import Transfers
from amltui.transfers.states import Options, State, Transfer

__all__ = ["Feed", "Options", "Record", "State", "Transfer", "Transfers"]
