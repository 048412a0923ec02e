# SPDX-License-Identifier: LGPL-2.1-or-later
"""Coherent accelerators (CAPI, "cxl") in Python, on top of libcxl.

    import cxl_afu

    with cxl_afu.Afu.open("/dev/cxl/afu0.0s") as afu:
        queue = cxl_afu.MemcpyQueue()
        source = cxl_afu.Buffer(b"copied by the AFU")
        target = cxl_afu.Buffer(len(source))
        copy = queue.copy(source, target)
        queue.interrupt(1)
        afu.attach(queue.wed)
        print(afu.read_event(), copy.done, bytes(target))

A failure in libcxl or the kernel raises OSError with its errno. Only one thread at a
time may use a handle; many may use the registers of Mmio.

cxl_afu.model is the other side: AFUs that are Python programs, without any library.
"""
from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .afu import Afu, Mmio, afus
    from .buffer import Buffer
    from .events import (AfuError, DataStorage, DriverEvent, Event, Interrupt, Stamp,
                         UnknownEvent)
    from .memcpy import Element, MemcpyQueue, Status

__all__ = ["Afu", "AfuError", "Buffer", "DataStorage", "DriverEvent", "Element",
           "Event", "Interrupt", "MemcpyQueue", "Mmio", "Stamp", "Status",
           "UnknownEvent", "afus"]


def __getattr__(name: str) -> Any:
    """Load libcxl only when one of the names above is used: AFU models do without."""
    if name in __all__:
        for module in ("afu", "buffer", "events", "memcpy"):
            value = getattr(importlib.import_module("." + module, __name__), name, None)
            if value is not None:
                return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
