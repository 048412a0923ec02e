// SPDX-License-Identifier: LGPL-2.1-or-later
/* The problem state area: mapping it, and accesses to its registers. */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "barrier.h"
#include "internal.h"
#include "sigbus.h"

void libcxl_mmio_release(struct cxl_afu_h *afu)
{
	if (afu->mmio)
		munmap(afu->mmio, afu->mmio_size);
	afu->mmio = NULL;
	afu->mmio_size = 0;
}

int cxl_mmio_map(struct cxl_afu_h *afu, __u32 flags)
{
	void *mmio;
	long size;

	if (!afu)
		return libcxl_fail(EINVAL);
	if (flags & ~CXL_MMIO_FLAGS || afu->fd < 0)
		return libcxl_fail(ENODEV);
	if (cxl_get_mmio_size(afu, &size))
		return -1;
	mmio = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, afu->fd, 0);
	if (mmio == MAP_FAILED)
		return -1;
	/*
	 * Other threads may be using what is mapped, and it is the same area:
	 * the new one has only shown that it can still be mapped.
	 */
	if (afu->mmio && afu->mmio_size == (size_t)size) {
		munmap(mmio, size);
	} else {
		libcxl_mmio_release(afu);
		afu->mmio = mmio;
		afu->mmio_size = size;
	}
	afu->mmio_flags = flags;
	return 0;
}

int cxl_mmio_unmap(struct cxl_afu_h *afu)
{
	if (!afu || !afu->mmio)
		return libcxl_fail(EINVAL);
	libcxl_mmio_release(afu);
	return 0;
}

int cxl_mmio_ptr(struct cxl_afu_h *afu, void **mmio_ptrp)
{
	if (!afu || !mmio_ptrp || !afu->mmio)
		return libcxl_fail(EINVAL);
	*mmio_ptrp = afu->mmio;
	return 0;
}

/*
 * One access each.  Where a register is wider than the machine, it takes two,
 * the lower address first.
 */
static void load32(volatile void *reg, void *data)
{
	*(uint32_t *)data = *(volatile uint32_t *)reg;
	full_barrier();
}

static void store32(volatile void *reg, void *data)
{
	full_barrier();
	*(volatile uint32_t *)reg = *(uint32_t *)data;
}

#if UINTPTR_MAX > UINT32_MAX
static void load64(volatile void *reg, void *data)
{
	*(uint64_t *)data = *(volatile uint64_t *)reg;
	full_barrier();
}

static void store64(volatile void *reg, void *data)
{
	full_barrier();
	*(volatile uint64_t *)reg = *(uint64_t *)data;
}
#else
static void load64(volatile void *reg, void *data)
{
	volatile uint32_t *half = reg;
	uint32_t value[2];

	value[0] = half[0];
	value[1] = half[1];
	full_barrier();
	memcpy(data, value, sizeof(value));
}

static void store64(volatile void *reg, void *data)
{
	volatile uint32_t *half = reg;
	uint32_t value[2];

	memcpy(value, data, sizeof(value));
	full_barrier();
	half[0] = value[0];
	half[1] = value[1];
}
#endif

static int bus_error(void)
{
	if (!libcxl_sigbus_handled())
		raise(SIGBUS);
	return libcxl_fail(EIO);
}

/* @data has the register's byte order. */
static int access_register(struct cxl_afu_h *afu, uint64_t offset, size_t width,
			   void (*access)(volatile void *reg, void *data),
			   void *data)
{
	struct sigbus_jump jump;
	char *reg;

	if (!afu || !afu->mmio || offset % width || offset >= afu->mmio_size ||
	    afu->mmio_size - offset < width)
		return libcxl_fail(EINVAL);
	reg = (char *)afu->mmio + offset;
	if (!libcxl_sigbus_handled()) {
		access(reg, data);
		return 0;
	}
	sigbus_save(&jump);
	if (sigsetjmp(jump.env, 0)) {
		sigbus_restore(&jump);
		return libcxl_fail(EIO);
	}
	sigbus_arm(&jump);
	access(reg, data);
	sigbus_disarm(&jump);
	return 0;
}

/*
 * All ones may be what the register holds, or what is read of a card that
 * cannot be reached: the kernel knows.
 */
static bool is_out_of_reach(struct cxl_afu_h *afu)
{
	struct cxl_afu_id id;
	int error = errno;

	if (ioctl(afu->fd, CXL_IOCTL_GET_AFU_ID, &id))
		return true;
	errno = error;
	return false;
}

int cxl_mmio_write64(struct cxl_afu_h *afu, uint64_t offset, uint64_t data)
{
	switch (afu ? afu->mmio_flags & CXL_MMIO_ENDIAN_MASK : 0) {
	case CXL_MMIO_BIG_ENDIAN:
		data = htobe64(data);
		break;
	case CXL_MMIO_LITTLE_ENDIAN:
		data = htole64(data);
		break;
	}
	return access_register(afu, offset, sizeof(data), store64, &data);
}

int cxl_mmio_read64(struct cxl_afu_h *afu, uint64_t offset, uint64_t *data)
{
	uint64_t value;

	if (!data)
		return libcxl_fail(EINVAL);
	*data = UINT64_MAX;
	if (access_register(afu, offset, sizeof(value), load64, &value))
		return -1;
	if (value == UINT64_MAX && is_out_of_reach(afu))
		return bus_error();
	switch (afu->mmio_flags & CXL_MMIO_ENDIAN_MASK) {
	case CXL_MMIO_BIG_ENDIAN:
		value = be64toh(value);
		break;
	case CXL_MMIO_LITTLE_ENDIAN:
		value = le64toh(value);
		break;
	}
	*data = value;
	return 0;
}

int cxl_mmio_write32(struct cxl_afu_h *afu, uint64_t offset, uint32_t data)
{
	switch (afu ? afu->mmio_flags & CXL_MMIO_ENDIAN_MASK : 0) {
	case CXL_MMIO_BIG_ENDIAN:
		data = htobe32(data);
		break;
	case CXL_MMIO_LITTLE_ENDIAN:
		data = htole32(data);
		break;
	}
	return access_register(afu, offset, sizeof(data), store32, &data);
}

int cxl_mmio_read32(struct cxl_afu_h *afu, uint64_t offset, uint32_t *data)
{
	uint32_t value;

	if (!data)
		return libcxl_fail(EINVAL);
	*data = UINT32_MAX;
	if (access_register(afu, offset, sizeof(value), load32, &value))
		return -1;
	if (value == UINT32_MAX && is_out_of_reach(afu))
		return bus_error();
	switch (afu->mmio_flags & CXL_MMIO_ENDIAN_MASK) {
	case CXL_MMIO_BIG_ENDIAN:
		value = be32toh(value);
		break;
	case CXL_MMIO_LITTLE_ENDIAN:
		value = le32toh(value);
		break;
	}
	*data = value;
	return 0;
}
