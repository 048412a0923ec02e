/* SPDX-License-Identifier: GPL-2.0-only */
/* What exists in the kernel, and what its threads cost. */
#ifndef _TESTS_LIB_INVENTORY_H
#define _TESTS_LIB_INVENTORY_H

#define MAX_CACHES	512

/**
 * struct inventory - what modules may leave behind
 * @objects: objects in each slab cache
 * @threads: kernel threads, except workers
 * @devices: lines of /proc/devices
 * @irqs: interrupts
 * @pci: PCI devices
 * @buses: PCI buses
 */
struct inventory {
	long objects[MAX_CACHES];
	unsigned int threads;
	unsigned int devices;
	unsigned int irqs;
	unsigned int pci;
	unsigned int buses;
};

/* Take stock; skips the test if the kernel does not tell. */
void inventory_take(struct inventory *inv);

/*
 * Check that what was done @cycles times since then has not left something each
 * time. What is still being freed gets some time; slab caches may differ a
 * little.
 */
void inventory_check(const struct inventory *before, unsigned int cycles);

/**
 * struct threads_cost - what kernel threads cost during some time
 * @threads: number of threads
 * @run_ns: time that they ran, in nanoseconds
 * @switches: how often they were scheduled
 */
struct threads_cost {
	unsigned int threads;
	unsigned long long run_ns;
	unsigned long long switches;
};

/*
 * Wait, and measure the cost of the threads whose names contain @name, of which
 * there must be some. Skips the test if the kernel does not tell.
 */
struct threads_cost threads_cost(const char *name, unsigned int ms);

#endif
