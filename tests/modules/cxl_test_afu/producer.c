// SPDX-License-Identifier: GPL-2.0-only
/*
 * Send events from every context in which a driver's code can run: once,
 * waiting for the end, or in the background until a count is reached.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/timer.h>

#include "../../../drivers/misc/cxl/backend.h"
#include "test_afu.h"

/*
 * The event queue guarantees no order between senders, so each has its own
 * sequence: one per source; for kthreads and IPIs, one per CPU.
 */
static unsigned int nr_producers(void)
{
	return CXL_TEST_NR_SOURCES + 2 * nr_cpu_ids;
}

static unsigned int producer_of(u32 source, unsigned int cpu)
{
	if (source == CXL_TEST_KTHREAD)
		return CXL_TEST_NR_SOURCES + cpu;
	if (source == CXL_TEST_IPI)
		return CXL_TEST_NR_SOURCES + nr_cpu_ids + cpu;
	return source;
}

static int queue_one(struct test_context *t, struct cxl_event_queue *queue,
		     const struct cxl_test_send *what, unsigned int number)
{
	struct test_producer *producer = t->producers[number];
	unsigned long flags;
	u32 size, i;
	int ret;

	raw_spin_lock_irqsave(&producer->lock, flags);
	if (what->kind == CXL_TEST_BAD_SIZE) {
		ret = cxl_event_queue_send(queue, producer->buf,
					   what->bad_size);
		goto unlock;
	}
	if (what->flags & CXL_TEST_SEND_RESERVED) {
		ret = cxl_event_queue_reserve(queue);
		if (ret)
			goto unlock;
	}
	size = cxl_test_size(number, producer->sequence, what->min_size,
			     what->max_size);
	for (i = 0; i < size; i++)
		producer->buf[i] = cxl_test_byte(number, producer->sequence, i);
	if (what->flags & CXL_TEST_SEND_RESERVED)
		ret = cxl_event_queue_commit(queue, producer->buf, size);
	else
		ret = cxl_event_queue_send(queue, producer->buf, size);
	if (!ret || !(what->flags & CXL_TEST_SEND_RESERVED))
		producer->sequence++;
unlock:
	raw_spin_unlock_irqrestore(&producer->lock, flags);
	return ret;
}

/* Return how many events were sent; @error says why not more. */
static u32 send_here(struct test_context *t, const struct cxl_test_send *what,
		     u32 source, u32 count, int *error)
{
	struct cxl_event_queue *queue;
	u32 sent = 0;
	int ret = 0;
	u32 i;

	rcu_read_lock();
	queue = rcu_dereference(t->queue);
	if (!queue) {
		rcu_read_unlock();
		return test_ops_store(t, what, count);
	}
	for (i = 0; i < count; i++) {
		ret = queue_one(t, queue, what,
				producer_of(source, raw_smp_processor_id()));
		if (!ret) {
			sent++;
			continue;
		}
		*error = ret;
		if (ret == -ENOSPC)
			atomic64_inc(&t->no_room);
		if (what->flags & CXL_TEST_SEND_RESERVED)
			break;
	}
	rcu_read_unlock();
	atomic64_add(sent, &t->sent);
	return sent;
}

/*
 * Once
 */

struct test_job {
	struct test_context *t;
	struct cxl_test_send *what;
	const struct cxl_test_inject *inject;
	struct completion done;
	atomic_t sent;
	int error;
	struct timer_list timer;
	struct tasklet_struct tasklet;
	struct irq_work irq_work;
};

static void run_job(struct test_job *job)
{
	int error = 0;

	atomic_add(send_here(job->t, job->what, job->what->source,
			     job->what->count, &error), &job->sent);
	if (error)
		WRITE_ONCE(job->error, error);
}

static int job_thread(void *data)
{
	struct test_job *job = data;

	run_job(job);
	complete(&job->done);
	return 0;
}

