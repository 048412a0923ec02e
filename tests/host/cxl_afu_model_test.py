# SPDX-License-Identifier: GPL-2.0-only
"""AFUs that are Python programs, cxl_afu.model, in a guest: see python.sh."""
import errno
import os
import resource
import subprocess
import threading
import time
import unittest
from unittest import mock

import cxl_afu
from cxl_afu import model

NODE = "/dev/cxl-sim/python.afu0"
CLIENT = "/dev/cxl/afu1.0s"
DEBUG = "/sys/kernel/debug/cxl-afu/card1"
SOON = 10


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class Recorder(model.Model):
    """It remembers what it was told, and does what it is given to do."""

    def __init__(self, on_attach=None, on_work=None):
        self.told = []
        self.changed = threading.Condition()
        self.on_attach = on_attach
        self.on_work = on_work
        self.context = None
        super().__init__(NODE)

    def tell(self, what):
        with self.changed:
            self.told.append(what)
            self.changed.notify_all()

    def wait_for(self, what, times=1):
        with self.changed:
            return self.changed.wait_for(lambda: self.told.count(what) >= times, SOON)

    def reset(self):
        self.tell("reset")

    def attach(self, context):
        self.context = context
        if self.on_attach:
            self.on_attach(context)
        self.tell("attach")

    def doorbell(self, context):
        self.tell("doorbell")

    def interrupts(self, context):
        self.tell("interrupts")

    def detach(self, context):
        self.tell("detach")

    def link(self, up):
        self.tell("up" if up else "down")


class Worker(Recorder):
    def work(self, context):
        self.tell("work")
        return self.on_work(context)


class Adder(Recorder):
    """A register to which each store adds, and of which each load takes 1 away"""

    total = 0

    def mmio_read(self, context, offset, size):
        self.tell((offset - context.window_offset, size))
        if offset == context.window_offset + 0x100:
            context.load(0x1000, 1)
        if offset == context.window_offset + 0x200:
            return 1 // 0
        self.total -= 1
        return (self.total + 1) % 2 ** (8 * size)

    def mmio_write(self, context, offset, size, value):
        self.tell((offset - context.window_offset, size, value))
        self.total += value


class ModelTest(unittest.TestCase):
    SETTINGS = []

    def setUp(self):
        subprocess.run(["afuctl", "create", "python", "afu0/model=user",
                        "afu0/answer_ms=3000", "afu0/err_buff_size=64", *self.SETTINGS],
                       check=True, stdout=subprocess.DEVNULL)
        self.afu = None
        self.client = None
        self.runner = None
        self.raised = None

    def tearDown(self):
        if self.client:
            self.client.close()
        subprocess.run(["afuctl", "destroy", "python"], check=True)
        if self.runner:
            self.runner.join(SOON)
            self.assertFalse(self.runner.is_alive())
        if self.afu:
            self.afu.close()

    def run_model(self):
        try:
            self.afu.run()
        except Exception as error:
            self.raised = error

    def serve(self, kind=Recorder, **arguments):
        """Be the AFU, in a thread."""
        self.afu = kind(**arguments)
        self.runner = threading.Thread(target=self.run_model)
        self.runner.start()
        self.assertTrue(self.afu.wait_for("reset"))

    def attach(self, wed=0):
        self.client = cxl_afu.Afu.open(CLIENT)
        self.client.attach(wed)
        return self.afu.context

    def assert_errno(self, number, call, *arguments, kind=model.AccessError):
        with self.assertRaises(kind) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.errno, number)


