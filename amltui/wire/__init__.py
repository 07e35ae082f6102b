"""The Studio (classic) REST protocol as data: routes, headers and JSON, read by client and server.

Sources: the public `azureml` 0.2.7 client, the PowerShell client `azuremlps`, the R client
`RevolutionAnalytics/AzureML`. What is our own extension says so.
"""
