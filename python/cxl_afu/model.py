# SPDX-License-Identifier: LGPL-2.1-or-later
"""AFUs of a software card that are Python programs.

A subclass of Model says what the AFU does, and run() does it:

    from cxl_afu import model

    class Square(model.Model):
        def work(self, context):
            number = int.from_bytes(context.load(context.wed, 8), "big")
            context.store(context.wed, (number ** 2).to_bytes(8, "big"))
            context.interrupt(1)

    Square("/dev/cxl-sim/mine.afu0").run()

Documentation/user-models.md describes the life of a context. This module needs nothing
but Python. A Model belongs to one thread; any thread may use a Context, its memory and
its registers.
"""
from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import mmap
import os
import select
import struct
import threading
from types import TracebackType
from typing import Any, Iterator, Optional, Type, Union

from . import _sim

MODE_DEDICATED, MODE_DIRECTED = 1, 2

_BATCH = 64             # messages that are read at once
_BYTE_ORDER: Any = "little" if struct.pack("=H", 1)[0] else "big"
_NOT_OURS = (errno.EFAULT, errno.ESTALE, errno.EIO, errno.ENODEV)


class AccessError(OSError):
    """A request failed, and the model is not to blame for it.

    Its errno is EFAULT: a bad address, for which the program that has attached gets an
    event; ESTALE: the context is no longer attached; EIO: the link is down, or the AFU
    has failed; ENODEV: the AFU no longer exists.
    """


class Refused(Exception):
    """Raised in Model.attach(): the context cannot be attached."""


