// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection for a card and its AFUs through debugfs
 *
 *	link			"up" or "down"
 *	recovery		"frozen" or "perm_failure"
 *	remove			"1": surprise removal
 *	delay			microseconds before each work element
 *	timebase_offset		ticks by which the card's time base is ahead
 *	afuM/inject_irq		PE IRQ
 *	afuM/inject_fault	PE ADDRESS [DSISR]
 *	afuM/inject_error	PE VALUE
 *	afuM/state		lists the contexts; read-only
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "sim.h"

#define MAX_TEXT	80
#define MAX_NUMBERS	3

#define FAULT_TRIES	100
#define FAULT_WAIT_MS	5

static int get_text(char *text, const char __user *buf, size_t count)
{
	if (count >= MAX_TEXT)
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	text[count] = '\0';
	return 0;
}

/* Parse numbers separated by blanks. Return how many there are, or an errno. */
static int get_numbers(u64 *val, const char __user *buf, size_t count)
{
	char text[MAX_TEXT], *next = text, *word;
	int ret, n = 0;

	ret = get_text(text, buf, count);
	if (ret)
		return ret;
	while ((word = strsep(&next, " \t\n"))) {
		if (!*word)
			continue;
		if (n == MAX_NUMBERS || kstrtou64(word, 0, &val[n++]))
			return -EINVAL;
	}
	return n;
}

/*
 * Files of an AFU. They wait for a context's turn at most, which is short, so
 * they can be removed at any time.
 */

/* The context to inject into, or ERR_PTR */
static struct sim_pe *find_pe(struct sim_afu *afu, u64 num)
{
	struct sim_pe *pe = NULL;

	lockdep_assert_held(&afu->turn);
	if (num <= SIM_MAX_PROCS)
		pe = xa_load(&afu->pes, num);
	if (!pe)
		return ERR_PTR(-ENOENT);
	return READ_ONCE(afu->halted) ? ERR_PTR(-EIO) : pe;
}

static ssize_t inject_irq_write(struct file *file, const char __user *buf,
				size_t count, loff_t *pos)
{
	struct sim_afu *afu = file->private_data;
	u64 val[MAX_NUMBERS];
	struct sim_pe *pe;
	int ret;

	ret = get_numbers(val, buf, count);
	if (ret != 2 || val[1] > UINT_MAX)
		return ret < 0 ? ret : -EINVAL;
	mutex_lock(&afu->turn);
	pe = find_pe(afu, val[0]);
	ret = IS_ERR(pe) ? PTR_ERR(pe) : sim_pe_interrupt(pe, val[1]);
	mutex_unlock(&afu->turn);
	return ret ?: count;
}

static int inject_fault(struct sim_afu *afu, const u64 *val)
{
	struct sim_pe *pe;
	int ret;

	mutex_lock(&afu->turn);
	pe = find_pe(afu, val[0]);
	ret = IS_ERR(pe) ? PTR_ERR(pe) :
			   sim_pe_inject_fault(pe, val[1], val[2]);
	mutex_unlock(&afu->turn);
	return ret;
}

static ssize_t inject_fault_write(struct file *file, const char __user *buf,
				  size_t count, loff_t *pos)
{
	u64 val[MAX_NUMBERS];
	int ret, tries;

	val[2] = CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE;
	ret = get_numbers(val, buf, count);
	if (ret != 2 && ret != 3)
		return ret < 0 ? ret : -EINVAL;
	/* It may have a fault of its own, which is usually answered soon. */
	for (tries = 0; tries < FAULT_TRIES; tries++) {
		ret = inject_fault(file->private_data, val);
		if (ret != -EBUSY || msleep_interruptible(FAULT_WAIT_MS))
			break;
	}
	return ret ?: count;
}

static ssize_t inject_error_write(struct file *file, const char __user *buf,
				  size_t count, loff_t *pos)
{
	struct sim_afu *afu = file->private_data;
	u64 val[MAX_NUMBERS];
	struct sim_pe *pe;
	int ret;

	ret = get_numbers(val, buf, count);
	if (ret != 2)
		return ret < 0 ? ret : -EINVAL;
	mutex_lock(&afu->turn);
	pe = find_pe(afu, val[0]);
	if (!IS_ERR(pe))
		sim_pe_error(pe, val[1]);
	mutex_unlock(&afu->turn);
	return PTR_ERR_OR_ZERO(pe) ?: count;
}

static void show_pe(struct seq_file *s, struct sim_pe *pe)
{
	static const char * const states[] = {
		[SIM_PE_DEAD] = "dead",
		[SIM_PE_RUNNABLE] = "runnable",
		[SIM_PE_RUNNING] = "running",
		[SIM_PE_WAITING] = "waiting",
		[SIM_PE_FAULTING] = "faulting",
		[SIM_PE_ASLEEP] = "asleep",
	};
	enum sim_pe_state state;

	spin_lock_irq(&pe->afu->lock);
	state = pe->state;
	spin_unlock_irq(&pe->afu->lock);

	seq_printf(s, "pe=%u state=%s%s%s wed=0x%llx elements=%llu bytes=%llu faults=%llu",
		   pe->elem.pe, states[state],
		   pe->elem.master ? " master" : "",
		   pe->elem.mm ? "" : " kernel",
		   pe->elem.wed, pe->elements, pe->bytes, pe->faults);
	if (pe->afu->settings.model->show)
		pe->afu->settings.model->show(pe, s);
	seq_putc(s, '\n');
}

