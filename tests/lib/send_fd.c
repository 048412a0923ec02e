// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "tap.h"
#include "lib/send_fd.h"

/**
 * struct fd_message - a message with one descriptor, and with the one byte
 *	without which none is carried
 * @control: the descriptor
 * @byte: what it says does not matter
 * @iov: @byte
 * @msg: all of it
 */
struct fd_message {
	char control[CMSG_SPACE(sizeof(int))];
	char byte;
	struct iovec iov;
	struct msghdr msg;
};

static void fd_message_init(struct fd_message *m)
{
	memset(m, 0, sizeof(*m));
	m->iov = (struct iovec){ &m->byte, 1 };
	m->msg = (struct msghdr){
		.msg_iov = &m->iov,
		.msg_iovlen = 1,
		.msg_control = m->control,
		.msg_controllen = sizeof(m->control),
	};
}

void send_fd(int socket, int fd)
{
	struct fd_message m;
	struct cmsghdr *cmsg;

	fd_message_init(&m);
	cmsg = CMSG_FIRSTHDR(&m.msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	require_eq(sendmsg(socket, &m.msg, 0), 1);
}

int receive_fd(int socket)
{
	struct fd_message m;
	int fd;

	fd_message_init(&m);
	require_eq(recvmsg(socket, &m.msg, MSG_CMSG_CLOEXEC), 1);
	require(CMSG_FIRSTHDR(&m.msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m.msg)), sizeof(fd));
	return fd;
}
