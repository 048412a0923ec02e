// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: scsi-reset DEVICE device|host
 *
 * Make the driver of a SCSI disk reset the disk, or the whole card.
 */
#include <err.h>
#include <fcntl.h>
#include <scsi/sg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int what = SG_SCSI_RESET_DEVICE, fd;

	if (argc != 3)
		errx(2, "usage: scsi-reset DEVICE device|host");
	if (!strcmp(argv[2], "host"))
		what = SG_SCSI_RESET_HOST;
	/* SG_SCSI_RESET_NO_ESCALATE: this reset, and no other */
	what |= 0x100;
	fd = open(argv[1], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, SG_SCSI_RESET, &what))
		err(1, "%s", argv[1]);
	return 0;
}