static int state_show(struct seq_file *s, void *unused)
{
	struct sim_afu *afu = s->private;
	struct sim_pe *pe;
	unsigned long num;

	mutex_lock(&afu->turn);
	xa_for_each(&afu->pes, num, pe)
		show_pe(s, pe);
	mutex_unlock(&afu->turn);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

/*
 * Files of a card. A write can remove the very file that is written, and
 * removal of an ordinary debugfs file waits for its users. So while these files
 * are open they hold a reference to the card themselves.
 */

static int card_file_open(struct inode *inode, struct file *file)
{
	struct sim_card *card = inode->i_private;

	config_item_get(&card->group.cg_item);
	file->private_data = card;
	return 0;
}

static int card_file_release(struct inode *inode, struct file *file)
{
	struct sim_card *card = file->private_data;

	config_item_put(&card->group.cg_item);
	return 0;
}

/* Return the index of the text in @words, or an errno. */
static int get_word(const char * const *words, int n, const char __user *buf,
		    size_t count)
{
	char text[MAX_TEXT];
	int ret;

	ret = get_text(text, buf, count);
	return ret ?: __sysfs_match_string(words, n, text);
}

static ssize_t link_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *pos)
{
	static const char * const words[] = { "down", "up" };
	int ret = get_word(words, ARRAY_SIZE(words), buf, count);

	if (ret < 0)
		return ret;
	return sim_card_set_link(file->private_data, ret) ?: count;
}

static ssize_t recovery_write(struct file *file, const char __user *buf,
			      size_t count, loff_t *pos)
{
	static const char * const words[] = { "frozen", "perm_failure" };
	static const pci_channel_state_t states[] = {
		pci_channel_io_frozen,
		pci_channel_io_perm_failure,
	};
	int ret = get_word(words, ARRAY_SIZE(words), buf, count);
	struct sim_card *card = file->private_data;

	if (ret < 0)
		return ret;
	return sim_card_recover(card, states[ret]) ?: count;
}

static ssize_t remove_write(struct file *file, const char __user *buf,
			    size_t count, loff_t *pos)
{
	static const char * const words[] = { "1" };
	int ret = get_word(words, ARRAY_SIZE(words), buf, count);
	struct sim_card *card = file->private_data;

	if (ret < 0)
		return ret;
	mutex_lock(&card->config_lock);
	ret = sim_card_unplug(card);
	mutex_unlock(&card->config_lock);
	return ret ?: count;
}

static ssize_t delay_read(struct file *file, char __user *buf, size_t count,
			  loff_t *pos)
{
	struct sim_card *card = file->private_data;
	char text[MAX_TEXT];
	int len;

	len = scnprintf(text, sizeof(text), "%u\n", READ_ONCE(card->delay_us));
	return simple_read_from_buffer(buf, count, pos, text, len);
}

static ssize_t delay_write(struct file *file, const char __user *buf,
			   size_t count, loff_t *pos)
{
	u32 delay_us;
	int ret;

	ret = kstrtou32_from_user(buf, count, 0, &delay_us);
	if (ret)
		return ret;
	sim_card_set_delay(file->private_data, delay_us);
	return count;
}

static const struct file_operations delay_fops = {
	.owner = THIS_MODULE,
	.open = card_file_open,
	.release = card_file_release,
	.read = delay_read,
	.write = delay_write,
	.llseek = default_llseek,
};

#define AFU_FILE_OPS(_name)						\
static const struct file_operations _name##_fops = {			\
	.owner = THIS_MODULE,						\
	.open = simple_open,						\
	.write = _name##_write,						\
	.llseek = noop_llseek,						\
}

#define CARD_FILE_OPS(_name)						\
static const struct file_operations _name##_fops = {			\
	.owner = THIS_MODULE,						\
	.open = card_file_open,						\
	.release = card_file_release,					\
	.write = _name##_write,						\
	.llseek = noop_llseek,						\
}

AFU_FILE_OPS(inject_irq);
AFU_FILE_OPS(inject_fault);
AFU_FILE_OPS(inject_error);
CARD_FILE_OPS(link);
CARD_FILE_OPS(recovery);
CARD_FILE_OPS(remove);

/**
 * sim_debugfs_afu_init() - add an AFU's files to its debugfs folder
 * @afu: struct sim_afu
 * @dir: folder, which the core removes
 */
void sim_debugfs_afu_init(void *afu, struct dentry *dir)
{
	debugfs_create_file("inject_irq", 0200, dir, afu, &inject_irq_fops);
	debugfs_create_file("inject_fault", 0200, dir, afu, &inject_fault_fops);
	debugfs_create_file("inject_error", 0200, dir, afu, &inject_error_fops);
	debugfs_create_file("state", 0400, dir, afu, &state_fops);
}

/**
 * sim_debugfs_init() - add the card's files to its debugfs folder
 * @data: struct sim_card
 * @dir: folder, which the core removes
 */
void sim_debugfs_init(void *data, struct dentry *dir)
{
	struct sim_card *card = data;

	debugfs_create_file_unsafe("link", 0200, dir, card, &link_fops);
	debugfs_create_file_unsafe("recovery", 0200, dir, card, &recovery_fops);
	debugfs_create_file_unsafe("remove", 0200, dir, card, &remove_fops);
	debugfs_create_file_unsafe("delay", 0600, dir, card, &delay_fops);
	debugfs_create_u64("timebase_offset", 0600, dir, &card->timebase_offset);
}
