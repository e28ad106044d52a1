"""Caches that Stirbar counts, and evicts from when memory is short: ``stirbar.cache``."""

from __future__ import annotations

import functools
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from typing import Any, NamedTuple, TypeVar, cast, overload

from stirbar import memory_care
from stirbar.engine import native

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

_MISSING = object()
_UNKNOWN = (1 << 64) - 1
_NO_INDEX = 1 << 31  # counts nothing


class CacheInfo(NamedTuple):
    """As of functools.lru_cache."""

    hits: int
    misses: int
    maxsize: int | None
    currsize: int


class _Registered:
    """One cache: how large it is, and how to make it smaller."""

    def __init__(self, target: Any, name: str) -> None:
        self.name = name
        self.index = native.add_cache(name) if native is not None else _NO_INDEX
        try:
            self._target: Callable[[], Any] = weakref.ref(target)
        except TypeError:  # a plain dict
            self._target = lambda: target

    def target(self) -> Any:
        """None: the app has dropped it."""
        return self._target()

    def size(self) -> int | None:
        cache = self.target()
        if hasattr(cache, "cache_info"):
            return int(cache.cache_info().currsize)
        size = getattr(cache, "size", None)
        if callable(size):
            return int(size())
        return len(cache) if hasattr(cache, "__len__") else None

    def evict(self, percent: int, order: memory_care.Order) -> int:
        cache = self.target()
        before = self.size()
        if hasattr(cache, "evict"):
            said = cache.evict(percent / 100)
            after = self.size()
            if isinstance(said, int) and not isinstance(said, bool):
                return max(said, 0)
            return max((before or 0) - (after or 0), 0)
        if hasattr(cache, "cache_clear"):  # functools.lru_cache: all or nothing
            if percent < 100:
                return 0
            cache.cache_clear()
            return before or 0
        wanted = -(-(before or 0) * percent // 100)
        evicted = 0
        while evicted < wanted and not (evicted % 64 == 63 and order.is_over()):
            try:
                _pop_oldest(cache)
            except KeyError:
                break
            evicted += 1
        return evicted

    def look(self) -> None:
        """Figures that the cache keeps by itself, once a second."""
        cache = self.target()
        if cache is None or self.index == _NO_INDEX:
            return
        size = self.size()
        native.set_cache_entries(self.index, _UNKNOWN if size is None else size)
        if isinstance(cache, _Memo):
            return
        source = cache.cache_info() if hasattr(cache, "cache_info") else cache
        hits, misses = getattr(source, "hits", None), getattr(source, "misses", None)
        if isinstance(hits, int) and isinstance(misses, int):
            native.set_cache_totals(self.index, hits, misses)


def _pop_oldest(cache: MutableMapping[Any, Any]) -> None:
    """A dict pops its newest item, cachetools' caches the one that they would evict."""
    if isinstance(cache, OrderedDict):
        cache.popitem(last=False)
    elif isinstance(cache, dict):
        try:
            key = next(iter(cache))
        except (StopIteration, RuntimeError) as changed:
            raise KeyError from changed
        cache.pop(key, None)
    else:
        cache.popitem()


class _Memo:
    """Results of a function, the ones used last kept longest."""

    def __init__(
        self, function: Callable[..., Any], maxsize: int | None, ttl: float | None
    ) -> None:
        self.function = function
        self.maxsize = maxsize
        self.ttl = ttl
        self.index = _NO_INDEX
        self.lock = threading.RLock()
        self.entries: OrderedDict[Any, tuple[Any, float]] = OrderedDict()

    def call(self, *args: Any, **kwargs: Any) -> Any:
        key = functools._make_key(args, kwargs, False)
        now = time.monotonic() if self.ttl is not None else 0.0
        with self.lock:
            value, expires_at = self.entries.get(key, (_MISSING, 0.0))
            if value is not _MISSING and (self.ttl is None or now < expires_at):
                self.entries.move_to_end(key)
                if native is not None:
                    native.count_hit(self.index)
                return value
        if native is not None:
            native.count_miss(self.index)
            memory_care.begin()  # under a server that has no hook this is the first moment
        value = self.function(*args, **kwargs)
        with self.lock:
            self.entries[key] = (value, now + (self.ttl or 0.0))
            self.entries.move_to_end(key)
            while self.maxsize is not None and len(self.entries) > self.maxsize:
                self.entries.popitem(last=False)
        return value

    def size(self) -> int:
        return len(self.entries)

    def evict(self, fraction: float) -> int:
        """Expired entries first, then those not used for longest."""
        with self.lock:
            before = len(self.entries)
            wanted = -(-before * round(fraction * 1000) // 1000)
            if self.ttl is not None:
                now = time.monotonic()
                for key in [key for key, (_, end) in self.entries.items() if end <= now]:
                    del self.entries[key]
            while self.entries and before - len(self.entries) < wanted:
                self.entries.popitem(last=False)
            return before - len(self.entries)

    def clear(self) -> None:
        with self.lock:
            self.entries.clear()

    def info(self) -> CacheInfo:
        counts = native.cache_totals(self.index) if native is not None else {"hits": 0, "misses": 0}
        return CacheInfo(counts["hits"], counts["misses"], self.maxsize, len(self.entries))


_caches: list[_Registered] = []


@overload
def cache(target: F, /, *, name: str | None = None) -> F: ...
@overload
def cache(target: T, /, *, name: str) -> T: ...
@overload
def cache(
    *, maxsize: int | None = 1024, ttl: float | None = None, name: str | None = None
) -> Callable[[F], F]: ...
def cache(
    target: Any = None,
    /,
    *,
    maxsize: int | None = 1024,
    ttl: float | None = None,
    name: str | None = None,
) -> Any:
    """Registers a cache: its hits and misses are counted, and it is evicted when memory is short.

        @stirbar.cache(maxsize=10_000, ttl=60)     # keeps the results of a function
        def price(product_id): ...

        stirbar.cache(lookup)                      # a function under functools.lru_cache
        thumbnails = stirbar.cache(Thumbnails(), name="thumbnails")

    Args:
        target: a function, whose results are kept from now on; or a cache of the app's own: a
            function under ``functools.lru_cache`` (evicted as a whole, only in an emergency), a
            mapping (``dict``, ``OrderedDict``, those of cachetools), or any object with
            ``evict(fraction)``, which gives up that share (0..1) of its entries and may return how
            many those were. ``size()`` or ``len()`` and the attributes ``hits`` and ``misses`` are
            read where it has them. It is held weakly, except for a plain dict.
        maxsize: most results of a function; None: no limit.
        ttl: seconds for which a result is good; None: for ever.
        name: of the figures. Default: the function's; an object needs one.

    Returns:
        The function that keeps its results, with ``cache_info()`` and ``cache_clear()`` as
        functools.lru_cache has them; else `target` itself.

    Raises:
        TypeError: `target` is nothing of these, or has no name.
        ValueError: `maxsize` or `ttl` is not above 0.
    """
    if maxsize is not None and maxsize < 1:
        raise ValueError(f"maxsize: {maxsize!r} is not allowed; it takes 1 or more, or None")
    if ttl is not None and not ttl > 0:
        raise ValueError(f"ttl: {ttl!r} is not allowed; it takes seconds above 0, or None")
    if target is None:
        return lambda function: _memoized(function, maxsize, ttl, name)
    if hasattr(target, "evict") or hasattr(target, "cache_clear") or hasattr(target, "popitem"):
        title = name or getattr(target, "__qualname__", None)
        if not isinstance(title, str):
            raise TypeError(f"cache: an object of {type(target).__name__} needs a name")
        _register(_Registered(target, title))
        return target
    return _memoized(target, maxsize, ttl, name)


def _memoized(
    function: Callable[..., Any], maxsize: int | None, ttl: float | None, name: str | None
) -> Callable[..., Any]:
    if not callable(function) or isinstance(function, type):
        raise TypeError(
            f"cache takes a function, a mapping or an object with evict(fraction), not {function!r}"
        )
    memo = _Memo(function, maxsize, ttl)

    @functools.wraps(function)
    def cached(*args: Any, **kwargs: Any) -> Any:
        return memo.call(*args, **kwargs)

    registered = _Registered(memo, name or function.__qualname__)
    memo.index = registered.index
    cached_any = cast(Any, cached)
    cached_any.cache_clear = memo.clear
    cached_any.cache_info = memo.info
    _register(registered)
    return cached


def _register(registered: _Registered) -> None:
    first = not _caches
    _caches.append(registered)
    if first:
        memory_care.watch(_look_at_all)
    memory_care.add("caches", evict_all)


def _living() -> list[_Registered]:
    _caches[:] = [each for each in _caches if each.target() is not None]
    return list(_caches)


def _look_at_all() -> None:
    for each in _living():
        each.look()


def evict_all(order: memory_care.Order) -> memory_care.Effect:
    """A step of a cleanup: ``order.percent`` of the entries of each cache."""
    evicted = 0
    caches = 0
    for each in _living():
        if order.is_over():
            text = f"{evicted} entries of {caches} caches evicted, then its time was over"
            return memory_care.Effect(evicted, text, partly=True)
        number = each.evict(order.percent, order)
        if native is not None:
            native.count_evictions(each.index, number)
        evicted += number
        caches += 1
    return memory_care.Effect(evicted, f"{evicted} entries of {caches} caches evicted")
