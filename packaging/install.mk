# SPDX-License-Identifier: GPL-2.0-only
#
# make install	the library, its headers, programs, man pages, completion for
#		bash, rules for udev
# make install-dkms	the source of the modules, where dkms finds it: then
#		dkms install cxl-afu/VERSION
#
# help: PREFIX=/usr/local  install: below which folder; DESTDIR, libdir and others too

VERSION		:= 1.0

DESTDIR		?=
PREFIX		?= /usr/local
bindir		?= $(PREFIX)/bin
libdir		?= $(PREFIX)/lib
includedir	?= $(PREFIX)/include
mandir		?= $(PREFIX)/share/man
completiondir	?= $(PREFIX)/share/bash-completion/completions
udevdir		?= $(PREFIX)/lib/udev/rules.d
srcdir		?= /usr/src

# Debian's ndctl has a libcxl.so.1, too: ours has folders of its own.
own_libdir	:= $(libdir)/cxl-afu
own_includedir	:= $(includedir)/cxl-afu
dkmsdir		:= $(srcdir)/cxl-afu-$(VERSION)

INSTALLED	:= $(OUT)/installed
INSTALL_DATA	:= install -m 644

.PHONY: install install-dkms installed-programs deb check-deb always

# The programs as they are installed: with the shared library, which they find
# by the path that is known only now.
$(INSTALLED)/%: tools/%.c $$(wildcard tools/%/*.[ch] tools/common/*.[ch]) lib always
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc $(CPPFLAGS) -Iinclude/uapi -Ilib/include \
		$(USER_CFLAGS) $(INSTALL_CROSS_FLAGS) $(TRACE_CFLAGS) $(LDFLAGS) -pthread -o $@ $(filter %.c,$^) $(INSTALL_LIBS)

$(INSTALLED)/afu-cp: INSTALL_LIBS := -ljson-c
$(INSTALLED)/afuctl: INSTALL_LIBS := -L$(OUT)/lib -Wl,-rpath,$(own_libdir) -lcxl \
	$(AFUCTL_LIBS)

INSTALLED_PROGRAMS := $(INSTALLED)/afuctl $(INSTALLED)/afu-cp
installed-programs: $(INSTALLED_PROGRAMS)

# Who says CROSS_COMPILE, as Debian's rules do, has the libraries installed. For
# ARCH they are in the cache, and the shared ones may be named by path there.
ifeq ($(origin CROSS_COMPILE)$(if $(CROSS_COMPILE),,-),file)
INSTALL_CROSS_FLAGS := $(CROSS_FLAGS) \
	$(foreach lib,lib usr/lib,-L$(OUT)/sysroot/$(lib)/$(CROSS_COMPILE:-=) \
		-Wl,-rpath-link,$(OUT)/sysroot/$(lib)/$(CROSS_COMPILE:-=))
$(INSTALLED_PROGRAMS): | $(OUT)/sysroot
endif

# install_to FOLDER,FILES
install_to = install -d $(DESTDIR)$(1) && $(INSTALL_DATA) $(2) $(DESTDIR)$(1)

##@ Installing
install: lib installed-programs	## library, programs, man pages, udev rules, into DESTDIR
	$(Q)install -d $(DESTDIR)$(bindir) $(DESTDIR)$(own_libdir)
	$(Q)install -m 755 $(INSTALLED)/afuctl $(INSTALLED)/afu-cp $(DESTDIR)$(bindir)
	$(Q)$(INSTALL_DATA) $(OUT)/lib/$(LIB_FILE) $(OUT)/lib/libcxl.a $(DESTDIR)$(own_libdir)
	$(Q)ln -sf $(LIB_FILE) $(DESTDIR)$(own_libdir)/$(LIB_SONAME)
	$(Q)ln -sf $(LIB_SONAME) $(DESTDIR)$(own_libdir)/libcxl.so
	$(Q)$(call install_to,$(own_includedir),lib/include/libcxl.h)
	$(Q)$(call install_to,$(own_includedir)/misc,include/uapi/misc/*.h)
	$(Q)install -d $(DESTDIR)$(libdir)/pkgconfig
	$(Q)sed 's,@PREFIX@,$(PREFIX),; s,@LIBDIR@,$(libdir),; s,@INCLUDEDIR@,$(includedir),; s,@VERSION@,$(LIB_FILE:libcxl.so.%=%),' \
		lib/libcxl-afu.pc.in >$(DESTDIR)$(libdir)/pkgconfig/libcxl-afu.pc
	$(Q)for folder in man/man*; do \
		$(call install_to,$(mandir)/$${folder#man/},$$folder/*) || exit; done
	$(Q)awk -f scripts/man-links.awk man/man*/* | while read -r page link; do \
		ln -sf $$page $(DESTDIR)$(mandir)/man$${link##*.}/$$link || exit; done
	$(Q)$(call install_to,$(completiondir),packaging/completion/*)
	$(Q)$(call install_to,$(udevdir),packaging/60-cxl-afu.rules)

install-dkms:		## the source of the modules, for dkms, into DESTDIR
	$(Q)install -d $(DESTDIR)$(dkmsdir)
	$(Q)cp -R --parents Kbuild COPYING LICENSES include drivers $(DESTDIR)$(dkmsdir)
	$(Q)install -m 755 packaging/keep-symvers $(DESTDIR)$(dkmsdir)
	$(Q)sed 's/#MODULE_VERSION#/$(VERSION)/' packaging/dkms.conf >$(DESTDIR)$(dkmsdir)/dkms.conf

deb:			## Debian packages, in build/deb
	$(Q)packaging/build-deb $(VERSION)

check-deb: deb kernel	## install, use and purge them in a fresh Debian; needs root
	$(Q)packaging/check-deb $(VERSION)
