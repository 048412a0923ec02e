/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The protocol between producer, readers, unset and detach, as in
 * drivers/misc/cxl/event*.c: variables and steps are named as there.  A step is what
 * others can see of the code: one access to something that is not guarded by a
 * lock they need, or all that happens until the lock is released.  Memory is
 * sequentially consistent here; which barrier makes it so stands in the code.
 * So what POWER may do beyond that, show a store to one CPU before another, is
 * not searched: mask() needs the full barrier between its two loads for that.
 *
 * Blocking readers sleep in read(); the edge reader is told by edge-triggered
 * epoll and reads with O_NONBLOCK.  A copy may fail, at most FAILURES times:
 * then the buffer is faulted in and the read goes on, or it is bad and what is
 * in flight goes back to the AFU driver, which announces it again.
 *
 * Checked in every interleaving:
 *	each event that was fetched is confirmed exactly once
 *	programs see events in order, none twice, and one read has no gap
 *	no callback runs after unset returned 0, nor after context_closed
 *	nobody sleeps while there is something to read, nor for ever
 *	poll tells of the end only when all was read
 *
 * DRAIN: the context is closed when all events are delivered or rejected, so
 * that a lost wake-up is a deadlock.  Without it, it is closed at any moment.
 * UNSET: meanwhile the AFU driver tries to unset its ops.
 * LINK: the link goes down instead, and the context stays.
 * LEAVES: one of the readers is killed, after any step of cxl_events_read().
 */
#ifndef EVENTS
#define EVENTS	2
#endif
#ifndef FAILURES
#define FAILURES 0
#endif
#ifndef BLOCKING
#define BLOCKING 1		/* blocking readers */
#endif
#define RUN	2		/* events that fit into a reader's buffer */
#define SLOTS	(RUN + 1)	/* one is fetched before it is seen not to fit */
#define EDGE	BLOCKING	/* the edge reader's place on the wait queue */
#define NO_OPS	-1
#define NONE	255

/* struct cxl_events */
short announced = 0;
bool lock = false;
bool read_lock = false;
bool deferred = false;
bool delivering = false;
bool refused = false;
bool closed = false;		/* CXL_EVENTS_CLOSED, or CXL_EVENTS_LINK_DOWN */
byte nr_fetched = 0;
byte fetched[SLOTS] = NONE;

/* The wait queue: who is on it, and who was woken */
bool queued[BLOCKING + 1];
bool woken[BLOCKING + 1];

/* The AFU driver's queue: events head to tail - 1, in order */
byte head = 0;
byte tail = 0;
bool in_flight[EVENTS];
bool no_callback = false;	/* unset returned 0, or context_closed was called */

/* What became of the events */
byte delivered = 0;
byte rejected = 0;
byte failures = 0;
#ifdef LEAVES
bool may_leave = true;
#endif

/* For use within one step */
hidden byte k;
hidden byte taken;
byte last_taken = 0;		/* from fetch to the end of the locked section */

#define spin_lock	atomic { !lock -> lock = true }
#define mutex_lock	atomic { !read_lock -> read_lock = true }

/* wake_up(): the wait queue has a lock of its own. */
inline wake()
{
	d_step {
		for (k : 0 .. BLOCKING) {
			woken[k] = woken[k] || queued[k]
		}
		k = 0
	}
}

/* cxl_events_readable(): each part is a load of its own. */
inline readable(result)
{
	result = announced > 0;
	if
	:: !result -> result = deferred
	:: else
	fi
}

/* cxl_events_announce() of an event that the driver has stored */
inline announce(ok)
{
	d_step {
		ok = announced != NO_OPS;
		if
		:: ok -> announced++
		:: else
		fi
	}
	if
	:: ok -> wake()
	:: else
	fi
}

/* The driver's callbacks */
inline fetch_event(event)
{
	assert(!no_callback && lock && read_lock && head < tail);
	event = head;
	head++;
	assert(!in_flight[event]);
	in_flight[event] = true
}

