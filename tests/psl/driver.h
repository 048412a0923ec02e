/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A simulator's end of the socket: the protocol of PSLSE's afu_driver on one side,
 * signals on the other.
 */
#ifndef _TESTS_PSL_DRIVER_H
#define _TESTS_PSL_DRIVER_H

#include <psl.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * driver_run() - simulate until the connection ends, then end the program
 * @port: port to wait at; 0: the first free one from 32768 up. It is announced in
 *	the same way as by an afu_driver
 * @ah: what the AFU drives
 * @clock: one clock of the AFU: it sees @ha, and drives the next @ah
 * @afu: first argument of @clock
 */
__attribute__((noreturn))
void driver_run(int port, const struct psl_ah *ah,
		void (*clock)(void *afu, const struct psl_ha *ha), void *afu);

#ifdef __cplusplus
}
#endif

#endif
