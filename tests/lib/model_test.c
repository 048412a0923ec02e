// SPDX-License-Identifier: GPL-2.0-only
/* AFU models that are programs: see tests/lib/model_test.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/model_test.h"

int model_open(const struct sim_card *card, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/cxl-sim/%s.afu0", card->name);
	return open(path, O_RDWR | O_CLOEXEC | flags);
}

int model_request(int fd, __u32 type, const struct cxl_sim_message *message,
		  __u64 value, __u32 number)
{
	struct cxl_sim_request request = {
		.type = type,
		.pe = message->pe,
		.id = message->id,
		.value = value,
		.number = number,
	};
	ssize_t ret = write(fd, &request, sizeof(request));

	if (ret < 0)
		return -1;
	check_eq(ret, sizeof(request));
	return 0;
}

int model_mmio_done(int fd, const struct cxl_sim_message *message, __u64 value)
{
	struct cxl_sim_message access = *message;

	access.id = message->mmio.access;
	return model_request(fd, CXL_SIM_MMIO_DONE, &access, value, 0);
}

static bool is_for_mmio(const struct model *m,
			const struct cxl_sim_message *message)
{
	return message->type == CXL_SIM_MMIO && m->mmio;
}

static void answer(struct model *m, const struct cxl_sim_message *message)
{
	int ret = 0;

	if (m->mute)
		return;
	if (message->type == CXL_SIM_ATTACH)
		ret = model_request(m->fd, CXL_SIM_ATTACHED, message, m->refuse,
				    0);
	else if (message->type == CXL_SIM_RESET)
		ret = model_request(m->fd, CXL_SIM_RESET_DONE, message, 0, 0);
	else if (is_for_mmio(m, message))
		ret = model_mmio_done(m->fd, message, m->mmio(message));
	/* Detached, or another reset has begun. */
	if (ret)
		check(errno == ESTALE || errno == EIO || errno == ENODEV, "%m");
}

static void remember(struct model *m, const struct cxl_sim_message *message)
{
	if (message->type == CXL_SIM_DOORBELL)
		m->doorbells++;
	else if (!is_for_mmio(m, message) && check(m->n < MODEL_MESSAGES, "too many messages"))
		m->messages[m->n++] = *message;
	answer(m, message);
}

static void *model_thread(void *arg)
{
	struct cxl_sim_message messages[4];
	struct model *m = arg;
	struct pollfd poll_fd = { .fd = m->fd, .events = POLLIN };
	ssize_t ret;
	int i;

	while (!__atomic_load_n(&m->stop, __ATOMIC_SEQ_CST)) {
		if (poll(&poll_fd, 1, 10) <= 0)
			continue;
		ret = read(m->fd, messages, sizeof(messages));
		pthread_mutex_lock(&m->lock);
		if (ret < 0)
			m->error = errno;
		for (i = 0; i < ret / (ssize_t)sizeof(*messages); i++)
			remember(m, &messages[i]);
		pthread_mutex_unlock(&m->lock);
		if (ret < 0)
			break;
	}
	return NULL;
}

void model_run(struct model *m, int fd)
{
	memset(m, 0, sizeof(*m));
	m->fd = fd;
	pthread_mutex_init(&m->lock, NULL);
	require_eq(pthread_create(&m->thread, NULL, model_thread, m), 0);
}

void model_start(struct model *m, const struct sim_card *card)
{
	struct cxl_sim_message reset;

	model_run(m, require_ok(model_open(card, 0)));
	require(model_wait(m, CXL_SIM_RESET, &reset));
}

void model_stop(struct model *m)
{
	__atomic_store_n(&m->stop, true, __ATOMIC_SEQ_CST);
	pthread_join(m->thread, NULL);
	check_ok(close(m->fd));
}

static int find(const struct model *m, __u32 type)
{
	unsigned int i;

	for (i = 0; i < m->n; i++)
		if (m->messages[i].type == type)
			return i;
	return -1;
}

static bool take(struct model *m, __u32 type, struct cxl_sim_message *message)
{
	int i;

	pthread_mutex_lock(&m->lock);
	i = find(m, type);
	if (i >= 0) {
		*message = m->messages[i];
		m->n--;
		memmove(&m->messages[i], &m->messages[i + 1],
			(m->n - i) * sizeof(*message));
	}
	pthread_mutex_unlock(&m->lock);
	return i >= 0;
}

bool model_wait(struct model *m, __u32 type, struct cxl_sim_message *message)
{
	return becomes_true(take(m, type, message));
}

bool model_has(struct model *m, __u32 type)
{
	bool has;

	pthread_mutex_lock(&m->lock);
	has = find(m, type) >= 0;
	pthread_mutex_unlock(&m->lock);
	return has;
}

int model_context(const struct model *m, const struct cxl_sim_message *attach)
{
	struct cxl_sim_open_context open = {
		.pe = attach->pe,
		.id = attach->id,
	};

	return ioctl(m->fd, CXL_SIM_OPEN_CONTEXT, &open);
}

void model_attach(struct model *m, const char *node, __u64 wed,
		  struct model_client *client)
{
	client->fd = node_open_ok(node);
	require_ok(node_start(client->fd, wed, -1, 0));
	require(model_wait(m, CXL_SIM_ATTACH, &client->attach));
	client->memory = require_ok(model_context(m, &client->attach));
}

void model_detach(struct model_client *client)
{
	check_ok(close(client->fd));
	check_ok(close(client->memory));
}

void check_error_event(int fd)
{
	static struct event_batch batch;

	require(events_wait(fd));
	require_ok(events_read(fd, &batch));
	require_eq(batch.n, 1);
	check_eq(batch.event[0].header.type, CXL_EVENT_AFU_ERROR);
	check_eq(batch.event[0].afu_error.error, CXL_SIM_AFU_ERROR);
}
