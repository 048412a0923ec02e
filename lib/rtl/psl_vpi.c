// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * psl.vpi: a PSL for simulators with VPI. psl_top.v calls its two system tasks in
 * each clock; it finds the signals by their names in psl_top.v.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <psl_card.h>
#include <vpi_user.h>

#define TOP		"psl_top."
#define BEAT_WORDS	(PSL_BEAT / 4)

/* Words of 32 bits in the widest signal */
#define MAX_WORDS	BEAT_WORDS

/**
 * struct port - a signal, and where it is in struct psl_ah or psl_ha
 * @name: name of the signal
 * @offset: offset in the struct
 * @size: bytes there; PSL_BEAT: bytes in order, the most significant first
 * @bits: width of the signal
 * @handle: the simulator's handle
 */
struct port {
	const char *name;
	size_t offset;
	size_t size;
	unsigned int bits;
	vpiHandle handle;
};

#define PORT(type, prefix, field, width) {				\
	.name = TOP prefix #field,					\
	.offset = offsetof(struct type, field),				\
	.size = sizeof(((struct type *)NULL)->field),			\
	.bits = width,							\
}

#define AH(field, width)	PORT(psl_ah, "ah_", field, width)
#define HA(field, width)	PORT(psl_ha, "ha_", field, width)

static struct port ah_ports[] = {
	AH(jrunning, 1), AH(jdone, 1), AH(jcack, 1), AH(jerror, 64), AH(jyield, 1),
	AH(tbreq, 1), AH(paren, 1),
	AH(cvalid, 1), AH(ctag, 8), AH(ctagpar, 1), AH(com, 13), AH(compar, 1),
	AH(cabt, 3), AH(cea, 64), AH(ceapar, 1), AH(cch, 16), AH(csize, 12),
	AH(brlat, 4), AH(brdata, 512), AH(brpar, 8),
	AH(mmack, 1), AH(mmdata, 64), AH(mmdatapar, 1),
};

static struct port ha_ports[] = {
	HA(jval, 1), HA(jcom, 8), HA(jcompar, 1), HA(jea, 64), HA(jeapar, 1),
	HA(croom, 8),
	HA(brvalid, 1), HA(brtag, 8), HA(brtagpar, 1), HA(brad, 6),
	HA(bwvalid, 1), HA(bwtag, 8), HA(bwtagpar, 1), HA(bwad, 6), HA(bwdata, 512),
	HA(bwpar, 8),
	HA(rvalid, 1), HA(rtag, 8), HA(rtagpar, 1), HA(response, 8), HA(rcredits, 9),
	HA(rcachestate, 2), HA(rcachepos, 13),
	HA(mmval, 1), HA(mmcfg, 1), HA(mmrnw, 1), HA(mmdw, 1), HA(mmad, 24),
	HA(mmadpar, 1), HA(mmdata, 64), HA(mmdatapar, 1),
};

#define PORTS(ports)	(sizeof(ports) / sizeof((ports)[0]))

/*
 * A simulator has one PSL. Few signals that it drives change from clock to clock:
 * only those are handed over.
 */
static struct psl_card *card;
static struct psl_ah ah;
static struct psl_ha ha;
static struct psl_ha driven;
static bool all_driven;

/* Sets the exit status. Only Icarus has it. */
extern void vpip_set_return_value(int value) __attribute__((weak));

static void finish(const char *why)
{
	if (why)
		vpi_printf("psl: %s\n", why);
	if (why && vpip_set_return_value)
		vpip_set_return_value(1);
	vpi_control(vpiFinish, why ? 1 : 0);
}

static bool find(struct port *ports, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		ports[i].handle = vpi_handle_by_name((PLI_BYTE8 *)ports[i].name, NULL);
		if (ports[i].handle &&
		    (unsigned int)vpi_get(vpiSize, ports[i].handle) == ports[i].bits)
			continue;
		vpi_printf("psl: no signal %s of %u bits\n", ports[i].name, ports[i].bits);
		return false;
	}
	return true;
}

/* Bits that are x or z count as 0. */
static uint32_t known(const s_vpi_vecval *word)
{
	return word->aval & ~word->bval;
}