class TrappedTest(ModelTest):
    SETTINGS = ["afu0/mmio=trapped"]

    def test_each_access_is_a_call(self):
        self.serve(Adder)
        self.attach()
        registers = self.client.mmio()
        for value in (0x1122334455667788, 2, 2):
            registers.write64(0x18, value)
        registers.write32(0x1c, 0xffffffff)
        self.assertEqual(registers.read64(0x18), 0x112233455566778b)
        self.assertEqual(registers.read32(0x1c), 0x5566778a)
        self.assertEqual(self.afu.told[2:],
                         [(0x18, 8, 0x1122334455667788), (0x18, 8, 2), (0x18, 8, 2),
                          (0x1c, 4, 0xffffffff), (0x18, 8), (0x1c, 4)])

    def test_registers_can_be_memory_all_the_same(self):
        self.serve(Worker, on_work=lambda context: None)
        context = self.attach()
        self.assertTrue(self.afu.wait_for("work"))
        registers = self.client.mmio()
        registers.write64(8, 0x0102030405060708)
        self.assertTrue(self.afu.wait_for("doorbell"))
        self.assertTrue(self.afu.wait_for("work", 2))
        self.assertEqual(registers.read32(12), 0x05060708)
        self.assertEqual(context.window.read64(8), 0x0102030405060708)

    def test_store_rings_where_it_is_made(self):
        worked = []
        changed = threading.Condition()

        def work(context):
            with changed:
                worked.append(context.process_element)
                changed.notify_all()

        def wait_for_all(elements):
            with changed:
                return changed.wait_for(lambda: sorted(worked) == sorted(elements), SOON)

        self.serve(Worker, on_work=work)
        slave = self.attach()
        with cxl_afu.Afu.open(CLIENT[:-1] + "m") as master:
            master.attach(0)
            both = [slave.process_element, master.process_element]
            self.assertTrue(wait_for_all(both))
            # The worker of whoever makes the access has work, too.
            del worked[:]
            master.mmio().write64(slave.window_offset + 8, 5)
            self.assertTrue(wait_for_all(both))
            self.assertEqual(self.client.mmio().read64(8), 5)
            # Global registers are everybody's.
            del worked[:]
            master.mmio().write64(0, 5)
            with changed:
                self.assertTrue(changed.wait_for(lambda: set(worked) == set(both), SOON))

    def test_access_that_cannot_be_made_is_all_ones(self):
        self.serve(Adder)
        self.attach()
        registers = self.client.mmio()
        self.assertEqual(registers.read64(0x100), 2 ** 64 - 1)
        self.assertEqual(registers.read32(0x100), 2 ** 32 - 1)
        self.assertIsInstance(self.client.read_event(SOON), cxl_afu.DataStorage)
        registers.write64(0, 7)
        self.assertEqual(registers.read64(0), 7)

    def test_exception_in_an_access_ends_the_model(self):
        self.serve(Adder)
        self.attach()
        self.assertEqual(self.client.mmio().read64(0x200), 2 ** 64 - 1)
        self.assertEqual(self.client.read_event(SOON).error, 0x4d4f44454c)
        self.runner.join(SOON)
        self.assertIsInstance(self.raised, ZeroDivisionError)


