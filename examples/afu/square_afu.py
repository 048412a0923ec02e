# SPDX-License-Identifier: GPL-2.0-only
"""An AFU in Python: it squares the number that the work element descriptor points to."""
import sys

from cxl_afu import model


class Square(model.Model):
    def work(self, context):
        number = int.from_bytes(context.load(context.wed, 8), "big")
        context.store(context.wed, (number * number % 2 ** 64).to_bytes(8, "big"))
        context.interrupt(1)


Square(sys.argv[1]).run()
