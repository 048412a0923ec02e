// SPDX-License-Identifier: GPL-2.0-only
/* Let an accelerator copy a text in this program's memory. */
#include <endian.h>
#include <stdio.h>
#include <libcxl.h>

/* A work element of the memcpy AFU, big-endian */
struct element {
	uint8_t command;		/* 0x80: valid; 0: copy, 1: raise an interrupt */
	uint8_t status;			/* 0x80: complete */
	uint16_t length;		/* in bytes; or the number of the interrupt */
	uint8_t unused[12];
	uint64_t source, destination;
};

int main(void)
{
	static struct element queue[4] __attribute__((aligned(4096)));
	static char from[] = "Hello from the accelerator", to[sizeof(from)];
	struct cxl_afu_h *afu = cxl_afu_open_dev("/dev/cxl/afu0.0s");
	struct cxl_event event;

	queue[0].command = 0x80;
	queue[0].length = htobe16(sizeof(from));
	queue[0].source = htobe64((uintptr_t)from);
	queue[0].destination = htobe64((uintptr_t)to);
	queue[1].command = 0x80 | 1;
	queue[1].length = htobe16(1);

	/* The work element descriptor: the queue's address, and its 128-byte lines */
	if (!afu || cxl_afu_attach(afu, (uintptr_t)queue | 1) ||
	    cxl_read_event(afu, &event)) {
		perror("first");
		return 1;
	}
	printf("event: %s %d\n", cxl_event_type_name(event.header.type), event.irq.irq);
	printf("status 0x%x: %s\n", queue[0].status, to);
	cxl_afu_free(afu);
	return 0;
}
