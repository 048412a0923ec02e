// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of the card and of its ports, and events that belong to no command. A
 * bit of a status register stays set until the driver writes it to another register,
 * where the store can be seen.
 */
#include "afu-flash.h"

#include <string.h>

#define VERSION		"SIM00001"

/* For this long, commands to a port are tried again before they fail for good. */
#define LINK_LOSS_NS	(30000 * NSEC_PER_MSEC)

/**
 * struct port - a port, which only the main thread changes
 * @down: it has no link; for the main thread
 * @down_ns: when it was last seen going offline; read by all threads
 * @online: what its status says; read by all threads
 */
struct port {
	bool down;
	uint64_t down_ns;
	bool online;
};

static struct port ports[SISL_MAX_PORTS];

static void *global(void)
{
	return card_register(SISL_GLOBAL);
}

static void *port_registers(unsigned int port)
{
	return card_register(SISL_PORT(port));
}

static bool is_online(unsigned int port)
{
	return __atomic_load_n(&ports[port].online, __ATOMIC_ACQUIRE);
}

bool ports_is_online(unsigned int port)
{
	return is_online(port);
}

static void set_online(unsigned int port, bool online)
{
	afu_reg_write(port_registers(port), PORT_STATUS,
		      online ? STATUS_ONLINE : STATUS_OFFLINE);
	if (!online)
		__atomic_store_n(&ports[port].down_ns, now_ns(),
				 __ATOMIC_RELAXED);
	__atomic_store_n(&ports[port].online, online, __ATOMIC_RELEASE);
}

static bool shall_be_online(unsigned int port)
{
	return !ports[port].down &&
	       !(afu_reg_read(port_registers(port), PORT_CMDCONFIG) &
		 CMDCONFIG_OFFLINE);
}

void ports_reset(void)
{
	void *regs = global();
	unsigned int port;

	for (port = 0; port < options.ports; port++) {
		afu_reg_write(port_registers(port), PORT_CMDCONFIG,
			      CMDCONFIG_ONLINE);
		set_online(port, !ports[port].down);
		afu_reg_write(port_registers(port), PORT_ERRMSK, ~0ULL);
	}
	afu_reg_write(regs, REG_AINTR_MASK, ~0ULL);
	afu_reg_write(regs, REG_AFU_PORT_SEL, (1 << options.ports) - 1);
	memcpy((char *)regs + REG_AFU_VERSION, VERSION, 8);
	afu_reg_write(regs, REG_INTERFACE_VERSION,
		      INTERFACE_SQ_MODE | INTERFACE_VERSION);
}

void ports_adopt(void)
{
	unsigned int port;

	for (port = 0; port < options.ports; port++)
		set_online(port, afu_reg_read(port_registers(port),
					      PORT_STATUS) == STATUS_ONLINE);
}

/*
 * Events
 */

/* Raise the interrupt of the context that the master has chosen, if any. */
static void interrupt(void)
{
	uint64_t route = afu_reg_read(global(), REG_AFU_CTRL);
	struct context *ctx = card_context(route >> 48);

	if (ctx && route >> 40 & 0xff)
		afu_interrupt(ctx->afu, route >> 40 & 0xff);
}

static bool has_event(void)
{
	return afu_reg_read(global(), REG_AINTR_STATUS) &
	       ~afu_reg_read(global(), REG_AINTR_MASK);
}

/* Events that are still not cleared raise the interrupt again. */
static void take_clear(void)
{
	uint64_t clear = afu_reg_exchange(global(), REG_AINTR_CLEAR, 0);
	uint64_t status;

	if (!clear)
		return;
	status = afu_reg_read(global(), REG_AINTR_STATUS) & ~clear;
	afu_reg_write(global(), REG_AINTR_STATUS, status);
	if (has_event())
		interrupt();
}

void ports_raise(unsigned int port, uint8_t event)
{
	uint64_t status;

	take_clear();
	status = afu_reg_read(global(), REG_AINTR_STATUS);
	status |= (uint64_t)event << AINTR_SHIFT(port);
	afu_reg_write(global(), REG_AINTR_STATUS, status);
	if (has_event())
		interrupt();
}

/*
 * Registers
 */

static void update_link(unsigned int port)
{
	bool online = shall_be_online(port);

	if (online == is_online(port))
		return;
	set_online(port, online);
	ports_raise(port, online ? AINTR_LINK_UP | AINTR_LOGIN :
				   AINTR_LINK_DOWN);
}

static void shut_down(unsigned int port)
{
	void *regs = port_registers(port);

	if (!(afu_reg_read(regs, PORT_CONFIG2) & CONFIG2_SHUTDOWN) ||
	    afu_reg_read(regs, PORT_SHUTDOWN) == SHUTDOWN_COMPLETE)
		return;
	store_flush();
	afu_reg_write(regs, PORT_SHUTDOWN, SHUTDOWN_COMPLETE);
}

void ports_poll(void)
{
	unsigned int port;

	if (!card_is_in_use())
		return;
	take_clear();
	for (port = 0; port < options.ports; port++) {
		update_link(port);
		shut_down(port);
		/* Ones clear bits, but no bit is ever set. */
		afu_reg_write(port_registers(port), PORT_ERROR, 0);
	}
}

void ports_set_link(unsigned int port, bool up)
{
	ports[port].down = !up;
	if (card_is_in_use())
		update_link(port);
}

/*
 * For commands
 */

int ports_select(uint32_t mask)
{
	unsigned int port;

	mask &= afu_reg_read(global(), REG_AFU_PORT_SEL);
	for (port = 0; port < options.ports; port++)
		if (mask & 1 << port && is_online(port))
			return port;
	return -1;
}

/*
 * A driver that resets a link deselects its port meanwhile, although the port is
 * online at first and again at the end. The driver may select it between
 * ports_select() and this call, so the selection is not checked again.
 */
bool ports_may_come_back(uint32_t mask)
{
	unsigned int port;
	uint64_t down_ns;

	for (port = 0; port < options.ports; port++) {
		if (!(mask & 1 << port))
			continue;
		if (is_online(port))
			return true;
		down_ns = __atomic_load_n(&ports[port].down_ns,
					  __ATOMIC_RELAXED);
		if (now_ns() - down_ns < LINK_LOSS_NS)
			return true;
	}
	return false;
}
