# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events as objects. The layout is that of <misc/cxl.h>, in host byte order."""
from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass
from typing import Optional

from . import _libcxl

READ_SIZE = 4096
_HEADER = struct.Struct("=HHHH")


@dataclass(frozen=True)
class Stamp:
    """When an event happened, and its place among the events of its context"""
    time: int           #: CLOCK_MONOTONIC in nanoseconds
    sequence: int       #: counts the events delivered to the context's readers, from 0
    lost: int           #: events of the context that were lost before this one


@dataclass(frozen=True)
class Event:
    """What all events have"""
    process_element: int            #: of the context
    stamp: Optional[Stamp]          #: None unless Afu.set_stamps() asked for it


@dataclass(frozen=True)
class Interrupt(Event):
    """The AFU raised an interrupt, at least once since the last such event"""
    number: int                     #: from 1


@dataclass(frozen=True)
class DataStorage(Event):
    """The AFU could not access an address"""
    address: int                    #: effective address
    dsisr: int                      #: why: CXL_DSISR_* of <misc/cxl.h>


@dataclass(frozen=True)
class AfuError(Event):
    """The AFU reports an error"""
    error: int                      #: defined by the AFU


@dataclass(frozen=True)
class DriverEvent(Event):
    """The AFU's driver has something to tell"""
    data: bytes                     #: defined by the driver


@dataclass(frozen=True)
class UnknownEvent(Event):
    """An event of a type that this package does not know"""
    type: int
    data: bytes


def parse(event: ctypes.Array[ctypes.c_char]) -> Event:
    """Make an object of one event as it was read."""
    kind, _, element, _ = _HEADER.unpack_from(event)
    size = ctypes.c_size_t()
    data = ctypes.string_at(_libcxl.call("cxl_event_data", event, ctypes.byref(size)), size.value)
    raw = _libcxl.Stamp()
    stamp = None
    if not _libcxl.library.cxl_event_stamp(event, ctypes.byref(raw)):
        stamp = Stamp(raw.time, raw.sequence, raw.lost)
    if kind == 1:
        return Interrupt(element, stamp, *struct.unpack_from("=2xH", data))
    if kind == 2:
        return DataStorage(element, stamp, *struct.unpack_from("=8xQQ", data))
    if kind == 3:
        return AfuError(element, stamp, *struct.unpack_from("=8xQ", data))
    if kind == 4:
        return DriverEvent(element, stamp, data)
    return UnknownEvent(element, stamp, kind, data)
