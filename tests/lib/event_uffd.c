// SPDX-License-Identifier: GPL-2.0-only
/* Memory that is still absent, by userfaultfd: see tests/lib/event_test.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

/* Memory comes in pages: the part that is ready ends at the end of a page. */
void slow_init(struct slow_buffer *slow, size_t size, size_t ready)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t lead = (page - ready % page) % page;
	size_t mapped = (lead + size + page - 1) / page * page;
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	slow->size = size;
	slow->mem = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(slow->mem != MAP_FAILED);
	slow->mem += lead;
	memset(slow->mem, 0, ready);

	slow->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	require(slow->uffd >= 0, "userfaultfd: %m");
	require_ok(ioctl(slow->uffd, UFFDIO_API, &api));
	reg.range.start = (unsigned long)slow->mem + ready;
	reg.range.len = mapped - lead - ready;
	require_ok(ioctl(slow->uffd, UFFDIO_REGISTER, &reg));
}

void slow_wait(struct slow_buffer *slow)
{
	struct pollfd p = { .fd = slow->uffd, .events = POLLIN };
	struct uffd_msg msg;

	require_eq(poll(&p, 1, SOON_MS), 1);
	require_eq(read(slow->uffd, &msg, sizeof(msg)), sizeof(msg));
	require_eq(msg.event, UFFD_EVENT_PAGEFAULT);
}

void slow_fill(struct slow_buffer *slow)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct uffdio_zeropage zero = { .range.len = page };
	unsigned long at = (unsigned long)slow->mem;
	unsigned long end = at + slow->size;

	if (slow->uffd < 0)
		return;
	/* Pages that were ready are present already. */
	for (at -= at % page; at < end; at += page) {
		zero.range.start = at;
		if (ioctl(slow->uffd, UFFDIO_ZEROPAGE, &zero))
			check(errno == EEXIST || errno == ENOENT, "%m");
	}
	close(slow->uffd);
	slow->uffd = -1;
}

static void *slow_reader_thread(void *arg)
{
	struct slow_reader *reader = arg;

	reader->result = read(reader->fd, reader->slow.mem, reader->slow.size);
	reader->error = errno;
	__atomic_store_n(&reader->done, true, __ATOMIC_RELEASE);
	return NULL;
}

void slow_reader_start(struct slow_reader *reader, int fd, size_t ready)
{
	*reader = (struct slow_reader){ .fd = fd };
	slow_init(&reader->slow, 65536, ready);
	require_eq(pthread_create(&reader->thread, NULL, slow_reader_thread,
				  reader), 0);
	slow_wait(&reader->slow);
}

void slow_reader_join(struct slow_reader *reader)
{
	slow_fill(&reader->slow);
	require(becomes_true(__atomic_load_n(&reader->done, __ATOMIC_ACQUIRE)));
	pthread_join(reader->thread, NULL);
}
