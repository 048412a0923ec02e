# SPDX-License-Identifier: GPL-2.0-only
# From the form that builds on many kernels to the one for the newest kernel's
# own tree, once unifdef has removed what older versions need. compat.h is then
# left without anything but these names.

# The header itself
/^#include "\(\.\.\/cxl\/\)\?compat\.h"$/d
# 6.2, 6.16
s/\<CXL_[A-Z_]*_CONST\>/const/g
# 6.12
s/ | CXL_FMODE_UNSIGNED_OFFSET//
s/^\tCXL_FOP_UNSIGNED_OFFSET$/\t.fop_flags = FOP_UNSIGNED_OFFSET,/
# 6.14
/^\tcxl_irq_set_movable(/d
# 7.0
s/\<\(kv\?zalloc\)(sizeof(\(\*[a-z_>-]*\)), GFP_KERNEL)/\1_obj(\2)/
s/\<\(kv\?zalloc\)(sizeof(\(\*[a-z_>-]*\)), /\1_obj(\2, /
s/\<kcalloc(\([a-z_>0-9-]*\), sizeof(\(\*[a-z_>-]*\)), GFP_KERNEL)/kzalloc_objs(\2, \1)/

# Drivers that are not in the tree, and were written for that of old kernels
/^# For drivers outside of a kernel tree$/d
/^cxl-y += compat_api\.o cxllib\.o$/d
/^\/\* compat_api\.c: .*\*\/$/,/^$/d
/^\tcxl_context_drop_unpinned_ops(ctx);$/d
/^ \* @unpinned_ops: /,/^ \*	lock: /d
/^\tconst struct cxl_afu_driver_ops \*unpinned_ops;$/d

# Architectures still differ.
s/compat_arch\.h/arch.h/g
s/compat_pci\.h/arch_pci.h/g
s/_COMPAT_ARCH_H/_ARCH_H/g
s/_CXL_COMPAT_PCI_H/_CXL_ARCH_PCI_H/g
/^#include <linux\/version\.h>$/d

# Where things are in the kernel
s,Documentation/\([a-z-]*\)\.md,Documentation/misc-devices/cxl/\1.rst,g

# Since when something is so matters to nobody there.
s,/\* [67]\.[0-9]*: \([a-z]\),/* \u\1,
