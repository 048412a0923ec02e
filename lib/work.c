// SPDX-License-Identifier: LGPL-2.1-or-later
/* Work descriptions, attaching, and waiting for the AFU. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

/* No thread has this ID; the kernel replaces it when the work is attached. */
#define TID_NONE	0xffff

struct cxl_ioctl_start_work *cxl_work_alloc(void)
{
	return calloc(1, sizeof(struct cxl_ioctl_start_work));
}

int cxl_work_free(struct cxl_ioctl_start_work *work)
{
	if (!work)
		return libcxl_fail(EINVAL);
	free(work);
	return 0;
}

int cxl_work_get_amr(struct cxl_ioctl_start_work *work, __u64 *valp)
{
	if (!work || !valp)
		return libcxl_fail(EINVAL);
	*valp = work->amr;
	return 0;
}

int cxl_work_get_num_irqs(struct cxl_ioctl_start_work *work, __s16 *valp)
{
	if (!work || !valp)
		return libcxl_fail(EINVAL);
	*valp = work->num_interrupts;
	return 0;
}

int cxl_work_get_wed(struct cxl_ioctl_start_work *work, __u64 *valp)
{
	if (!work || !valp)
		return libcxl_fail(EINVAL);
	*valp = work->work_element_descriptor;
	return 0;
}

int cxl_work_get_tid(struct cxl_ioctl_start_work *work, __u16 *valp)
{
	if (!work || !valp)
		return libcxl_fail(EINVAL);
	*valp = work->tid;
	return 0;
}

int cxl_work_set_amr(struct cxl_ioctl_start_work *work, __u64 amr)
{
	if (!work)
		return libcxl_fail(EINVAL);
	work->amr = amr;
	if (amr)
		work->flags |= CXL_START_WORK_AMR;
	else
		work->flags &= ~CXL_START_WORK_AMR;
	return 0;
}

int cxl_work_set_num_irqs(struct cxl_ioctl_start_work *work, __s16 num_irqs)
{
	if (!work)
		return libcxl_fail(EINVAL);
	work->num_interrupts = num_irqs;
	if (num_irqs >= 0)
		work->flags |= CXL_START_WORK_NUM_IRQS;
	else
		work->flags &= ~CXL_START_WORK_NUM_IRQS;
	return 0;
}

int cxl_work_set_wed(struct cxl_ioctl_start_work *work, __u64 wed)
{
	if (!work)
		return libcxl_fail(EINVAL);
	work->work_element_descriptor = wed;
	return 0;
}

int cxl_work_enable_wait(struct cxl_ioctl_start_work *work)
{
	if (!work)
		return libcxl_fail(EINVAL);
	work->flags |= CXL_START_WORK_TID;
	work->tid = TID_NONE;
	return 0;
}

int cxl_work_disable_wait(struct cxl_ioctl_start_work *work)
{
	if (!work)
		return libcxl_fail(EINVAL);
	work->flags &= ~CXL_START_WORK_TID;
	work->tid = 0;
	return 0;
}

int cxl_afu_attach_work(struct cxl_afu_h *afu,
			struct cxl_ioctl_start_work *work)
{
	if (!afu || !work || afu->fd < 0)
		return libcxl_fail(EINVAL);
	if (ioctl(afu->fd, CXL_IOCTL_START_WORK, work))
		return -1;
	afu->attached_by = syscall(SYS_gettid);
	return 0;
}

int cxl_afu_attach(struct cxl_afu_h *afu, __u64 wed)
{
	struct cxl_ioctl_start_work work = {
		.work_element_descriptor = wed,
	};

	return cxl_afu_attach_work(afu, &work);
}

int cxl_afu_attach_full(struct cxl_afu_h *afu, __u64 wed,
			__u16 num_interrupts, __u64 amr)
{
	struct cxl_ioctl_start_work work = {
		.flags = CXL_START_WORK_NUM_IRQS | CXL_START_WORK_AMR,
		.work_element_descriptor = wed,
		.amr = amr,
		.num_interrupts = num_interrupts,
	};

	return cxl_afu_attach_work(afu, &work);
}

int cxl_afu_get_process_element(struct cxl_afu_h *afu)
{
	__u32 pe;

	if (!afu)
		return libcxl_fail(EINVAL);
	if (afu->fd < 0)
		return libcxl_fail(EBADF);
	if (afu->process_element < 0) {
		if (ioctl(afu->fd, CXL_IOCTL_GET_PROCESS_ELEMENT, &pe))
			return -1;
		afu->process_element = pe;
	}
	return afu->process_element;
}

/*
 * Is any bit of *uword set?  Look at each half on its own, since some machines
 * have no wider atomic access; one half is enough to tell.
 */
static bool is_set(volatile __u64 *uword)
{
	union {
		__u64 word;
		__u32 half[2];
	} *u = (void *)uword;

	return __atomic_load_n(&u->half[0], __ATOMIC_ACQUIRE) |
	       __atomic_load_n(&u->half[1], __ATOMIC_ACQUIRE);
}

int cxl_afu_host_thread_wait(struct cxl_afu_h *afu, volatile __u64 *uword)
{
	/* Spin and yield first, then sleep: do not keep a CPU busy for long. */
	const unsigned int spins = 1000, yields = 1000;
	const struct timespec pause = { .tv_nsec = 50 * 1000 };
	unsigned int tries;
	int error = errno;

	if (!afu || !uword)
		return libcxl_fail(EINVAL);
	if (afu->attached_by != syscall(SYS_gettid))
		return libcxl_fail(EPERM);
	for (tries = 0; !is_set(uword); tries++) {
		if (tries < spins)
			continue;
		if (tries < spins + yields) {
			sched_yield();
			continue;
		}
		tries = spins + yields;
		nanosleep(&pause, NULL);
	}
	errno = error;
	return 0;
}
