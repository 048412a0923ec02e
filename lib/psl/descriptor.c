// SPDX-License-Identifier: LGPL-2.1-or-later
/* The AFU's descriptor, read once, after the first reset. */
#include <endian.h>
#include <string.h>

#include <misc/cxl.h>

#include "internal.h"

#define LOW_56		(UINT64_MAX >> 8)
#define MMIO_LIMIT	0x4000000

/* Bits of req_prog_model */
#define MODEL_DEDICATED	0x0010
#define MODEL_DIRECTED	0x0004

#define CONFIG_UNIT	256
#define PAGE_UNIT	4096

static const uint16_t offsets[] = {
	0x00, 0x20, 0x28, 0x30, 0x38, 0x40, 0x48,
};

#define WORDS		(sizeof(offsets) / sizeof(*offsets))
/* The words, then the beginning of the first configuration record */
#define STEPS		(WORDS + 2)

static void take_first(struct psl_descriptor *d, uint64_t value)
{
	d->interrupts = value >> 48;
	d->processes = value >> 32;
	d->config_records = value >> 16;
	if (value & MODEL_DEDICATED)
		d->modes |= CXL_MODE_DEDICATED;
	if (value & MODEL_DIRECTED)
		d->modes |= CXL_MODE_DIRECTED;
}

static void take(struct psl_descriptor *d, unsigned int step, uint64_t value)
{
	uint64_t id = htobe64(value);

	switch (step) {
	case 0:
		take_first(d, value);
		break;
	case 1:
		d->config_length = (value & LOW_56) * CONFIG_UNIT;
		break;
	case 2:
		d->config_offset = value;
		break;
	case 3:
		d->psa = value >> 56 & 1;
		d->pp_psa = value >> 57 & 1;
		d->pp_length = (value & LOW_56) * PAGE_UNIT;
		break;
	case 4:
		d->pp_offset = value;
		break;
	case 5:
		d->eb_length = (value & LOW_56) * PAGE_UNIT;
		break;
	case 6:
		d->eb_offset = value;
		break;
	default:
		memcpy(d->ids + (step - WORDS) * sizeof(id), &id, sizeof(id));
	}
}

static bool has_record(const struct psl_descriptor *d)
{
	return d->config_records &&
	       d->config_offset < MMIO_LIMIT - CONFIG_UNIT;
}

static void finish(struct psl *psl)
{
	const struct psl_descriptor *d = &psl->descriptor;

	psl->described = true;
	if (!d->processes || !d->modes)
		report(psl, "the AFU's descriptor has %u processes and no mode that there is: 0x%x",
		       d->processes, d->modes);
}

static void read_next(struct psl *psl)
{
	struct psl_mmio *mmio = &psl->describe_mmio;
	unsigned int step = psl->describe_step;

	if (step == STEPS || (step == WORDS && !has_record(&psl->descriptor))) {
		finish(psl);
		return;
	}
	mmio->address = step < WORDS ? offsets[step] :
			psl->descriptor.config_offset + (step - WORDS) * 8;
	psl_mmio(psl, mmio);
}

/* If the AFU is reset in between, the reading starts over after the reset. */
static void has_read(void *data, struct psl_mmio *mmio, bool answered)
{
	struct psl *psl = (struct psl *)
		((char *)mmio - offsetof(struct psl, describe_mmio));

	(void)data;
	psl->describing = false;
	if (!answered)
		return;
	take(&psl->descriptor, psl->describe_step++, mmio->data);
	psl->describing = true;
	read_next(psl);
}

void descriptor_read(struct psl *psl)
{
	if (psl->described || psl->describing)
		return;
	memset(&psl->descriptor, 0, sizeof(psl->descriptor));
	psl->describe_mmio = (struct psl_mmio){
		.config = true,
		.read = true,
		.size = 8,
		.handle = PSL_NO_CONTEXT,
		.done = has_read,
	};
	psl->describe_step = 0;
	psl->describing = true;
	read_next(psl);
}

const struct psl_descriptor *psl_descriptor(const struct psl *psl)
{
	return psl->described ? &psl->descriptor : NULL;
}