static void job_timer(struct timer_list *timer)
{
	struct test_job *job = container_of(timer, struct test_job, timer);

	run_job(job);
	complete(&job->done);
}

static void job_tasklet(struct tasklet_struct *tasklet)
{
	struct test_job *job = container_of(tasklet, struct test_job, tasklet);

	run_job(job);
	complete(&job->done);
}

/*
 * Called with t->mutex held, which keeps the context alive. Not with t->lock:
 * fetch_event takes it inside the lock that these functions take.
 */
static void inject(struct test_context *t, const struct cxl_test_inject *what)
{
	if (t->ctx && what->what == CXL_TEST_INTERRUPT)
		cxl_context_interrupt(t->ctx, what->value);
	else if (t->ctx)
		cxl_context_afu_error(t->ctx, what->value);
}

static void job_irq_work(struct irq_work *work)
{
	struct test_job *job = container_of(work, struct test_job, irq_work);

	if (job->inject)
		inject(job->t, job->inject);
	else
		run_job(job);
	complete(&job->done);
}

static void job_ipi(void *data)
{
	run_job(data);
}

static int run_source(struct test_job *job, u32 source)
{
	struct task_struct *thread;

	switch (source) {
	case CXL_TEST_PROCESS:
		run_job(job);
		return 0;
	case CXL_TEST_IPI:
		on_each_cpu(job_ipi, job, true);
		return 0;
	case CXL_TEST_KTHREAD:
		thread = kthread_run(job_thread, job, "cxl_test_send");
		if (IS_ERR(thread))
			return PTR_ERR(thread);
		break;
	case CXL_TEST_TIMER:
		mod_timer(&job->timer, jiffies + 1);
		break;
	case CXL_TEST_TASKLET:
		tasklet_schedule(&job->tasklet);
		break;
	case CXL_TEST_HARDIRQ:
		irq_work_queue(&job->irq_work);
		break;
	default:
		return -EINVAL;
	}
	wait_for_completion(&job->done);
	return 0;
}

static struct test_job *job_new(struct test_context *t)
{
	struct test_job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	if (!job)
		return NULL;
	job->t = t;
	init_completion(&job->done);
	timer_setup(&job->timer, job_timer, 0);
	tasklet_setup(&job->tasklet, job_tasklet);
	job->irq_work = IRQ_WORK_INIT_HARD(job_irq_work);
	return job;
}

/* The senders may still be running after their complete(). */
static void job_free(struct test_job *job)
{
	timer_delete_sync(&job->timer);
	tasklet_kill(&job->tasklet);
	irq_work_sync(&job->irq_work);
	kfree(job);
}

static bool sizes_valid(u32 min_size, u32 max_size)
{
	return min_size <= max_size && max_size <= CXL_READ_MIN_SIZE;
}

int test_send(struct test_context *t, struct cxl_test_send *what)
{
	struct test_job *job;
	int ret;

	if (!sizes_valid(what->min_size, what->max_size))
		return -EINVAL;
	job = job_new(t);
	if (!job)
		return -ENOMEM;
	job->what = what;
	ret = run_source(job, what->source);
	what->sent = atomic_read(&job->sent);
	what->error = job->error;
	job_free(job);
	return ret;
}

int test_inject(struct test_context *t, const struct cxl_test_inject *what)
{
	struct test_job *job;

	if (what->source == CXL_TEST_PROCESS) {
		inject(t, what);
		return 0;
	}
	job = job_new(t);
	if (!job)
		return -ENOMEM;
	job->inject = what;
	/* As in a card driver: on PREEMPT_RT it runs in a thread. */
	job->irq_work = IRQ_WORK_INIT(job_irq_work);
	irq_work_queue(&job->irq_work);
	wait_for_completion(&job->done);
	job_free(job);
	return 0;
}

/*
 * In the background
 */

