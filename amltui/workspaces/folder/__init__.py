"""A folder as a workspace: each file below it is a dataset, its path the dataset's name.

directory   a directory of this machine, read and written where it lies
notes       descriptions and types that no file name says, in `.amltui.toml` beside the files
workspace   what a directory answers to the workspace interface
store       what a bucket or a container answers, with the modules `store_*` below it:
            connect, listing, notes, writing (S3), azure (its writing), errors
web         what a folder of a web server answers, by its index pages
"""

from amltui.workspaces.folder.workspace import FolderWorkspace

__all__ = ["FolderWorkspace"]