inline event_delivered(event)
{
	assert(!no_callback && read_lock && in_flight[event]);
	in_flight[event] = false;
	assert(event == delivered);
	delivered++
}

inline event_returned(event)
{
	assert(!no_callback && read_lock && in_flight[event]);
	in_flight[event] = false;
	assert(event == head - 1);
	head--
}

/* cxl_run_gather(): the first @n of fetched[] are this run. */
inline gather(n)
{
	spin_lock;
	d_step {
		taken = 0;
		do
		:: nr_fetched + taken < SLOTS && taken < announced ->
			fetch_event(fetched[nr_fetched + taken]);
			taken++
		:: else -> break
		od;
		last_taken = taken;
		n = nr_fetched + taken;
		if
		:: n > RUN -> n = RUN
		:: else
		fi;
		deferred = nr_fetched + taken > n;
		taken = 0
	}
	d_step {
		if
		:: last_taken -> announced = announced - last_taken
		:: else
		fi;
		nr_fetched = nr_fetched + last_taken;
		last_taken = 0;
		delivering = delivering || n;
		lock = false
	}
}

/* Copy a part of the run or all, and cxl_run_settle() */
inline deliver(n, i, last, failed)
{
	gather(n);
	if
	:: failures < FAILURES && n -> d_step {
			failures++;
			failed = true;
			n--
		}
		if
		:: n -> n--		/* not even the first of two */
		:: true
		fi
	:: true
	fi;
	do
	:: i < n -> d_step {
			assert(last == NONE || fetched[i] == last + 1);
			last = fetched[i];
			event_delivered(fetched[i]);
			i++
		}
	:: else -> break
	od;
	atomic {
		for (k : 0 .. SLOTS - 1) {
			if
			:: k + i < SLOTS -> fetched[k] = fetched[k + i]
			:: else -> fetched[k] = NONE
			fi
		}
		k = 0;
		deferred = nr_fetched > i
	}
	d_step {
		nr_fetched = nr_fetched - i;
		i = 0;
		n = 0
	}
}

/* cxl_events_restore(): last fetched first; @k2 counts. */
inline restore(k2, ok)
{
	k2 = nr_fetched;
	do
	:: k2 ->
		d_step {
			k2--;
			event_returned(fetched[k2]);
			fetched[k2] = NONE
		}
		announce(ok)
	:: else -> break
	od;
	deferred = false;
	nr_fetched = 0
}

/* cxl_events_read_unlock() */
inline events_read_unlock(wakes, some)
{
	d_step {
		some = delivering;
		delivering = false
	}
	read_lock = false;
	if
	:: some && closed -> wakes = true
	:: else
	fi;
	some = false;
	if
	:: wakes || refused ->
		refused = false;
		readable(wakes);
		if
		:: wakes || closed -> wake()
		:: else
		fi
	:: else
	fi;
	wakes = false
}

/* cxl_events_read_lock() */
inline events_read_lock_nonblock(ok, some)
{
	readable(some);
	if
	:: some || closed ->
		d_step {
			ok = !read_lock;
			read_lock = true
		}
		if
		:: !ok ->
			refused = true;
			d_step {
				ok = !read_lock;
				read_lock = true
			}
		:: else
		fi
	:: else -> ok = false
	fi;
	some = false
}

inline events_read_lock(me, ok, some)
{
	/* wait_event_interruptible() */
	do
	:: true ->
		d_step {
			queued[me] = true;
			woken[me] = false
		}
		readable(some);
		if
		:: some || closed -> break
		:: else -> woken[me]
		fi
	od;
	atomic {
		queued[me] = false;
		woken[me] = false;
		some = false;
		ok = true
	}
	mutex_lock
}

/*
 * cxl_events_read(): @last is the last event read or NONE, @ok means once more,
 * and otherwise @ended that the context is CLOSED.
 */
