/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the KUnit suites of events */
#ifndef _CXL_EVENT_TEST_H
#define _CXL_EVENT_TEST_H

#include <linux/types.h>

struct cxl_events;

/*
 * With the read_lock held, deliver what fits into @room bytes, as to a reader
 * whose buffer @buf is bad from byte @copied on.  Return the bytes of the
 * events that were delivered.
 */
size_t cxl_events_test_deliver(struct cxl_events *ev, void *buf, size_t room,
			       size_t copied);

#endif
