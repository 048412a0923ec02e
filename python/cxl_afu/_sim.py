# SPDX-License-Identifier: LGPL-2.1-or-later
"""The user ABI of /dev/cxl-sim/CARD.afuM, as <misc/cxl-sim.h> defines it."""
from __future__ import annotations

import enum
import platform
import struct

ABI_VERSION = 1
MAX_ADDRESS = 2 ** 63 - 1       # the largest offset of pread() and pwrite()
MAX_LENGTH = 1 << 30            # of COPY and FILL, in bytes

MESSAGE_SIZE = 64
MESSAGE = struct.Struct("=IIQ48s")      # type, process element, id, the rest
ATTACH = struct.Struct("=QQQQII")       # WED, AMR, window, its size, interrupts, flags
INTERRUPTS = struct.Struct("=I")        # how many
RESET = struct.Struct("=QI")            # offset of the global registers, mode
LINK = struct.Struct("=I")              # 1: up
MMIO = struct.Struct("=QQQII")          # access, offset, value, bytes, 1: write
CONTEXT_MASTER, CONTEXT_KERNEL = 1, 2

REQUEST = struct.Struct("=IIQQI4x")     # type, process element, id, value, number

INFO = struct.Struct("=IIIII4xQQQ16x")  # version, modes, process elements, interrupts,
                                        # error buffer, problem state area, windows, size
OPEN = struct.Struct("=I4xQ")           # process element, id
ERR_BUFF = struct.Struct("=QII8x")      # address, offset, length
COPY = struct.Struct("=QQQQ")           # destination, source, length, done
COPY_FROM = struct.Struct("=QQQQi4x")   # likewise, and the file of the other context
FILL = struct.Struct("=QQQI4x")         # destination, length, done, value
SWAP = struct.Struct("=QQQI4x")         # address, old, new, width


class Message(enum.IntEnum):
    """Types of messages"""
    ATTACH = 1
    DETACH = 2
    INTERRUPTS = 3
    RESET = 4
    DOORBELL = 5
    LINK = 6
    STOP = 7
    MMIO = 8


class Request(enum.IntEnum):
    """Types of requests"""
    ATTACHED = 1
    RESET_DONE = 2
    INTERRUPT = 3
    ERROR = 4
    MMIO_DONE = 5


# Some architectures encode the direction in other bits.
_OTHER_BITS = platform.machine().startswith(("alpha", "mips", "ppc", "sparc"))
_WRITE, _READ = (4, 2) if _OTHER_BITS else (1, 2)
_DIRECTION_SHIFT = 29 if _OTHER_BITS else 30


def _ioctl(direction: int, number: int, size: int) -> int:
    """The number of an ioctl, as _IOC() of <linux/ioctl.h> forms it"""
    return direction << _DIRECTION_SHIFT | size << 16 | 0xCA << 8 | number


GET_INFO = _ioctl(_READ, 0x40, INFO.size)
OPEN_CONTEXT = _ioctl(_WRITE, 0x41, OPEN.size)
WRITE_ERR_BUFF = _ioctl(_WRITE, 0x42, ERR_BUFF.size)
COPY_MEMORY = _ioctl(_READ | _WRITE, 0x48, COPY.size)
FILL_MEMORY = _ioctl(_READ | _WRITE, 0x49, FILL.size)
COMPARE_SWAP = _ioctl(_READ | _WRITE, 0x4a, SWAP.size)
COPY_FROM_CONTEXT = _ioctl(_READ | _WRITE, 0x4b, COPY_FROM.size)