class Test(ModelTest):
    def test_context_is_described(self):
        self.serve()
        context = self.attach(0x123456789abcdef0)
        self.assertEqual(context.process_element, self.client.process_element)
        self.assertEqual(context.wed, 0x123456789abcdef0)
        self.assertEqual(context.num_interrupts, self.client.irqs_min)
        self.assertEqual(len(context.window), 0x10000)
        self.assertFalse(context.master)
        self.assertIs(context.model, self.afu)
        self.assertEqual(list(self.afu.contexts), [context])
        self.assertEqual(self.afu.mode, model.MODE_DIRECTED)

    def test_memory_is_read_and_written(self):
        self.serve()
        context = self.attach()
        memory = cxl_afu.Buffer(3 * 65536)
        data = os.urandom(2 * 65536)
        at = memory.address
        context.store(at + 5, data)
        self.assertEqual(memory[5:5 + len(data)], data)
        self.assertEqual(context.load(at + 5, len(data)), data)
        self.assertEqual(context.load(at, 0), b"")
        into = bytearray(10)
        context.load_into(at + 6, into)
        self.assertEqual(into, data[1:11])

    def test_memory_is_copied_and_filled(self):
        self.serve()
        context = self.attach()
        memory = cxl_afu.Buffer(b"abcdef" + bytes(100))
        context.copy(memory.address + 50, memory.address, 6)
        self.assertEqual(memory[50:56], b"abcdef")
        context.fill(memory.address + 1, 0x5a, 3)
        self.assertEqual(memory[0:6], b"aZZZef")
        self.assert_errno(errno.EINVAL, context.fill, memory.address, 256, 1, kind=OSError)

    def test_words_are_compared_and_swapped(self):
        self.serve()
        context = self.attach()
        memory = cxl_afu.Buffer(16)
        at = memory.address
        self.assertEqual(context.compare_swap(at, 0, 7), 0)
        self.assertEqual(context.compare_swap(at, 0, 9), 7)
        self.assertEqual(int.from_bytes(memory[0:8], "little"), 7)
        self.assertEqual(context.compare_swap(at + 12, 0, 5, width=4), 0)
        self.assertEqual(int.from_bytes(memory[8:16], "little"), 5 << 32)
        self.assert_errno(errno.EFAULT, context.compare_swap, at + 1, 0, 1)

    def test_bad_address_is_an_exception_and_an_event(self):
        self.serve()
        context = self.attach()
        for access in (lambda: context.load(0x1000, 8), lambda: context.store(0x1000, b"x"),
                       lambda: context.copy(0x1000, 0x1000, 1)):
            self.assert_errno(errno.EFAULT, access)
            event = self.client.read_event(timeout=SOON)
            self.assertIsInstance(event, cxl_afu.DataStorage)
            self.assertEqual(event.address, 0x1000)
        for access, address, what in ((context.load, 2 ** 63, 1),
                                      (context.store, 2 ** 64 - 4, b"x")):
            self.assert_errno(errno.EFAULT, access, address, what)
            self.assertEqual(self.client.read_event(SOON).address, address)
        self.assert_errno(errno.EFAULT, context.load, 2 ** 64, 1)

    def test_registers_are_shared_and_big_endian(self):
        self.serve(on_attach=lambda context: context.window.write64(8, 0x1122334455667788))
        context = self.attach()
        registers = self.client.mmio()
        self.assertEqual(registers.read64(8), 0x1122334455667788)
        self.assertEqual(context.window.read32(8), 0x11223344)
        registers.write64(0xfff8, 5)
        self.assertEqual(context.window.read64(0xfff8), 5)
        self.assertEqual(context.window.read32(0xfffc), 5)
        context.window.write32(0x10, 0xaabbccdd)
        self.assertEqual(registers.read64(0x10), 0xaabbccdd00000000)
        self.assertTrue(self.afu.wait_for("doorbell"))
        for offset in (-8, 4, 0x10000):
            with self.assertRaises(ValueError):
                context.window.read64(offset)
        with self.assertRaises(OverflowError):
            context.window.write64(0, 2 ** 64)

    def test_global_registers_are_those_of_the_master(self):
        self.serve()
        self.client = cxl_afu.Afu.open(CLIENT[:-1] + "m")
        self.client.attach(0)
        self.assertTrue(self.afu.context.master)
        self.afu.global_registers.write64(0x18, 77)
        self.assertEqual(self.client.mmio().read64(0x18), 77)

    def test_copies_between_contexts(self):
        self.serve()
        first = self.attach()
        with cxl_afu.Afu.open(CLIENT) as other:
            other.attach(0)
            source, target = cxl_afu.Buffer(b"from one to the other"), cxl_afu.Buffer(21)
            self.afu.context.copy_from(target.address, first, source.address, 21)
            self.assertEqual(bytes(target[0:21]), b"from one to the other")
            # Whose address is bad is told of it.
            self.assert_errno(errno.EFAULT, self.afu.context.copy_from, target.address, first,
                              0x2000, 1)
            self.assertEqual(self.client.read_event(SOON).address, 0x2000)

    def test_interrupts_and_errors_are_events(self):
        self.serve()
        context = self.attach()
        context.interrupt(2)
        self.assertEqual(self.client.read_event(SOON),
                         cxl_afu.Interrupt(context.process_element, None, 2))
        context.error(0xabcdef)
        self.assertEqual(self.client.read_event(SOON),
                         cxl_afu.AfuError(context.process_element, None, 0xabcdef))
        for number in (0, 5000):
            self.assert_errno(errno.ERANGE, context.interrupt, number, kind=OSError)

    def test_work_is_done_once_and_for_each_doorbell(self):
        done = [0]

        def square(context):
            at = context.window.read64(0) or context.wed
            # The doorbell may ring before the store is seen, and again after it.
            if at == done[-1]:
                return
            done.append(at)
            number = int.from_bytes(context.load(at, 8), "big")
            context.store(at, (number ** 2).to_bytes(8, "big"))
            context.interrupt(1)

        self.serve(Worker, on_work=square)
        numbers = [cxl_afu.Buffer(n.to_bytes(8, "big")) for n in (12, 13)]
        self.attach(numbers[0].address)
        self.assertIsInstance(self.client.read_event(SOON), cxl_afu.Interrupt)
        self.assertEqual(int.from_bytes(numbers[0][0:8], "big"), 144)
        self.client.mmio().write64(0, numbers[1].address)
        self.assertIsInstance(self.client.read_event(SOON), cxl_afu.Interrupt)
        self.assertEqual(int.from_bytes(numbers[1][0:8], "big"), 169)
        self.assertEqual(done[1:], [number.address for number in numbers])

    def test_work_comes_again_in_time(self):
        self.serve(Worker, on_work=lambda context: 0.01)
        self.attach()
        self.assertTrue(self.afu.wait_for("work", 5))

    def test_work_lives_with_bad_addresses(self):
        self.serve(Worker, on_work=lambda context: context.load(context.window.read64(0), 8))
        self.attach()
        for _ in range(2):
            self.assertIsInstance(self.client.read_event(SOON), cxl_afu.DataStorage)
            self.client.mmio().write64(0, 0x2000)
        self.assertIsNone(self.raised)

    def test_work_that_waits_for_memory_holds_up_no_other(self):
        read, write_end = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write_end)
        self.serve(Worker, on_work=lambda context: os.read(read, 1) and None
                   if context.wed else context.interrupt(1))
        first = cxl_afu.Afu.open(CLIENT)
        first.attach(1)
        self.attach(0)
        self.assertIsInstance(self.client.read_event(SOON), cxl_afu.Interrupt)
        os.write(write_end, b"x")
        first.close()
        self.assertTrue(self.afu.wait_for("detach"))

    def test_closing_ends_an_access_that_waits(self):
        class Fragile(Worker):
            def link(self, up):
                time.sleep(0.2)
                raise InterruptedError

        buffer = cxl_afu.Buffer(8)
        self.serve(Fragile, on_work=lambda context: len(context.load(buffer.address, 8)) / 1000)
        self.attach()
        self.assertTrue(self.afu.wait_for("work"))
        write(DEBUG + "/link", "down")
        self.runner.join(SOON)
        self.assertFalse(self.runner.is_alive())
        self.assertIsInstance(self.raised, InterruptedError)
        write(DEBUG + "/link", "up")

    def test_closing_detaches_all_whatever_they_raise(self):
        class Fragile(Worker):
            def link(self, up):
                raise InterruptedError

            def detach(self, context):
                super().detach(context)
                raise RuntimeError

        self.serve(Fragile, on_work=lambda context: 0.001)
        first = cxl_afu.Afu.open(CLIENT)
        self.addCleanup(first.close)
        first.attach(0)
        self.attach()
        write(DEBUG + "/link", "down")
        self.runner.join(SOON)
        write(DEBUG + "/link", "up")
        self.assertFalse(self.runner.is_alive())
        self.assertIsInstance(self.raised, RuntimeError)
        self.assertEqual(self.afu.told.count("detach"), 2)
        self.assertEqual([thread.name for thread in threading.enumerate()
                          if thread.name.startswith("PE ")], [])
        Recorder().close()

    def test_context_for_which_there_is_no_file_is_refused(self):
        self.serve()
        self.client = cxl_afu.Afu.open(CLIENT)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        try:
            self.assert_errno(errno.EIO, self.client.attach, 0, kind=OSError)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        self.client.attach(0)
        self.assertIsNone(self.raised)

    def test_context_for_which_there_is_no_thread_is_refused(self):
        self.serve(Worker, on_work=lambda context: None)
        with mock.patch.object(threading.Thread, "start", side_effect=RuntimeError):
            self.assert_errno(errno.EIO, self.attach, kind=OSError)
        self.assertEqual(self.afu.told[1:], ["attach", "detach"])
        self.client.attach(0)
        self.assertTrue(self.afu.wait_for("work"))
        self.assertIsNone(self.raised)

    def test_exception_in_work_ends_the_model(self):
        # Not before attach() has returned: it may find that the AFU has failed.
        self.serve(Worker, on_work=lambda context: context.window.read64(0) and 1 // 0)
        self.attach()
        self.client.mmio().write64(0, 1)
        self.assertEqual(self.client.read_event(SOON).error, 0x4d4f44454c)
        self.runner.join(SOON)
        self.assertIsInstance(self.raised, ZeroDivisionError)

    def test_exception_in_attach_ends_the_model(self):
        self.serve(on_attach=lambda context: 1 // 0)
        self.assert_errno(errno.EIO, self.attach, kind=OSError)
        self.runner.join(SOON)
        self.assertIsInstance(self.raised, ZeroDivisionError)
        with self.assertRaises(ValueError):
            self.afu.fileno()

    def test_context_is_refused(self):
        def refuse(context):
            raise model.Refused
        self.serve(on_attach=refuse)
        self.assert_errno(errno.EIO, self.attach, kind=OSError)
        self.afu.on_attach = lambda context: context.load(0x1000, 1)
        self.assert_errno(errno.EIO, self.attach, kind=OSError)
        self.afu.on_attach = None
        self.attach()
        self.assertEqual(len(list(self.afu.contexts)), 1)

    def test_detached_context_is_stale(self):
        self.serve(Worker, on_work=lambda context: None)
        context = self.attach()
        memory = cxl_afu.Buffer(8)
        self.client.close()
        self.assertTrue(self.afu.wait_for("detach"))
        self.assertEqual(list(self.afu.contexts), [])
        self.assert_errno(errno.ESTALE, context.load, memory.address, 8)
        self.assert_errno(errno.ESTALE, context.store, memory.address, b"x")
        self.assert_errno(errno.ESTALE, context.fill, memory.address, 1, 1)
        self.assert_errno(errno.ESTALE, context.interrupt, 1)
        self.assert_errno(errno.ESTALE, lambda: context.window)

    def test_reset_is_told(self):
        self.serve()
        registers = self.afu.global_registers
        write("/sys/class/cxl/afu1.0/reset", "1")
        self.assertTrue(self.afu.wait_for("reset", 2))
        with self.assertRaises(ValueError):
            registers.read64(0)
        self.afu.global_registers.read64(0)
        self.attach()

    def test_link_is_told(self):
        self.serve()
        context = self.attach()
        write(DEBUG + "/link", "down")
        self.assertTrue(self.afu.wait_for("down"))
        self.assert_errno(errno.EIO, context.interrupt, 1)
        write(DEBUG + "/link", "up")
        self.assertTrue(self.afu.wait_for("up"))
        context.interrupt(1)

    def test_error_buffer_is_written(self):
        self.serve()
        self.afu.write_error_buffer(60, b"four")
        with open("/sys/class/cxl/afu1.0/afu_err_buff", "rb") as file:
            self.assertEqual(file.read()[60:], b"four")
        self.assertEqual(self.afu.error_buffer_size, 64)
        self.assert_errno(errno.EINVAL, self.afu.write_error_buffer, 61, b"four", kind=OSError)

    def test_run_ends_with_the_afu(self):
        self.serve(Worker, on_work=lambda context: None)
        self.attach()
        write("/sys/kernel/config/cxl-sim/python/live", "0")
        self.runner.join(SOON)
        self.assertFalse(self.runner.is_alive())
        self.assertIsNone(self.raised)
        self.assertEqual(self.afu.told[-1], "detach")

    def test_one_program_at_a_time(self):
        with self.assertRaises(FileNotFoundError) as caught:
            model.Model(NODE + "x")
        self.assertEqual(caught.exception.filename, NODE + "x")
        with Recorder() as first:
            self.assert_errno(errno.EBUSY, Recorder, kind=OSError)
            self.assertEqual(first.handle(SOON), 1)
            self.assertEqual(first.handle(0), 0)
            before = time.monotonic()
            self.assertEqual(first.handle(0.05), 0)
            self.assertGreaterEqual(time.monotonic() - before, 0.05)
        # Nothing of it is left that has the node open.
        first.close()
        with Recorder() as second:
            self.assertEqual(second.handle(SOON), 1)
            second.global_registers.read64(0)
        Recorder().close()


if __name__ == "__main__":
    unittest.main()
