/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors that go from one process to another, by a socket. */
#ifndef _TESTS_LIB_SEND_FD_H
#define _TESTS_LIB_SEND_FD_H

/* Send @fd through the Unix domain socket @socket; require. */
void send_fd(int socket, int fd);
/* A descriptor of one's own of what was sent, closed at exec; require. */
int receive_fd(int socket);

#endif