class _Translate:
    """In this block, an OSError that the model is not to blame for becomes an
    AccessError."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 where: Optional[TracebackType]) -> None:
        if isinstance(error, OSError) and error.errno in _NOT_OURS:
            raise AccessError(error.errno, error.strerror) from None


_translate = _Translate()


class Registers:
    """Registers in the problem state area, big-endian, by their offset in bytes.

    An access is aligned, and is a single access of the machine. A reader that sees a
    value that was written also sees everything written before it.
    """

    def __init__(self, memory: mmap.mmap, begin: int, size: int) -> None:
        """The size bytes at begin; both are whole pages."""
        self._barrier = threading.Lock()
        self._size = size
        whole = memoryview(memory)
        self._views = [whole, whole[begin:begin + size]]
        self._views += [self._views[1].cast("Q"), self._views[1].cast("I")]
        self._words, self._halves = self._views[2:]

    def __len__(self) -> int:
        return self._size

    def read64(self, offset: int) -> int:
        """The 64-bit register at offset; ValueError if no register can be there"""
        return self._read(self._words, offset, 8)

    def write64(self, offset: int, value: int) -> None:
        """Set the 64-bit register at offset."""
        self._write(self._words, offset, 8, value)

    def read32(self, offset: int) -> int:
        """The 32-bit register at offset"""
        return self._read(self._halves, offset, 4)

    def write32(self, offset: int, value: int) -> None:
        """Set the 32-bit register at offset."""
        self._write(self._halves, offset, 4, value)

    def _index(self, offset: int, size: int) -> int:
        if offset % size or not 0 <= offset < self._size:
            raise ValueError(f"no register of {size} bytes is at {offset:#x}")
        return offset // size

    def _read(self, view: memoryview, offset: int, size: int) -> int:
        value: int = view[self._index(offset, size)]
        self._order()
        return int.from_bytes(value.to_bytes(size, "big"), _BYTE_ORDER)

    def _write(self, view: memoryview, offset: int, size: int, value: int) -> None:
        self._order()
        view[self._index(offset, size)] = int.from_bytes(value.to_bytes(size, "big"),
                                                         _BYTE_ORDER)

    def _order(self) -> None:
        """A full barrier: release a lock, then take it."""
        with self._barrier:
            pass
        with self._barrier:
            pass

    def _release(self) -> None:
        """Allow the mapping to be closed; no access is possible any more."""
        for view in reversed(self._views):
            view.release()


class Context:
    """An attached context: the AFU's view of one program.

    Addresses are effective addresses of that program. Accesses wait for memory that
    is not there yet; if they are impossible, they raise AccessError.
    """

    def __init__(self, model: Model, element: int, number: int, attach: bytes) -> None:
        """Made by the model, for a message"""
        self.model = model                  #: the AFU
        self.process_element = element      #: its number
        (self.wed, self.amr, self._window_at, self._window_size, self.num_interrupts,
         flags) = _sim.ATTACH.unpack_from(attach)
        #: is it a master, which sees the windows of all contexts?
        self.master = bool(flags & _sim.CONTEXT_MASTER)
        #: are its addresses the kernel's, because an AFU driver has started it?
        self.kernel = bool(flags & _sim.CONTEXT_KERNEL)
        self.data: Any = None               #: for the subclass of Model
        self._id = number
        self._window: Optional[Registers] = None
        # Closed only when nobody has this object any more, so that no thread can use
        # an old number for another context's file.
        self._memory = -1
        with _translate:
            self._memory = fcntl.ioctl(model.fileno(), _sim.OPEN_CONTEXT,
                                       bytearray(_sim.OPEN.pack(element, number)))

    def __del__(self) -> None:
        if self._memory >= 0:
            os.close(self._memory)

    @property
    def window_offset(self) -> int:
        """Where its window is in the problem state area"""
        return self._window_at

    def _has_register(self, offset: int) -> bool:
        return 0 <= offset - self._window_at < self._window_size

    @property
    def window(self) -> Registers:
        """Its window of the problem state area, initially zero: registers, shared with
        the program that has attached"""
        if self._window is None:
            with _translate:
                memory = mmap.mmap(self._memory, self._window_size)
            self._window = Registers(memory, 0, self._window_size)
        return self._window

    def load(self, address: int, length: int) -> bytes:
        """Read length bytes of memory."""
        data = bytearray(length)
        self.load_into(address, data)
        return bytes(data)

    def load_into(self, address: int, buffer: Union[bytearray, memoryview, array.array[Any]]) -> None:
        """Fill a buffer from memory."""
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view):
            with _translate:
                done += os.preadv(self._memory, [view[done:]],
                                  self._offset(address + done, False))

    def store(self, address: int, data: Union[bytes, bytearray, memoryview]) -> None:
        """Write data to memory."""
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view):
            with _translate:
                done += os.pwrite(self._memory, view[done:],
                                  self._offset(address + done, True))

    def copy(self, target: int, source: int, length: int) -> None:
        """Copy memory to memory, at most 1 GiB, without passing it through the model.
        The ranges may overlap."""
        self._ioctl(_sim.COPY_MEMORY, _sim.COPY.pack(target, source, length, 0))

    def copy_from(self, target: int, other: Context, source: int, length: int) -> None:
        """Copy at most 1 GiB from the memory of another context of the same AFU."""
        self._ioctl(_sim.COPY_FROM_CONTEXT,
                    _sim.COPY_FROM.pack(target, source, length, 0, other._memory))

    def fill(self, target: int, value: int, length: int) -> None:
        """Set length bytes, at most 1 GiB, to value."""
        self._ioctl(_sim.FILL_MEMORY, _sim.FILL.pack(target, length, 0, value))

    def compare_swap(self, address: int, old: int, new: int, width: int = 8) -> int:
        """Replace a word of 4 or 8 bytes by new if it is old, atomically.

        The address is a multiple of width. The word is in this machine's byte order.
        Returns the value that was there: old, if the word was replaced.
        """
        result = self._ioctl(_sim.COMPARE_SWAP, _sim.SWAP.pack(address, old, new, width))
        found: int = _sim.SWAP.unpack(result)[1]
        return found

    def interrupt(self, number: int = 1) -> None:
        """Raise an interrupt, 1 to num_interrupts; OSError (ERANGE) for others."""
        self._request(_sim.Request.INTERRUPT, number=number)

    def error(self, value: int) -> None:
        """Report an AFU error; the AFU defines what the value means."""
        self._request(_sim.Request.ERROR, value=value)

    def _offset(self, address: int, store: bool) -> int:
        """An address as a file offset. An offset cannot have the highest bit, which is
        set in all kernel addresses and clear in all addresses of programs. Any other
        address is bad."""
        if 0 <= address < 2 ** 64:
            if self.kernel == (address > _sim.MAX_ADDRESS):
                return address & _sim.MAX_ADDRESS
            # An ioctl takes the whole address, fails, and the program is told.
            if store:
                self.fill(address, 0, 1)
            else:
                self.copy(address, address, 1)
        raise AccessError(errno.EFAULT, os.strerror(errno.EFAULT))

    def _request(self, kind: _sim.Request, value: int = 0, number: int = 0) -> None:
        request = _sim.REQUEST.pack(kind, self.process_element, self._id, value, number)
        with _translate:
            os.write(self.model.fileno(), request)

    def _ioctl(self, number: int, argument: bytes) -> bytes:
        result = bytearray(argument)
        with _translate:
            fcntl.ioctl(self._memory, number, result)
        return bytes(result)


def _swap(value: int, size: int) -> int:
    """Convert a number of size bytes between this machine's and the registers' byte
    order."""
    return int.from_bytes(value.to_bytes(size, "big"), _BYTE_ORDER)


class _Worker:
    """A thread that does the work of one context, so that a context that waits for
    memory delays no other."""

    def __init__(self, model: Model, context: Context) -> None:
        self._condition = threading.Condition()
        self._rung = self._ended = False    # guarded by the condition's lock
        self._thread = threading.Thread(target=self._run, args=(model, context),
                                        name=f"PE {context.process_element}", daemon=True)
        self._thread.start()

    def ring(self) -> None:
        """Make it look for work."""
        with self._condition:
            self._rung = True
            self._condition.notify()

    def end(self) -> None:
        """Tell it to end, without waiting."""
        with self._condition:
            self._ended = True
            self._condition.notify()

    def join(self) -> None:
        """Wait until it has ended."""
        self.end()
        self._thread.join()

    def _run(self, model: Model, context: Context) -> None:
        try:
            while not self._ended:
                self._wait(self._work(model, context))
        except BaseException as error:      # for the thread that calls handle()
            model._work_failed(error)

    def _work(self, model: Model, context: Context) -> Optional[float]:
        try:
            return model.work(context)
        except AccessError:
            return None

    def _wait(self, seconds: Optional[float]) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._rung or self._ended, seconds)
            # Writes from now on ring again.
            self._rung = False


class Model:
    """An AFU. It is closed at the end of a "with" block, and by run().

    handle() calls the methods reset() to link(); override those you need. An
    AccessError that leaves one of them ends that call only; in attach() it refuses the
    context. Any other exception leaves handle(): close the model then. When a model is
    closed, the AFU has failed for the programs that have attached.
    """

    def __init__(self, node: Union[str, os.PathLike[str]]) -> None:
        """node: path of the AFU's node, /dev/cxl-sim/CARD.afuM

        OSError: EBUSY if another program is that AFU, EPROTO if the kernel speaks
        another version, or an error of open().
        """
        self._contexts: dict[int, Context] = {}
        self._workers: dict[int, _Worker] = {}
        self._has_work = type(self).work is not Model.work
        self._failure: Optional[BaseException] = None
        self._psa: Optional[mmap.mmap] = None
        self._global: Optional[Registers] = None
        self._all: Optional[Registers] = None
        self._global_at = 0
        self.mode = 0           #: MODE_DEDICATED, MODE_DIRECTED, or 0: disabled
        self._fd = self._failed_read = self._failed_write = -1
        # Non-blocking: a message may vanish between poll() and read().
        self._fd = os.open(node, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            self._read_info(fcntl.ioctl(self._fd, _sim.GET_INFO, bytes(_sim.INFO.size)))
            self._failed_read, self._failed_write = os.pipe()
        except BaseException:
            self.close()
            raise
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        self._poll.register(self._failed_read, select.POLLIN)

    def reset(self) -> None:
        """Called before anything else, and then whenever the AFU is reset: set up the
        global registers. Attached contexts do no more work."""

    def attach(self, context: Context) -> None:
        """A context was started: set up its registers. The program or driver that
        started it waits. Raise Refused to refuse the context."""

    def doorbell(self, context: Context) -> None:
        """Registers of the context may have been written to."""

    def work(self, context: Context) -> Optional[float]:
        """Do the context's work, in a thread of its own.

        Called once the context is attached, and whenever its doorbell has rung. Returns
        the seconds after which to call it even if the doorbell does not ring, or None.
        It has ended before detach() and reset() are called, so let AccessError pass.
        """
        raise NotImplementedError

    def interrupts(self, context: Context) -> None:
        """The number of the context's interrupts has changed."""

    def detach(self, context: Context) -> None:
        """The context is gone: its memory can no longer be accessed. close() calls it
        for all contexts that are left; it also follows attach() if no thread can be
        created for work()."""

    def link(self, up: bool) -> None:
        """The link to the card went down, or came back."""

    def mmio_read(self, context: Context, offset: int, size: int) -> int:
        """A register of size bytes, 4 or 8, is read, if the AFU's setting "mmio" is
        "trapped". Returns its value. The reader waits.

        offset is the offset in the problem state area: a context's first register is
        at its window_offset. Unless this method is overridden, registers are memory.
        """
        registers = self._all_registers
        return registers.read64(offset) if size == 8 else registers.read32(offset)

    def mmio_write(self, context: Context, offset: int, size: int, value: int) -> None:
        """The reverse: the value is written to the register. Then work() is called.
        Unless this method is overridden, the doorbell rings of the context whose window
        has the register."""
        if size == 8:
            self._all_registers.write64(offset, value)
        else:
            self._all_registers.write32(offset, value)
        self._ring_at(offset)

    @property
    def contexts(self) -> Iterator[Context]:
        """The attached contexts"""
        return iter(list(self._contexts.values()))

    @property
    def global_registers(self) -> Registers:
        """One page of registers for all contexts; a reset may move it before reset() is
        called."""
        if self._global is None:
            self._global = Registers(self._map(), self._global_at, mmap.PAGESIZE)
        return self._global

    @property
    def _all_registers(self) -> Registers:
        if self._all is None:
            self._all = Registers(self._map(), 0, self._psa_size)
        return self._all

    def _map(self) -> mmap.mmap:
        if self._psa is None:
            self._psa = mmap.mmap(self._fd, self._psa_size)
        return self._psa

    def fileno(self) -> int:
        """The descriptor, readable when handle() has something to do"""
        if self._fd < 0:
            raise ValueError("the model is closed")
        return self._fd

    def run(self) -> None:
        """Be the AFU until it no longer exists, then close the model."""
        with self:
            while self._exists():
                pass

    def handle(self, timeout: Optional[float] = None) -> int:
        """Handle what has happened; wait at most timeout seconds for it.

        Returns how many messages were handled, 0 if none came in time. OSError: ENODEV
        if the AFU no longer exists, EIO if it has failed: it did not answer in time.
        """
        ready = self._poll.poll(None if timeout is None else timeout * 1000)
        if self._failure is not None:
            raise self._failure
        if not ready:
            return 0
        try:
            data = os.read(self._fd, _BATCH * _sim.MESSAGE_SIZE)
        except BlockingIOError:
            return 0
        messages = list(_sim.MESSAGE.iter_unpack(data))
        # Side by side: the next program to attach waits until all are dealt with.
        self._end_workers([number for kind, _, number, _ in messages
                           if kind == _sim.Message.DETACH])
        for message in messages:
            self._handle_message(*message)
        return len(messages)

    def write_error_buffer(self, offset: int, data: bytes) -> None:
        """Write at most 4096 bytes to the AFU's error buffer of error_buffer_size
        bytes; OSError (EINVAL) beyond its end."""
        memory = array.array("B", data)
        fcntl.ioctl(self.fileno(), _sim.WRITE_ERR_BUFF,
                    _sim.ERR_BUFF.pack(memory.buffer_info()[0], offset, len(data)))

    def close(self) -> None:
        """Stop being the AFU. Accesses to memory that are under way raise AccessError."""
        if self._fd < 0:
            return
        self._end_workers(list(self._workers))
        self._end_accesses()
        self._stop_all_workers()
        # Do each of these, whatever the others raise.
        with contextlib.ExitStack() as calls:
            calls.callback(self._close_files)
            while self._contexts:
                calls.callback(self.detach, self._contexts.popitem()[1])

    def __enter__(self) -> Model:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 where: Optional[TracebackType]) -> None:
        self.close()

    def _exists(self) -> bool:
        """Handle what has happened; False if the AFU no longer exists."""
        try:
            self.handle()
        except OSError as error:
            if error.errno != errno.ENODEV:
                raise
            return False
        return True

    def _read_info(self, info: bytes) -> None:
        (version, _, self.num_processes, self.irqs_min, self.error_buffer_size,
         self._psa_size, _, _) = _sim.INFO.unpack(info)
        if version != _sim.ABI_VERSION:
            raise OSError(errno.EPROTO, os.strerror(errno.EPROTO))

    def _end_accesses(self) -> None:
        """A worker may be waiting for memory that never comes, and close() for the
        worker. An invalid request ends both, as the last close of the node would."""
        try:
            os.write(self._fd, b"!")
        except OSError:
            pass

    def _close_files(self) -> None:
        self._move_global(0)
        if self._all is not None:
            self._all._release()
        self._all = None
        # The mapping has its own descriptor of the node.
        if self._psa is not None:
            self._psa.close()
        for fd in (self._fd, self._failed_read, self._failed_write):
            if fd >= 0:
                os.close(fd)
        self._fd = -1

    def _move_global(self, offset: int) -> None:
        if self._global is not None:
            self._global._release()
        self._global = None
        self._global_at = offset

    def _work_failed(self, error: BaseException) -> None:
        """Pass the error to handle(), whichever thread it runs in."""
        self._failure = error
        os.write(self._failed_write, b"!")

    def _end_workers(self, numbers: list[int]) -> None:
        for number in numbers:
            if number in self._workers:
                self._workers[number].end()

    def _stop_all_workers(self) -> None:
        self._end_workers(list(self._workers))
        for number in list(self._workers):
            self._stop_worker(number)

    def _stop_worker(self, number: int) -> None:
        worker = self._workers.pop(number, None)
        if worker is not None:
            worker.join()

    def _handle_message(self, kind: int, element: int, number: int, rest: bytes) -> None:
        if kind == _sim.Message.ATTACH:
            self._handle_attach(element, number, rest)
        elif kind == _sim.Message.RESET:
            self._handle_reset(number, rest)
        elif kind == _sim.Message.LINK:
            self.link(bool(_sim.LINK.unpack_from(rest)[0]))
        elif number in self._contexts:
            self._handle_context(kind, self._contexts[number], rest)

    def _handle_attach(self, element: int, number: int, rest: bytes) -> None:
        context = self._new_context(element, number, rest)
        refused = context is None or not self._start_context(context)
        self._answer(_sim.Request.ATTACHED, element, number, int(refused))

    def _new_context(self, element: int, number: int, rest: bytes) -> Optional[Context]:
        """None if the context is gone by now, or too many files are open: a program that
        attaches often must not end the model."""
        try:
            return Context(self, element, number, rest)
        except OSError:
            return None

    def _start_context(self, context: Context) -> bool:
        try:
            self.attach(context)
        except (AccessError, Refused):
            return False
        try:
            if self._has_work:
                self._workers[context._id] = _Worker(self, context)
        except RuntimeError:    # no more threads
            self.detach(context)
            return False
        self._contexts[context._id] = context
        return True

    def _handle_reset(self, number: int, rest: bytes) -> None:
        self._stop_all_workers()
        offset, self.mode = _sim.RESET.unpack_from(rest)
        self._move_global(offset)
        self.reset()
        self._answer(_sim.Request.RESET_DONE, 0, number, 0)

    def _handle_context(self, kind: int, context: Context, rest: bytes) -> None:
        try:
            if kind == _sim.Message.DETACH:
                self._handle_detach(context)
            elif kind == _sim.Message.INTERRUPTS:
                context.num_interrupts = _sim.INTERRUPTS.unpack_from(rest)[0]
                self.interrupts(context)
            elif kind == _sim.Message.DOORBELL:
                self.doorbell(context)
                self._ring_worker(context)
            elif kind == _sim.Message.MMIO:
                self._handle_mmio(context, rest)
        except AccessError:
            pass

    def _ring_at(self, offset: int) -> None:
        """A register outside all windows belongs to all contexts."""
        contexts = list(self.contexts)
        for context in [c for c in contexts if c._has_register(offset)] or contexts:
            self._handle_context(_sim.Message.DOORBELL, context, b"")

    def _ring_worker(self, context: Context) -> None:
        if context._id in self._workers:
            self._workers[context._id].ring()

    def _handle_mmio(self, context: Context, rest: bytes) -> None:
        access, offset, value, size, write = _sim.MMIO.unpack_from(rest)
        result = 0
        try:
            if write:
                self.mmio_write(context, offset, size, _swap(value, size))
                self._ring_worker(context)
            else:
                result = _swap(self.mmio_read(context, offset, size), size)
        except AccessError:
            result = 0 if write else 2 ** (8 * size) - 1
        self._answer(_sim.Request.MMIO_DONE, context.process_element, access, result)

    def _handle_detach(self, context: Context) -> None:
        self._stop_worker(context._id)
        del self._contexts[context._id]
        self.detach(context)

    def _answer(self, kind: _sim.Request, element: int, number: int, value: int) -> None:
        try:
            os.write(self._fd, _sim.REQUEST.pack(kind, element, number, value, 0))
        except OSError as error:
            # Stale answers do not matter. If the AFU has failed, the next read shows it.
            if error.errno not in _NOT_OURS:
                raise
