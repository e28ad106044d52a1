"""The exception that ends a stuck request."""

from __future__ import annotations

from stirbar.engine import native

if native is not None:
    RequestInterrupted: type[BaseException] = native.RequestInterrupted
else:

    class RequestInterrupted(BaseException):  # type: ignore[no-redef]
        """Never raised: without the native part no request is interrupted."""
