"""Which engines get Stirbar's pool: those that ask for it, and by ``stirbar run`` all others."""

from __future__ import annotations

import functools
from typing import Any

from stirbar.engine import logger, native

_PLUGIN = "stirbar"
_STIRBARS = ("fallback", "replicas")


def pool_options(**overrides: Any) -> dict[str, Any]:
    """Options of ``sqlalchemy.create_engine`` that give an engine Stirbar's pool.

        engine = create_engine(url, **stirbar.pool_options(pool_size=10))

    Args:
        overrides: further options; they win. ``pool_size``, ``max_overflow``, ``pool_timeout``,
            ``pool_recycle``, ``pool_use_lifo`` and the others mean what they do for a QueuePool.
            ``fallback``: URLs of standbys, in order, for while the engine's server is gone;
            ``replicas``: URLs of servers for work within `stirbar.readonly`.

    Returns:
        ``poolclass`` and ``plugins``, and `overrides`. Only `overrides` where the native part of
        Stirbar is missing: the engine gets SQLAlchemy's own pool, which knows no other servers.
    """
    if native is None:
        return {name: overrides[name] for name in overrides if name not in _STIRBARS}
    from sqlalchemy.dialects import plugins

    from stirbar.pool import FairPool

    plugins.register(_PLUGIN, "stirbar.pool_names", "EnginePlugin")
    wanted = {"poolclass": FairPool, **overrides}
    wanted["plugins"] = [*wanted.get("plugins", []), _PLUGIN]
    return wanted


def use_fair_pools(dialect: type[Any], pool: type[Any]) -> None:
    """From now on `DefaultDialect.get_pool_class` says FairPool where it said QueuePool.

    Only where a setting allows it when an engine is made: `pool_upkeep.pool_mode`.
    """
    original = dialect.get_dialect_pool_class

    @functools.wraps(original)
    def pool_class(self: Any, url: Any) -> Any:
        found = original(self, url)
        return _fair(found) if found is pool else found

    dialect.get_dialect_pool_class = pool_class


def _fair(instead: Any) -> Any:
    try:
        from stirbar import pool_upkeep
        from stirbar.pool import FairPool

        return FairPool if pool_upkeep.pool_mode() == pool_upkeep.ON else instead
    except Exception:
        native.count_fault()
        logger.warning("an engine gets SQLAlchemy's own pool", exc_info=True)
        return instead
