"""The old `azureml` client's names, sync and async, over the services."""
