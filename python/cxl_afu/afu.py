# SPDX-License-Identifier: LGPL-2.1-or-later
"""An AFU that is open: its context, registers and events."""
from __future__ import annotations

import ctypes
import errno
import os
import select
import time
from types import TracebackType
from typing import Iterator, Optional, Type, Union

from . import _libcxl, events

BIG_ENDIAN, LITTLE_ENDIAN, HOST_ENDIAN = 1, 2, 3

_POLL_MAX_MS = 2**31 - 1    # more is an OverflowError


def afus() -> Iterator[str]:
    """The names of all AFUs of all cards, "afuN.M"; none if there is no card"""
    ctypes.set_errno(0)
    handle = _libcxl.library.cxl_afu_next(None)
    try:
        while handle:
            yield os.fsdecode(_libcxl.call("cxl_afu_dev_name", handle))
            ctypes.set_errno(0)
            handle = _libcxl.library.cxl_afu_next(handle)
    finally:
        # The caller may leave the loop early. The library frees the last itself.
        if handle:
            _libcxl.library.cxl_afu_free(handle)
    if ctypes.get_errno() not in (0, errno.ENODEV):
        raise _libcxl.last_error()


class Mmio:
    """The problem state area of an AFU: registers, by their offset in bytes"""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def read64(self, offset: int) -> int:
        value = ctypes.c_uint64()
        _libcxl.call("cxl_mmio_read64", self._handle, offset, ctypes.byref(value))
        return value.value

    def write64(self, offset: int, value: int) -> None:
        _libcxl.call("cxl_mmio_write64", self._handle, offset, value)

    def read32(self, offset: int) -> int:
        value = ctypes.c_uint32()
        _libcxl.call("cxl_mmio_read32", self._handle, offset, ctypes.byref(value))
        return value.value

    def write32(self, offset: int, value: int) -> None:
        _libcxl.call("cxl_mmio_write32", self._handle, offset, value)


class Afu:
    """A context of an AFU. It is closed at the end of a "with" block."""

    def __init__(self, handle: int) -> None:
        """handle: a struct cxl_afu_h, which this object frees; see open()"""
        self._handle: Optional[int] = handle

    @classmethod
    def open(cls, path: Union[str, os.PathLike[str]]) -> Afu:
        """Open a device node, such as /dev/cxl/afu0.0s."""
        return cls(_libcxl.call("cxl_afu_open_dev", os.fsencode(path), what=os.fspath(path)))

    @classmethod
    def from_fd(cls, fd: int) -> Afu:
        """Take over a descriptor that came from an AFU driver."""
        return cls(_libcxl.call("cxl_afu_fd_to_h", fd))

    @property
    def handle(self) -> int:
        """For functions of libcxl that have no method here"""
        if self._handle is None:
            raise ValueError("the AFU is closed")
        return self._handle

    def close(self) -> None:
        """Stop the AFU's work in this context, and close it."""
        if self._handle is not None:
            _libcxl.library.cxl_afu_free(self._handle)
            self._handle = None

    def __enter__(self) -> Afu:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 where: Optional[TracebackType]) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def fileno(self) -> int:
        """The descriptor, so that select() and similar functions accept an Afu"""
        return int(_libcxl.call("cxl_afu_fd", self.handle))

    @property
    def process_element(self) -> int:
        """The number of this context"""
        return int(_libcxl.call("cxl_afu_get_process_element", self.handle))

    @property
    def irqs_min(self) -> int:
        """The number of interrupts that each context has at least"""
        return _libcxl.get_long("cxl_get_irqs_min", self.handle)

    @property
    def irqs_max(self) -> int:
        """The largest number of interrupts that a context may have"""
        return _libcxl.get_long("cxl_get_irqs_max", self.handle)

    @property
    def mmio_size(self) -> int:
        """Size of the problem state area that this context sees, in bytes"""
        return _libcxl.get_long("cxl_get_mmio_size", self.handle)

    def attach(self, wed: int, interrupts: int = -1, amr: int = 0) -> None:
        """Start the AFU on the memory of this process.

        wed is the work element descriptor, 64 bits for the AFU; interrupts is the
        number wanted, or -1 for the AFU's minimum. A context can be started once.
        """
        work = _libcxl.call("cxl_work_alloc")
        try:
            _libcxl.call("cxl_work_set_wed", work, wed)
            _libcxl.call("cxl_work_set_num_irqs", work, interrupts)
            _libcxl.call("cxl_work_set_amr", work, amr)
            _libcxl.call("cxl_afu_attach_work", self.handle, work)
        finally:
            _libcxl.library.cxl_work_free(work)

    def mmio(self, byte_order: int = BIG_ENDIAN) -> Mmio:
        """Map the registers of an attached AFU.

        Accesses that fail because the card is gone raise OSError (EIO). To do this,
        a handler of SIGBUS is installed for the whole process.
        """
        _libcxl.call("cxl_mmio_install_sigbus_handler")
        _libcxl.call("cxl_mmio_map", self.handle, byte_order)
        return Mmio(self.handle)

    def set_stamps(self, on: bool = True) -> None:
        """Turn stamps on or off for the events that are read from now on."""
        _libcxl.call("cxl_set_event_stamps", self.handle, int(on))

    def read_event(self, timeout: Optional[float] = None) -> Optional[events.Event]:
        """The next event, or None if there is none within timeout seconds.

        Without a timeout it waits. Once the context is closed and all events have
        been read, it raises OSError (EIO).
        """
        if timeout is not None:
            return self._read_event_until(time.monotonic() + timeout)
        event = ctypes.create_string_buffer(events.READ_SIZE)
        _libcxl.call("cxl_read_event_buf", self.handle, event, len(event))
        return events.parse(event)

    def events(self) -> Iterator[events.Event]:
        """All events until the context is closed"""
        while True:
            try:
                event = self.read_event()
            except OSError as error:
                if error.errno == errno.EIO:
                    return
                raise
            if event is not None:
                yield event

    def _read_event_until(self, end: float) -> Optional[events.Event]:
        """The next event, or None if there is none before time.monotonic() is end"""
        poll = select.poll()
        poll.register(self, select.POLLIN)
        while True:
            event = self._next_event()
            left = end - time.monotonic()
            if event is not None or left <= 0:
                return event
            # After this another process may take the event.
            poll.poll(min(left * 1000, _POLL_MAX_MS))

    def _next_event(self) -> Optional[events.Event]:
        """The next event if one is pending, else None"""
        ctypes.set_errno(0)
        address = _libcxl.library.cxl_next_event(self.handle)
        if address:
            return events.parse((ctypes.c_char * events.READ_SIZE).from_address(address))
        if ctypes.get_errno():
            raise _libcxl.last_error()
        return None