static void sample(const struct port *port)
{
	s_vpi_value value = { .format = vpiVectorVal };
	uint8_t *field = (uint8_t *)&ah + port->offset;
	uint64_t number;
	uint32_t word;
	unsigned int i;

	vpi_get_value(port->handle, &value);
	if (port->size == PSL_BEAT) {
		for (i = 0; i < BEAT_WORDS; i++) {
			word = htobe32(known(&value.value.vector[BEAT_WORDS - 1 - i]));
			memcpy(field + 4 * i, &word, sizeof(word));
		}
		return;
	}
	number = known(&value.value.vector[0]);
	if (port->bits > 32)
		number |= (uint64_t)known(&value.value.vector[1]) << 32;
	switch (port->size) {
	case 1:
		*field = number;
		break;
	case 2:
		*(uint16_t *)field = number;
		break;
	case 4:
		*(uint32_t *)field = number;
		break;
	case 8:
		*(uint64_t *)field = number;
		break;
	}
}

static uint64_t number_of(const struct port *port)
{
	const uint8_t *field = (const uint8_t *)&ha + port->offset;

	switch (port->size) {
	case 1:
		return *field;
	case 2:
		return *(const uint16_t *)field;
	case 4:
		return *(const uint32_t *)field;
	default:
		return *(const uint64_t *)field;
	}
}

static void drive(const struct port *port)
{
	s_vpi_vecval words[MAX_WORDS] = { 0 };
	s_vpi_value value = { .format = vpiVectorVal, .value.vector = words };
	const uint8_t *field = (const uint8_t *)&ha + port->offset;
	uint64_t number;
	uint32_t word;
	unsigned int i;

	if (port->size == PSL_BEAT) {
		for (i = 0; i < BEAT_WORDS; i++) {
			memcpy(&word, field + 4 * i, sizeof(word));
			words[BEAT_WORDS - 1 - i].aval = be32toh(word);
		}
	} else {
		number = number_of(port);
		words[0].aval = number;
		words[1].aval = number >> 32;
	}
	vpi_put_value(port->handle, &value, NULL, vpiNoDelay);
}

static PLI_INT32 sample_task(PLI_BYTE8 *data)
{
	size_t i;

	(void)data;
	if (!card)
		return 0;
	for (i = 0; i < PORTS(ah_ports); i++)
		sample(&ah_ports[i]);
	if (!psl_card_clock(card, &ah, &ha))
		finish(psl_card_failed(card) ? "the card has failed" : NULL);
	return 0;
}

static PLI_INT32 drive_task(PLI_BYTE8 *data)
{
	const struct port *port;
	size_t i;

	(void)data;
	for (i = 0; i < PORTS(ha_ports); i++) {
		port = &ha_ports[i];
		if (!all_driven || memcmp((char *)&ha + port->offset,
					  (char *)&driven + port->offset, port->size))
			drive(port);
	}
	driven = ha;
	all_driven = true;
	return 0;
}

static PLI_INT32 begin(struct t_cb_data *data)
{
	s_vpi_vlog_info info;

	(void)data;
	if (!find(ah_ports, PORTS(ah_ports)) || !find(ha_ports, PORTS(ha_ports)) ||
	    !vpi_get_vlog_info(&info)) {
		finish("psl_top.v is not the top, or of another version");
		return 0;
	}
	card = psl_card_open(info.argc, info.argv);
	if (!card)
		finish("no card");
	return 0;
}

static PLI_INT32 end(struct t_cb_data *data)
{
	struct psl *psl;

	(void)data;
	if (!card)
		return 0;
	psl = psl_card_psl(card);
	vpi_printf("%llu cycles, %llu rules broken\n", (unsigned long long)psl_cycles(psl),
		   (unsigned long long)psl_rules_broken(psl));
	psl_card_close(card);
	card = NULL;
	return 0;
}

static void add_task(const char *name, PLI_INT32 (*call)(PLI_BYTE8 *data))
{
	s_vpi_systf_data task = {
		.type = vpiSysTask,
		.tfname = (PLI_BYTE8 *)name,
		.calltf = call,
	};

	vpi_register_systf(&task);
}

static void add_callback(PLI_INT32 reason, PLI_INT32 (*call)(struct t_cb_data *data))
{
	s_cb_data callback = { .reason = reason, .cb_rtn = call };

	vpi_register_cb(&callback);
}

static void start(void)
{
	add_task("$psl_sample", sample_task);
	add_task("$psl_drive", drive_task);
	add_callback(cbStartOfSimulation, begin);
	add_callback(cbEndOfSimulation, end);
}

void (*vlog_startup_routines[])(void) = { start, NULL };
