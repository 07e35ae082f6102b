"""Data assets of an Azure Machine Learning v2 workspace, by plain HTTP and `obstore`.

workspace   what the rest of the program sees
arm         requests to Azure Resource Manager, and what its refusals mean; `messages` their shapes
tokens      signing in
uris        what an asset's address means; `stores` opens it, `reading` makes one content of it
mltable     files that say how others are read; `folders` sends a folder
"""

from amltui.workspaces.azureml.workspace import AzureMLWorkspace

__all__ = ["AzureMLWorkspace"]