/**
 * struct test_production - events sent from many contexts at once
 * @t: its context
 * @what: sizes and flags
 * @sources: bits of enum cxl_test_source
 * @burst: most events at a time
 * @pause_us: of a kthread between bursts
 * @left: events that no producer has taken yet
 * @unsent: @left, and those that a producer is about to send: if they find no
 *	room, they come back
 * @halt: send no more, even if some are left
 * @timer: sends, and triggers the softirq and hard interrupt
 * @tasklet: sends
 * @irq_work: sends
 * @threads: send, one for each CPU
 */
struct test_production {
	struct test_context *t;
	struct cxl_test_send what;
	u32 sources;
	u32 burst;
	u32 pause_us;
	atomic64_t left;
	atomic64_t unsent;
	bool halt;
	struct timer_list timer;
	struct tasklet_struct tasklet;
	struct irq_work irq_work;
	struct task_struct *threads[];
};

static u32 claim(struct test_production *p, u32 count)
{
	s64 left = atomic64_read(&p->left);
	s64 take;

	do {
		take = min_t(s64, left, count);
		if (take <= 0)
			return 0;
	} while (!atomic64_try_cmpxchg(&p->left, &left, left - take));
	return take;
}

static u32 produce(struct test_production *p, u32 source)
{
	u32 wanted = 1 + (u32)atomic64_read(&p->left) % p->burst;
	u32 count, sent;
	int error = 0;

	if (READ_ONCE(p->halt))
		return 0;
	count = claim(p, wanted);
	if (!count)
		return 0;
	sent = send_here(p->t, &p->what, source, count, &error);
	if (error && error != -ENOSPC)
		WRITE_ONCE(p->halt, true);
	atomic64_add(count - sent, &p->left);
	atomic64_sub(sent, &p->unsent);
	return sent;
}

static void produce_ipi(void *data)
{
	produce(data, CXL_TEST_IPI);
}

static bool at_end(struct test_production *p)
{
	return READ_ONCE(p->halt) || !atomic64_read(&p->unsent);
}

static int produce_thread(void *data)
{
	struct test_production *p = data;
	u32 sent;

	while (!kthread_should_stop()) {
		sent = 0;
		if (p->sources & BIT(CXL_TEST_KTHREAD))
			sent = produce(p, CXL_TEST_KTHREAD);
		if (p->sources & BIT(CXL_TEST_IPI) && !at_end(p))
			on_each_cpu(produce_ipi, p, true);
		if (!sent)
			usleep_range(200, 400);
		else if (p->pause_us)
			usleep_range(p->pause_us, p->pause_us + 10);
		cond_resched();
	}
	return 0;
}

static void produce_timer(struct timer_list *timer)
{
	struct test_production *p =
		container_of(timer, struct test_production, timer);

	if (p->sources & BIT(CXL_TEST_TIMER))
		produce(p, CXL_TEST_TIMER);
	if (p->sources & BIT(CXL_TEST_TASKLET))
		tasklet_schedule(&p->tasklet);
	if (p->sources & BIT(CXL_TEST_HARDIRQ))
		irq_work_queue(&p->irq_work);
	if (!READ_ONCE(p->halt))
		mod_timer(&p->timer, jiffies + 1);
}

static void produce_tasklet(struct tasklet_struct *tasklet)
{
	produce(container_of(tasklet, struct test_production, tasklet),
		CXL_TEST_TASKLET);
}

static void produce_irq_work(struct irq_work *work)
{
	produce(container_of(work, struct test_production, irq_work),
		CXL_TEST_HARDIRQ);
}