inline read(me, nonblock)
{
	last = NONE;
	do
	:: true ->
		if
		:: nonblock || last != NONE -> events_read_lock_nonblock(ok, some)
		:: else -> events_read_lock(me, ok, some)
		fi;
		if
		:: !ok -> ended = false; break
		:: ok && last != NONE && delivered != last + 1 ->
			/* Another reader came in between. */
			wakes = true;
			ended = false;
			events_read_unlock(wakes, some);
			break
		:: else
		fi;
		ended = closed;
		deliver(n, i, last, failed);
		wakes = failed;
		events_read_unlock(wakes, some);
		if
#ifdef LEAVES
		:: atomic {
				may_leave -> may_leave = false;
				failed = false;
				ended = true;
				ok = false
			}
			break
#endif
		:: failed -> failed = false	/* faulted in */
		:: failed ->
			/* cxl_events_refuse() */
			d_step {
				failed = false;
				ended = false
			}
			mutex_lock;
			spin_lock;
			d_step {
				delivering = true;
				lock = false
			}
			restore(n, some);
			wakes = true;
			events_read_unlock(wakes, some);
			break
		:: !failed && last != NONE -> ended = false; break
		:: !failed && last == NONE && (ended || nonblock) ->
			ok = false;
			break
		:: else
		fi
	od;
	last = NONE
}

proctype blocking_reader(byte me)
{
	byte n, i, last;
	bool failed, ended, wakes, some, ok;

	do
	:: !ended -> read(me, false)
	:: else -> break
	od;
	ended = false
}

/* cxl_events_mask(): EPOLLHUP is not told while anything is left. */
inline mask(ok, some)
{
	readable(ok);
	if
	:: !ok && closed ->
		spin_lock;
		ok = !delivering;
		if
		:: ok ->
			readable(some);
			ok = !some;
			some = false
		:: else
		fi;
		d_step {
			assert(!ok || !nr_fetched || announced == NO_OPS);
			lock = false
		}
	:: else
	fi
}

proctype edge_reader()
{
	byte n, i, last;
	bool failed, ended, wakes, some, ok;

	d_step {
		queued[EDGE] = true;
		woken[EDGE] = true		/* epoll looks when it begins */
	}
	do
	:: ended -> break
	:: !ended && woken[EDGE] ->
		woken[EDGE] = false;
		mask(ok, some);
		/* Read until EAGAIN or EIO. */
		do
		:: ok -> read(EDGE, true)
		:: else -> break
		od
	od;
	atomic {
		ended = false;
		queued[EDGE] = false;
		woken[EDGE] = false
	}
}

proctype producer()
{
	bool ok;

	do
	:: tail < EVENTS && !rejected ->
		tail++;
		announce(ok);
		if
		:: !ok -> rejected = EVENTS - tail + 1; break
		:: else
		fi
	:: else -> break
	od
}

/* cxl_events_unset_ops(), again and again until it returns 0 */
proctype unset()
{
	bool busy = true;

	do
	:: busy && !closed ->
		spin_lock;
		busy = nr_fetched > 0;
		d_step {
			busy = busy || announced != 0;
			if
			:: !busy -> announced = NO_OPS
			:: else
			fi
		}
		d_step {
			lock = false;
			no_callback = no_callback || !busy
		}
	:: else -> break
	od
}

/* Detach: cxl_events_set_end() and cxl_events_retire(); or link down */
proctype closer()
{
	byte n;
	bool ok;

#ifdef DRAIN
	delivered + rejected == EVENTS;
#endif
	spin_lock;
	closed = true;
	lock = false;
	wake();

#ifndef LINK
	mutex_lock;
	spin_lock;
	announced = NO_OPS;
	lock = false;
	restore(n, ok);
	no_callback = true;
	read_lock = false;
	wake()
#endif
}

init {
	byte i;

	atomic {
		for (i : 0 .. BLOCKING - 1) {
			run blocking_reader(i)
		}
		run edge_reader();
		run producer();
#ifdef UNSET
		run unset();
#endif
		run closer();
		i = 0
	}
	_nr_pr == 1;
	for (i : 0 .. EVENTS - 1) {
		assert(!in_flight[i])
	}
	assert(!nr_fetched && !read_lock && !lock);
#ifdef DRAIN
	assert(delivered + rejected == EVENTS)
#endif
}
