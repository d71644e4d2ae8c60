"""Clusters are for CPython; importing this says how to get there."""

raise ImportError(
    "dask.distributed needs a cluster, and a browser tab has none. Save this notebook and run it in Jupyter with "
    "Dask: after `from dask.distributed import Client; client = Client()` its cells run on the cluster as they are"
)
