# SPDX-License-Identifier: LGPL-2.1-or-later
"""The work queue of the memcpy AFU, which comes with the software card.

Documentation/memcpy-afu.md describes the element, the commands and the status.
"""
from __future__ import annotations

import enum
import struct
import threading
import time
from typing import Union

from .afu import Mmio
from .buffer import Buffer, address_of

_ELEMENT = struct.Struct(">BBHB11xQQ")
_LINE_SIZE = 128            # the unit of the queue's size in the WED
_VALID, _WRAP = 0x80, 0x40
_PCTRL, _RESTART = 0x18, 1 << 63
_COPY, _IRQ, _STOP, _INCREMENT = 0, 1, 2, 4


class Status(enum.IntFlag):
    """What the AFU writes into an element; 0 until the element is done"""
    COMPLETE = 0x80         #: done
    CONTINUE = 0x40         #: stopped by a fault, until it is restarted
    ADDRESS_ERROR = 0x20    #: an address that cannot be accessed
    DATA_ERROR = 0x10
    FAULT = 0x08
    FAILED = 0x04           #: an interrupt that the context does not have
    TERMINATED = 0x02
    UNDEFINED = 0x01        #: no such command


class Element:
    """A work element that was put into a queue.

    It is valid until the queue has gone round and another element takes its place.
    """

    def __init__(self, queue: MemcpyQueue, offset: int) -> None:
        self._queue = queue
        self._offset = offset

    @property
    def status(self) -> Status:
        """What the AFU has reported so far"""
        return Status(int(self._queue.memory[self._offset + 1]))

    @property
    def done(self) -> bool:
        """Whether the AFU is done with it, successfully or not"""
        return self.status != 0

    def wait(self, timeout: float = 10) -> Status:
        """Poll the status until the AFU is done with the element.

        To be notified instead, put an interrupt behind it. Raises TimeoutError if the
        element is not done within timeout seconds.
        """
        end = time.monotonic() + timeout
        while not self.done:
            if time.monotonic() > end:
                raise TimeoutError("the AFU is not done")
            time.sleep(0.0001)
        return self.status


class MemcpyQueue:
    """A queue of work elements, which the AFU executes one after the other.

    Attach with its wed. Elements may be added before and after that. The queue keeps
    their buffers alive, and reuses a place only when the AFU is done with the element
    that was there.
    """

    def __init__(self, lines: int = 32) -> None:
        """lines: size of the queue, 1 to 4095 lines of four elements each"""
        if not 1 <= lines <= 4095:
            raise ValueError("a queue has 1 to 4095 lines")
        self.memory = Buffer(lines * _LINE_SIZE)
        self._lines = lines
        self._count = lines * _LINE_SIZE // _ELEMENT.size
        self._added = 0
        self._kept: list[object] = [None] * self._count
        self._lock = threading.Lock()

    @property
    def wed(self) -> int:
        """The work element descriptor: where the queue is, and how large"""
        return self.memory.address | self._lines

    def copy(self, source: Union[int, Buffer], target: Union[int, Buffer],
             length: int = -1) -> Element:
        """Copy length bytes, at most 65535; by default, as many as source has."""
        if length < 0:
            if not isinstance(source, Buffer):
                raise ValueError("an address has no length")
            length = len(source)
        return self._add(_COPY, length, source, target)

    def interrupt(self, number: int = 1) -> Element:
        """Raise an interrupt of the context, once all previous elements are done.

        Then the AFU stops, until restart().
        """
        return self._add(_IRQ, number, 0, 0)

    def increment(self, source: Union[int, Buffer], target: Union[int, Buffer],
                  size: int = 8) -> Element:
        """Write the big-endian number of size bytes at source, plus 1, to target."""
        return self._add(_INCREMENT, size, source, target)

    def stop(self) -> Element:
        """Stop working for this context."""
        return self._add(_STOP, 0, 0, 0)

    def restart(self, registers: Mmio) -> None:
        """Make a stopped AFU continue with the next element."""
        registers.write64(_PCTRL, _RESTART)

    def _add(self, command: int, length: int, source: Union[int, Buffer],
             target: Union[int, Buffer]) -> Element:
        place = self._added % self._count
        element = Element(self, place * _ELEMENT.size)
        if self._added >= self._count and not element.done:
            raise BlockingIOError("the queue is full")
        # The AFU recognises a new element by the wrap bit, which changes each round.
        command |= _VALID | (_WRAP if self._added // self._count % 2 else 0)
        start = place * _ELEMENT.size
        packed = _ELEMENT.pack(command, 0, length, 0, address_of(source), address_of(target))
        self.memory[start + 1:start + _ELEMENT.size] = packed[1:]
        # The AFU must not see the command before the rest: releasing and then taking
        # a lock is a barrier on every machine.
        with self._lock:
            pass
        with self._lock:
            self.memory[start] = command
        self._kept[place] = (source, target)
        self._added += 1
        return element
