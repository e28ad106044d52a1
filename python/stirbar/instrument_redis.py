"""redis-py ≥ 4.5: time in Redis. A pipeline counts as one command.

The asynchronous clients (``redis.asyncio``) are classes of their own and left alone, and so are
subscriptions, which wait by design.
"""

from __future__ import annotations

from types import ModuleType

from stirbar.engine import native


def hook_redis(module: ModuleType) -> None:
    """Once ``redis`` is imported."""
    from redis import client

    methods = [
        (client.Redis, "execute_command"),
        (client.Pipeline, "execute"),
        (client.Pipeline, "immediate_execute_command"),  # what WATCH makes of a pipeline
    ]
    cluster = getattr(module, "cluster", None)
    if cluster is not None:
        methods += [(cluster.RedisCluster, "execute_command"), (cluster.ClusterPipeline, "execute")]
    for owner, name in methods:
        if name not in vars(owner):
            raise TypeError(f"redis {module.__version__}: no {owner.__name__}.{name}")
    for owner, name in methods:
        setattr(owner, name, native.timed_redis(vars(owner)[name]))
