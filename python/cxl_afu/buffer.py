# SPDX-License-Identifier: LGPL-2.1-or-later
"""Memory with an address that can be passed to an AFU."""
from __future__ import annotations

import ctypes
import mmap
from typing import Union


class Buffer:
    """Memory in whole pages, zeroed or with a copy of some bytes.

    It stays where it is as long as the object lives: keep the object until the AFU
    is done with the memory.
    """

    def __init__(self, content: Union[int, bytes, bytearray, memoryview]) -> None:
        """content: a number of bytes, or the bytes themselves"""
        size = content if isinstance(content, int) else len(content)
        if size <= 0:
            raise ValueError("a buffer has at least one byte")
        self._memory = mmap.mmap(-1, size)
        self._size = size
        self._first = ctypes.c_char.from_buffer(self._memory)
        if not isinstance(content, int):
            self._memory[:size] = bytes(content)

    @property
    def address(self) -> int:
        """The effective address of the first byte"""
        return ctypes.addressof(self._first)

    def __len__(self) -> int:
        return self._size

    def __bytes__(self) -> bytes:
        return self._memory[:self._size]

    def __getitem__(self, where: Union[int, slice]) -> Union[int, bytes]:
        return bytes(self)[where] if isinstance(where, slice) else self._memory[where]

    def __setitem__(self, where: Union[int, slice], value: Union[int, bytes]) -> None:
        self._memory[where] = value     # type: ignore[index, assignment]


def address_of(place: Union[int, Buffer]) -> int:
    """The address of a buffer, or the address itself"""
    return place.address if isinstance(place, Buffer) else place
