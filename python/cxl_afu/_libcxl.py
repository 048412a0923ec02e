# SPDX-License-Identifier: LGPL-2.1-or-later
"""libcxl by ctypes: find the library, declare its functions, turn -1 and NULL into
OSError."""
from __future__ import annotations

import ctypes
import os
import sysconfig
from ctypes import c_char_p, c_int, c_long, c_size_t, c_ssize_t, c_void_p
from typing import Any, Iterator

_SONAME = "libcxl.so.1"


def _candidates() -> Iterator[str]:
    """Where the library may be. Compute Express Link has a library of the same name,
    so ours is installed in a folder of its own."""
    if "CXL_AFU_LIBCXL" in os.environ:
        yield os.environ["CXL_AFU_LIBCXL"]
        return
    yield _SONAME
    triplet = sysconfig.get_config_var("MULTIARCH") or ""
    for folder in ("/usr/local/lib", "/usr/lib/" + triplet, "/usr/lib64", "/usr/lib"):
        yield os.path.join(folder, "cxl-afu", _SONAME)


def _load() -> ctypes.CDLL:
    tried = []
    for path in _candidates():
        try:
            library = ctypes.CDLL(path, use_errno=True)
            library.cxl_afu_attach_work     # only ours has it
            return library
        except (OSError, AttributeError) as error:
            tried.append(str(error))
    raise ImportError("libcxl is not found: " + "; ".join(tried))


library = _load()


class StartWork(ctypes.Structure):
    """struct cxl_ioctl_start_work, opaque: only the library accesses its fields"""


class Stamp(ctypes.Structure):
    """struct cxl_event_stamp"""
    _fields_ = [("time", ctypes.c_uint64), ("sequence", ctypes.c_uint64),
                ("lost", ctypes.c_uint64)]


_afu = c_void_p
_work = ctypes.POINTER(StartWork)
_long_out = ctypes.POINTER(c_long)

# name: result, arguments. Functions that return a pointer fail with NULL, others with -1.
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "cxl_afu_next": (_afu, [_afu]),
    "cxl_afu_dev_name": (c_char_p, [_afu]),
    "cxl_afu_open_dev": (_afu, [c_char_p]),
    "cxl_afu_fd_to_h": (_afu, [c_int]),
    "cxl_afu_free": (None, [_afu]),
    "cxl_afu_fd": (c_int, [_afu]),
    "cxl_afu_get_process_element": (c_int, [_afu]),
    "cxl_work_alloc": (_work, []),
    "cxl_work_free": (c_int, [_work]),
    "cxl_work_set_wed": (c_int, [_work, ctypes.c_uint64]),
    "cxl_work_set_amr": (c_int, [_work, ctypes.c_uint64]),
    "cxl_work_set_num_irqs": (c_int, [_work, ctypes.c_int16]),
    "cxl_afu_attach_work": (c_int, [_afu, _work]),
    "cxl_event_pending": (c_int, [_afu]),
    "cxl_next_event": (c_void_p, [_afu]),
    "cxl_read_event_buf": (c_ssize_t, [_afu, c_void_p, c_size_t]),
    "cxl_event_data": (c_void_p, [c_void_p, ctypes.POINTER(c_size_t)]),
    "cxl_event_stamp": (c_int, [c_void_p, ctypes.POINTER(Stamp)]),
    "cxl_set_event_stamps": (c_int, [_afu, c_int]),
    "cxl_mmio_map": (c_int, [_afu, ctypes.c_uint32]),
    "cxl_mmio_unmap": (c_int, [_afu]),
    "cxl_mmio_read64": (c_int, [_afu, ctypes.c_uint64, ctypes.POINTER(ctypes.c_uint64)]),
    "cxl_mmio_write64": (c_int, [_afu, ctypes.c_uint64, ctypes.c_uint64]),
    "cxl_mmio_read32": (c_int, [_afu, ctypes.c_uint64, ctypes.POINTER(ctypes.c_uint32)]),
    "cxl_mmio_write32": (c_int, [_afu, ctypes.c_uint64, ctypes.c_uint32]),
    "cxl_mmio_install_sigbus_handler": (c_int, []),
    "cxl_get_irqs_min": (c_int, [_afu, _long_out]),
    "cxl_get_irqs_max": (c_int, [_afu, _long_out]),
    "cxl_get_mmio_size": (c_int, [_afu, _long_out]),
    "cxl_get_api_version": (c_int, [_afu, _long_out]),
}

for _name, (_result, _arguments) in _FUNCTIONS.items():
    _function = getattr(library, _name)
    _function.restype = _result
    _function.argtypes = _arguments


def last_error(what: str | None = None) -> OSError:
    """The exception for the errno that this thread's last call left"""
    code = ctypes.get_errno()
    return OSError(code, os.strerror(code), what)


def call(name: str, *arguments: Any, what: str | None = None) -> Any:
    """Call a function of the library; raise OSError if it fails."""
    ctypes.set_errno(0)
    result = getattr(library, name)(*arguments)
    if result is None and _FUNCTIONS[name][0] is None:
        return None
    if result is None or result == -1 or (_FUNCTIONS[name][0] is _work and not result):
        raise last_error(what)
    return result


def get_long(name: str, afu: int) -> int:
    """The value of an attribute"""
    value = c_long()
    call(name, afu, ctypes.byref(value))
    return value.value
