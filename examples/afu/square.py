# SPDX-License-Identifier: GPL-2.0-only
"""Have the AFU of square_afu.py, or of square.c, square 12."""
import cxl_afu

number = cxl_afu.Buffer((12).to_bytes(8, "big"))
with cxl_afu.Afu.open("/dev/cxl/afu1.0s") as afu:
    afu.attach(number.address)
    print(afu.read_event(timeout=5))
print(int.from_bytes(bytes(number)[:8], "big"))
