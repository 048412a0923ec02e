#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Print the events of an AFU, without the library: a descriptor is enough.

usage: events.py [NODE [COUNT]]

NODE is a device node (default: /dev/cxl/afu0.0s), or "-" for the standard
input, which may be a descriptor from an AFU driver. With COUNT, the program
ends after that many events.
"""
import errno
import fcntl
import os
import select
import struct
import sys

# <misc/cxl.h>: everything is in the machine's byte order.
READ_SIZE = 4096
HEADER = struct.Struct("=HHHH")            # type, size, process element, flags
AFU_INTERRUPT, DATA_STORAGE, AFU_ERROR, AFU_DRIVER = 1, 2, 3, 4
START_WORK = struct.Struct("=QQQhHi32x")   # flags, WED, AMR, interrupts, ...


def iow(magic, number, size):
    """_IOW() of <linux/ioctl.h>, which differs on some machines"""
    machine = os.uname().machine
    if machine.startswith(("ppc", "mips", "sparc", "alpha")):
        return 4 << 29 | size << 16 | magic << 8 | number
    return 1 << 30 | size << 16 | magic << 8 | number


def open_started(node):
    """Start a context on this process's memory, without any work for the AFU."""
    fd = os.open(node, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    work = START_WORK.pack(0, 0, 0, 0, 0, 0)
    fcntl.ioctl(fd, iow(0xCA, 0, START_WORK.size), work)
    return fd


def events(buf):
    """The events that one read() returned, back to back"""
    at = 0
    while at < len(buf):
        kind, size, element, _ = HEADER.unpack_from(buf, at)
        yield kind, element, buf[at + HEADER.size:at + size]
        at += size


def describe(kind, payload):
    if kind == AFU_INTERRUPT:
        return "interrupt %u" % struct.unpack_from("=2xH", payload)
    if kind == DATA_STORAGE:
        return "fault at 0x%x, DSISR 0x%x" % struct.unpack_from("=8xQQ", payload)
    if kind == AFU_ERROR:
        return "AFU error 0x%x" % struct.unpack_from("=8xQ", payload)
    if kind == AFU_DRIVER:
        return "driver event " + payload.hex(" ", 4)
    return "type %u " % kind + payload.hex(" ", 4)


def main(node="/dev/cxl/afu0.0s", count="0"):
    fd = sys.stdin.fileno() if node == "-" else open_started(node)
    left = int(count) or sys.maxsize
    while left > 0:
        select.select([fd], [], [])
        try:
            buf = os.read(fd, READ_SIZE)
        except OSError as error:
            if error.errno == errno.EAGAIN:
                continue        # another reader was faster
            if error.errno == errno.EIO:
                break           # the context is closed, and all events are read
            raise
        if not buf:
            break
        for kind, element, payload in events(buf):
            print("process element %u: %s" % (element, describe(kind, payload)),
                  flush=True)
            left -= 1


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3])
    except OSError as error:
        sys.exit("events.py: %s" % error)
    except KeyboardInterrupt:
        pass
