# SPDX-License-Identifier: GPL-2.0-only
"""The package cxl_afu, in a guest with the driver of examples/afu-driver: see
python.sh."""
import errno
import fcntl
import os
import select
import signal
import struct
import subprocess
import threading
import time
import unittest
from unittest import mock

import cxl_afu

NODE = "/dev/cxl/afu0.0s"
ECHO_OPEN, ECHO_SEND = 0x4540, 0x40084541   # examples/afu-driver/cxl_echo.h


def inject(*arguments):
    subprocess.run(["afuctl", "inject", *map(str, arguments)], check=True)


class Test(unittest.TestCase):
    def setUp(self):
        self.afu = cxl_afu.Afu.open(NODE)
        self.queue = cxl_afu.MemcpyQueue(lines=1)

    def tearDown(self):
        self.afu.close()

    def test_copy_is_told_by_an_interrupt(self):
        source, target = cxl_afu.Buffer(bytes(range(256)) * 30), cxl_afu.Buffer(8000)
        copy = self.queue.copy(source, target)
        self.queue.interrupt(2)
        self.assertFalse(copy.done)
        self.afu.attach(self.queue.wed)
        event = self.afu.read_event(timeout=10)
        self.assertEqual(event, cxl_afu.Interrupt(self.afu.process_element, None, 2))
        self.assertEqual(copy.status, cxl_afu.Status.COMPLETE)
        self.assertEqual(bytes(target)[:7680], bytes(source))
        self.assertEqual(bytes(target)[7680:], bytes(320))

    def test_queue_goes_round(self):
        self.afu.attach(self.queue.wed)
        numbers = [cxl_afu.Buffer(n.to_bytes(8, "big")) for n in range(10)]
        results = [cxl_afu.Buffer(8) for _ in numbers]
        for number, result in zip(numbers, results):
            self.queue.increment(number, result).wait()
        self.assertEqual([int.from_bytes(bytes(result), "big") for result in results],
                         list(range(1, 11)))

    def test_stopped_queue_is_restarted(self):
        self.queue.interrupt(1)
        copy = self.queue.copy(cxl_afu.Buffer(b"later"), cxl_afu.Buffer(5))
        self.afu.attach(self.queue.wed)
        self.assertIsInstance(self.afu.read_event(timeout=10), cxl_afu.Interrupt)
        self.assertFalse(copy.done)
        self.queue.restart(self.afu.mmio())
        self.assertEqual(copy.wait(), cxl_afu.Status.COMPLETE)

    def test_full_queue_refuses(self):
        for _ in range(4):
            self.queue.interrupt(1)
        with self.assertRaises(BlockingIOError):
            self.queue.interrupt(1)

    def test_fault_is_an_event_and_a_status(self):
        copy = self.queue.copy(0x1000, cxl_afu.Buffer(8), 8)
        self.afu.attach(self.queue.wed)
        event = self.afu.read_event(timeout=10)
        self.assertIsInstance(event, cxl_afu.DataStorage)
        self.assertEqual(event.address, 0x1000)
        self.assertEqual(copy.wait(), cxl_afu.Status.ADDRESS_ERROR)

    def test_registers(self):
        self.afu.attach(self.queue.wed)
        registers = self.afu.mmio()
        self.assertEqual(registers.read64(0x08) >> 48, self.afu.process_element)
        self.assertEqual(registers.read64(0x00), self.queue.wed)
        with self.assertRaises(OSError) as caught:
            registers.read64(self.afu.mmio_size)
        self.assertEqual(caught.exception.errno, errno.EINVAL)

    def test_error_is_stamped_and_counted(self):
        self.afu.attach(self.queue.wed)
        self.afu.set_stamps()
        self.assertIsNone(self.afu.read_event(timeout=0.01))
        before = time.monotonic_ns()
        inject("error", "afu0.0", self.afu.process_element, 0x77)
        event = self.afu.read_event(timeout=10)
        self.assertIsInstance(event, cxl_afu.AfuError)
        self.assertEqual(event.error, 0x77)
        self.assertTrue(before <= event.stamp.time <= time.monotonic_ns())
        self.assertEqual((event.stamp.sequence, event.stamp.lost), (0, 0))

    def test_timeout_holds_if_another_reads(self):
        self.afu.attach(self.queue.wed)
        other = cxl_afu.Afu.from_fd(os.dup(self.afu.fileno()))
        poll = select.poll

        class Poll:
            """The other one reads the event that was to be read after poll()."""
            def __init__(self):
                self.poll_object = poll()
                self.register = self.poll_object.register

            def poll(self, timeout):
                inject("irq", "afu0.0", other.process_element, 1)
                ready = self.poll_object.poll(timeout)
                other.read_event()
                return ready

        signal.signal(signal.SIGALRM, lambda *_: self.fail("it waits"))
        signal.alarm(20)
        with mock.patch("select.poll", Poll), other:
            self.assertIsNone(self.afu.read_event(timeout=0.1))
        signal.alarm(0)

    def test_timeout_may_be_large(self):
        self.afu.attach(self.queue.wed)
        later = threading.Timer(0.5, inject, ("irq", "afu0.0", self.afu.process_element, 1))
        later.start()
        self.assertIsInstance(self.afu.read_event(timeout=1e30), cxl_afu.Interrupt)
        later.join()

    def test_driver_events(self):
        with open("/dev/cxl-echo") as device:
            fd = fcntl.ioctl(device, ECHO_OPEN)
        with cxl_afu.Afu.from_fd(fd) as afu:
            for number in (3, 4):
                fcntl.ioctl(afu, ECHO_SEND, struct.pack("=Q", number))
            events = [afu.read_event(timeout=10), afu.read_event(timeout=10)]
        self.assertEqual([event.data for event in events],
                         [struct.pack("=Q", 3), struct.pack("=Q", 4)])

    def test_events_end_with_the_context(self):
        subprocess.run(["afuctl", "create", "python"], check=True, stdout=subprocess.DEVNULL)
        with cxl_afu.Afu.open("/dev/cxl/afu1.0s") as afu:
            afu.attach(self.queue.wed)
            self.queue.interrupt(1)
            events = afu.events()
            self.assertIsInstance(next(events), cxl_afu.Interrupt)
            subprocess.run(["afuctl", "destroy", "python"], check=True)
            self.assertEqual([event for event in events], [])

    def test_afus_are_listed(self):
        self.assertEqual(list(cxl_afu.afus()), ["afu0.0"])

    def test_failures_are_exceptions(self):
        with self.assertRaises(FileNotFoundError) as caught:
            cxl_afu.Afu.open("/dev/cxl/nonesuch")
        self.assertEqual(caught.exception.filename, "/dev/cxl/nonesuch")
        with self.assertRaises(OSError) as caught:
            self.afu.attach(self.queue.wed, interrupts=30000)
        self.assertIn(caught.exception.errno, (errno.EINVAL, errno.ENOSPC))
        self.afu.close()
        self.afu.close()
        with self.assertRaises(ValueError):
            self.afu.fileno()
        for wrong in (0, 4096):
            with self.assertRaises(ValueError):
                cxl_afu.MemcpyQueue(lines=wrong)


if __name__ == "__main__":
    unittest.main()
