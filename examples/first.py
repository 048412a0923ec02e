#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Let an accelerator copy a text in this program's memory."""
import cxl_afu

queue = cxl_afu.MemcpyQueue()
source = cxl_afu.Buffer(b"Hello from the accelerator")
target = cxl_afu.Buffer(len(source))

with cxl_afu.Afu.open("/dev/cxl/afu0.0s") as afu:
    copy = queue.copy(source, target)
    queue.interrupt(1)
    afu.attach(queue.wed)
    event = afu.read_event()
    print("event: interrupt", event.number)
    print(f"status {copy.status:#x}: {bytes(target).decode()}")