int test_produce(struct test_context *t, const struct cxl_test_produce *what)
{
	struct test_production *p;
	struct task_struct *thread;
	unsigned int cpu;

	if (t->production || !what->burst ||
	    !sizes_valid(what->min_size, what->max_size))
		return -EINVAL;
	p = kzalloc(struct_size(p, threads, nr_cpu_ids), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	p->t = t;
	p->what.min_size = what->min_size;
	p->what.max_size = what->max_size;
	p->what.flags = CXL_TEST_SEND_RESERVED;
	p->sources = what->sources;
	p->burst = what->burst;
	p->pause_us = what->pause_us;
	atomic64_set(&p->left, what->count);
	atomic64_set(&p->unsent, what->count);
	timer_setup(&p->timer, produce_timer, 0);
	tasklet_setup(&p->tasklet, produce_tasklet);
	p->irq_work = IRQ_WORK_INIT_HARD(produce_irq_work);
	t->production = p;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		thread = kthread_create_on_cpu(produce_thread, p, cpu,
					       "cxl_test_produce");
		if (IS_ERR(thread))
			break;
		p->threads[cpu] = thread;
		wake_up_process(thread);
	}
	cpus_read_unlock();
	mod_timer(&p->timer, jiffies + 1);
	return 0;
}

bool test_producing(struct test_context *t)
{
	return t->production && !at_end(t->production);
}

void test_halt(struct test_context *t)
{
	struct test_production *p = t->production;
	unsigned int cpu;

	if (!p)
		return;
	WRITE_ONCE(p->halt, true);
	for_each_possible_cpu(cpu) {
		if (p->threads[cpu])
			kthread_stop(p->threads[cpu]);
	}
	timer_delete_sync(&p->timer);
	irq_work_sync(&p->irq_work);
	tasklet_kill(&p->tasklet);
	t->production = NULL;
	kfree(p);
}

/*
 * The event queue
 */

static void free_producers(struct test_context *t)
{
	unsigned int i;

	for (i = 0; t->producers && i < nr_producers(); i++)
		kfree(t->producers[i]);
	kfree(t->producers);
	t->producers = NULL;
}

static int alloc_producers(struct test_context *t)
{
	unsigned int i;

	t->producers = kcalloc(nr_producers(), sizeof(*t->producers),
			       GFP_KERNEL);
	if (!t->producers)
		return -ENOMEM;
	for (i = 0; i < nr_producers(); i++) {
		t->producers[i] = kzalloc(sizeof(**t->producers), GFP_KERNEL);
		if (!t->producers[i]) {
			free_producers(t);
			return -ENOMEM;
		}
		raw_spin_lock_init(&t->producers[i]->lock);
	}
	return 0;
}

int test_queue_create(struct test_context *t, const struct cxl_test_queue *arg)
{
	struct cxl_event_queue *queue;
	int ret;

	if (!t->ctx || t->producers)
		return -EUCLEAN;
	ret = alloc_producers(t);
	if (ret)
		return ret;
	queue = cxl_event_queue_create(t->ctx, arg->depth, arg->max_payload);
	if (IS_ERR(queue)) {
		free_producers(t);
		return PTR_ERR(queue);
	}
	rcu_assign_pointer(t->queue, queue);
	return 0;
}

void test_queue_destroy(struct test_context *t)
{
	struct cxl_event_queue *queue =
		rcu_replace_pointer(t->queue, NULL, lockdep_is_held(&t->mutex));

	synchronize_rcu();
	cxl_event_queue_destroy(queue);
	free_producers(t);
}

int test_queue_op(struct test_context *t, u32 op)
{
	struct cxl_event_queue *queue =
		rcu_dereference_protected(t->queue, lockdep_is_held(&t->mutex));

	if (op == CXL_TEST_QUEUE_DESTROY) {
		test_queue_destroy(t);
		return 0;
	}
	if (!queue)
		return -EUCLEAN;
	switch (op) {
	case CXL_TEST_QUEUE_RESERVE:
		return cxl_event_queue_reserve(queue);
	case CXL_TEST_QUEUE_CANCEL:
		cxl_event_queue_cancel(queue);
		return 0;
	case CXL_TEST_QUEUE_COMMIT:
		return cxl_event_queue_commit(queue, &op, sizeof(op));
	default:
		return -EUCLEAN;
	}
}
