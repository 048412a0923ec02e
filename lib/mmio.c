// SPDX-License-Identifier: LGPL-2.1-or-later
/* The problem state area: mapping it, and accessing registers. */
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
	afu->mmio_trapped = false;
}

int cxl_mmio_map(struct cxl_afu_h *afu, __u32 flags)
{
	int error = errno;
	void *mmio;
	long size;

	if (!afu)
		return libcxl_fail(EINVAL);
	if (flags & ~CXL_MMIO_FLAGS || afu->fd < 0)
		return libcxl_fail(ENODEV);
	if (cxl_get_mmio_size(afu, &size))
		return -1;
	mmio = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, afu->fd, 0);
	if (mmio == MAP_FAILED) {
		if (errno != EOPNOTSUPP)
			return -1;
		/* Registers are trapped: the kernel makes each access. */
		errno = error;
		afu->mmio_trapped = true;
		afu->mmio_size = size;
		afu->mmio_flags = flags;
		return 0;
	}
	/*
	 * Other threads may be using the old mapping, which is of the same
	 * area. The new one was only needed to see that the area can still be
	 * mapped.
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

static bool has_registers(const struct cxl_afu_h *afu)
{
	return afu->mmio || afu->mmio_trapped;
}

int cxl_mmio_unmap(struct cxl_afu_h *afu)
{
	if (!afu || !has_registers(afu))
		return libcxl_fail(EINVAL);
	libcxl_mmio_release(afu);
	return 0;
}

int cxl_mmio_ptr(struct cxl_afu_h *afu, void **mmio_ptrp)
{
	if (!afu || !mmio_ptrp || !has_registers(afu))
		return libcxl_fail(EINVAL);
	if (afu->mmio_trapped)
		return libcxl_fail(EOPNOTSUPP);
	*mmio_ptrp = afu->mmio;
	return 0;
}

/*
 * One access each.  A register wider than the machine takes two accesses, the
 * lower address first.
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

static bool is_register(const struct cxl_afu_h *afu, uint64_t offset,
			size_t width)
{
	return afu && has_registers(afu) && offset % width == 0 &&
	       offset < afu->mmio_size && afu->mmio_size - offset >= width;
}

/* @data is in the register's byte order. */
static int access_mapped(struct cxl_afu_h *afu, uint64_t offset,
			 void (*access)(volatile void *reg, void *data),
			 void *data)
{
	char *reg = (char *)afu->mmio + offset;
	struct sigbus_jump jump;

	if (!libcxl_sigbus_handled()) {
		access(reg, data);
		return 0;
	}
	sigbus_save(&jump, afu->mmio, afu->mmio_size);
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
 * All ones may be the register's value, or the result of reading from a card
 * that cannot be reached. The kernel knows which.
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

/* Convert a value between the byte orders of the host and the register. */
static uint64_t swap(const struct cxl_afu_h *afu, uint64_t value, size_t width)
{
	bool wide = width == sizeof(uint64_t);

	switch (afu->mmio_flags & CXL_MMIO_ENDIAN_MASK) {
	case CXL_MMIO_BIG_ENDIAN:
		return wide ? htobe64(value) : htobe32(value);
	case CXL_MMIO_LITTLE_ENDIAN:
		return wide ? htole64(value) : htole32(value);
	default:
		return value;
	}
}

/* An access to a trapped register, which the kernel makes */
static int access_trapped(struct cxl_afu_h *afu, uint64_t offset, size_t width,
			  bool write, uint64_t *value)
{
	struct cxl_ioctl_mmio access = {
		.offset = offset,
		.value = *value,
		.size = width,
		.flags = write ? CXL_IOCTL_MMIO_WRITE : 0,
	};

	if (!ioctl(afu->fd, CXL_IOCTL_MMIO, &access)) {
		*value = access.value;
		return 0;
	}
	/* The context is closed: through a mapping it would be a bus error. */
	return errno == EIO ? bus_error() : -1;
}

/* @value is in the register's byte order. */
static int access_register(struct cxl_afu_h *afu, uint64_t offset, size_t width,
			   bool write, uint64_t *value)
{
	uint32_t half = *value;
	int ret;

	if (afu->mmio_trapped)
		return access_trapped(afu, offset, width, write, value);
	if (width == sizeof(*value))
		return access_mapped(afu, offset, write ? store64 : load64,
				     value);
	ret = access_mapped(afu, offset, write ? store32 : load32, &half);
	*value = half;
	return ret;
}

static int write_register(struct cxl_afu_h *afu, uint64_t offset, size_t width,
			  uint64_t value)
{
	if (!is_register(afu, offset, width))
		return libcxl_fail(EINVAL);
	value = swap(afu, value, width);
	return access_register(afu, offset, width, true, &value);
}

static int read_register(struct cxl_afu_h *afu, uint64_t offset, size_t width,
			 uint64_t *value)
{
	uint64_t ones = width == sizeof(*value) ? UINT64_MAX : UINT32_MAX;

	if (!is_register(afu, offset, width))
		return libcxl_fail(EINVAL);
	*value = 0;
	if (access_register(afu, offset, width, false, value))
		return -1;
	if (*value == ones && is_out_of_reach(afu))
		return bus_error();
	*value = swap(afu, *value, width);
	return 0;
}

int cxl_mmio_write64(struct cxl_afu_h *afu, uint64_t offset, uint64_t data)
{
	return write_register(afu, offset, sizeof(data), data);
}

int cxl_mmio_write32(struct cxl_afu_h *afu, uint64_t offset, uint32_t data)
{
	return write_register(afu, offset, sizeof(data), data);
}

int cxl_mmio_read64(struct cxl_afu_h *afu, uint64_t offset, uint64_t *data)
{
	uint64_t value;

	if (!data)
		return libcxl_fail(EINVAL);
	*data = UINT64_MAX;
	if (read_register(afu, offset, sizeof(*data), &value))
		return -1;
	*data = value;
	return 0;
}

int cxl_mmio_read32(struct cxl_afu_h *afu, uint64_t offset, uint32_t *data)
{
	uint64_t value;

	if (!data)
		return libcxl_fail(EINVAL);
	*data = UINT32_MAX;
	if (read_register(afu, offset, sizeof(*data), &value))
		return -1;
	*data = value;
	return 0;
}
