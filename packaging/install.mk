# SPDX-License-Identifier: GPL-2.0-only
#
# make install	the library, its headers, the Python package, programs, man pages,
#		completion for bash, zsh and fish, rules for udev
# make uninstall	remove just that; with the same variables
# make install-dkms	the source of the modules, where dkms finds it; then run
#		dkms install cxl-afu/VERSION
# make install-modules	build the modules for the running kernel, or KDIR, and
#		install them, without DKMS
# make install-kernel-headers	what AFU drivers are built with
# make dist	the source, for RPM, Arch Linux and others: build/cxl-afu-VERSION.tar.xz
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
zshdir		?= $(PREFIX)/share/zsh/site-functions
fishdir		?= $(PREFIX)/share/fish/vendor_completions.d
udevdir		?= $(PREFIX)/lib/udev/rules.d
srcdir		?= /usr/src
# Where Debian's Python looks for Debian's packages, and for the administrator's
pythondir	?= $(if $(filter /usr,$(PREFIX)),/usr/lib/python3,$(PREFIX)/lib/$(or $(shell \
	python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])' 2>/dev/null),python3))/dist-packages

# Debian's ndctl also has a libcxl.so.1: ours has folders of its own.
own_libdir	:= $(libdir)/cxl-afu
own_includedir	:= $(includedir)/cxl-afu
dkmsdir		:= $(srcdir)/cxl-afu-$(VERSION)

INSTALLED	:= $(OUT)/installed
INSTALL_DATA	:= install -m 644

headersdir	:= $(srcdir)/cxl-afu-headers-$(VERSION)

# Only another machine's own pkg-config knows about that machine's libraries.
PKG_CONFIG	?= $(if $(CROSS_COMPILE),false,pkg-config)
pkg_config	= $(shell $(PKG_CONFIG) $(1) 2>/dev/null)

.PHONY: install uninstall install-dkms install-modules install-kernel-headers \
	installed-programs dist deb check-deb always

# The programs as they are installed: with the shared library, whose path is
# known only now.
$(INSTALLED)/%: tools/%.c $$(wildcard tools/%/*.[ch] tools/common/*.[ch]) lib always
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CC) $(CPPFLAGS) -Iinclude/uapi -Ilib/include \
		$(USER_CFLAGS) $(INSTALL_CROSS_FLAGS) $(INSTALL_CFLAGS) $(LDFLAGS) -pthread -o $@ $(filter %.c,$^) $(INSTALL_LIBS)

$(INSTALLED)/afu-cp: INSTALL_CFLAGS = $(call pkg_config,--cflags json-c)
$(INSTALLED)/afu-cp: INSTALL_LIBS = $(or $(call pkg_config,--libs json-c),-ljson-c)
$(INSTALLED)/afu-flash: INSTALL_CFLAGS = $(call pkg_config,--cflags json-c)
$(INSTALLED)/afu-flash: INSTALL_LIBS = -L$(OUT)/lib -Wl,-rpath,$(own_libdir) -lafu \
	$(or $(call pkg_config,--libs json-c),-ljson-c)
AFUCTL_PACKAGES := json-c ncursesw tinfo libtracefs libtraceevent
$(INSTALLED)/afuctl: INSTALL_CFLAGS = $(or $(call pkg_config,--cflags $(AFUCTL_PACKAGES)),$(TRACE_CFLAGS))
$(INSTALLED)/afuctl: INSTALL_LIBS = -L$(OUT)/lib -Wl,-rpath,$(own_libdir) -lcxl \
	$(or $(call pkg_config,--libs $(AFUCTL_PACKAGES)),$(AFUCTL_LIBS))

$(INSTALLED)/afu-psl: INSTALL_CFLAGS = $(call pkg_config,--cflags json-c)
$(INSTALLED)/afu-psl: INSTALL_LIBS = -L$(OUT)/lib -Wl,-rpath,$(own_libdir) \
	-Wl,-rpath-link,$(OUT)/lib -lpsl $(or $(call pkg_config,--libs json-c),-ljson-c)

INSTALLED_PROGRAMS := $(INSTALLED)/afuctl $(INSTALLED)/afu-cp $(INSTALLED)/afu-psl $(INSTALLED)/afu-flash
installed-programs: $(INSTALLED_PROGRAMS)

# If CROSS_COMPILE is given, as by Debian's rules, the libraries are installed.
# For ARCH they are in the cache, and the shared ones may be named by path there.
ifeq ($(origin CROSS_COMPILE)$(if $(CROSS_COMPILE),,-),file)
INSTALL_CROSS_FLAGS := $(CROSS_FLAGS) \
	$(foreach lib,lib usr/lib,-L$(OUT)/sysroot/$(lib)/$(CROSS_COMPILE:-=) \
		-Wl,-rpath-link,$(OUT)/sysroot/$(lib)/$(CROSS_COMPILE:-=))
$(INSTALLED_PROGRAMS): | $(OUT)/sysroot
endif

# install_to FOLDER,FILES
install_to = install -d $(DESTDIR)$(1) && $(INSTALL_DATA) $(2) $(DESTDIR)$(1)

# fill_pc VERSION: a .pc file for pkg-config, from stdin or a template
fill_pc = sed 's,@PREFIX@,$(PREFIX),; s,@LIBDIR@,$(libdir),; s,@INCLUDEDIR@,$(includedir),; s,@VERSION@,$(1),'

##@ Installing
install: lib installed-programs	## library, programs, man pages, udev rules, into DESTDIR
	$(Q)install -d $(DESTDIR)$(bindir) $(DESTDIR)$(own_libdir)
	$(Q)install -m 755 $(INSTALLED_PROGRAMS) $(DESTDIR)$(bindir)
	$(Q)$(INSTALL_DATA) $(OUT)/lib/$(LIB_FILE) $(OUT)/lib/libcxl.a $(DESTDIR)$(own_libdir)
	$(Q)ln -sf $(LIB_FILE) $(DESTDIR)$(own_libdir)/$(LIB_SONAME)
	$(Q)ln -sf $(LIB_SONAME) $(DESTDIR)$(own_libdir)/libcxl.so
	$(Q)$(INSTALL_DATA) $(OUT)/lib/$(LIBAFU_FILE) $(OUT)/lib/libafu.a $(DESTDIR)$(own_libdir)
	$(Q)ln -sf $(LIBAFU_FILE) $(DESTDIR)$(own_libdir)/$(LIBAFU_SONAME)
	$(Q)ln -sf $(LIBAFU_SONAME) $(DESTDIR)$(own_libdir)/libafu.so
	$(Q)$(INSTALL_DATA) $(OUT)/lib/$(LIBPSL_FILE) $(OUT)/lib/libpsl.a $(DESTDIR)$(own_libdir)
	$(Q)ln -sf $(LIBPSL_FILE) $(DESTDIR)$(own_libdir)/$(LIBPSL_SONAME)
	$(Q)ln -sf $(LIBPSL_SONAME) $(DESTDIR)$(own_libdir)/libpsl.so
	$(Q)$(call install_to,$(own_includedir),lib/include/*.h)
	$(Q)$(call install_to,$(own_includedir)/misc,include/uapi/misc/*.h)
	$(Q)$(call install_to,$(own_includedir)/rtl,lib/rtl/psl_*)
	$(Q)install -d $(DESTDIR)$(libdir)/pkgconfig
	$(Q)$(call fill_pc,$(LIB_FILE:libcxl.so.%=%)) lib/libcxl-afu.pc.in >$(DESTDIR)$(libdir)/pkgconfig/libcxl-afu.pc
	$(Q)$(call fill_pc,$(LIBAFU_FILE:libafu.so.%=%)) lib/afu/libafu.pc.in >$(DESTDIR)$(libdir)/pkgconfig/libafu.pc
	$(Q)$(call fill_pc,$(LIBPSL_FILE:libpsl.so.%=%)) lib/psl/libpsl.pc.in >$(DESTDIR)$(libdir)/pkgconfig/libpsl.pc
	$(Q)for folder in man/man*; do \
		$(call install_to,$(mandir)/$${folder#man/},$$folder/*) || exit; done
	$(Q)awk -f scripts/man-links.awk man/man*/* | while read -r page link; do \
		ln -sf $$page $(DESTDIR)$(mandir)/man$${link##*.}/$$link || exit; done
	$(Q)$(call install_to,$(completiondir),packaging/completion/bash/*)
	$(Q)$(call install_to,$(zshdir),packaging/completion/zsh/*)
	$(Q)$(call install_to,$(fishdir),packaging/completion/fish/*)
	$(Q)$(call install_to,$(udevdir),packaging/60-cxl-afu.rules)
	$(Q)$(call install_to,$(pythondir)/cxl_afu,python/cxl_afu/*.py python/cxl_afu/py.typed)

# Removes what install would put there, and the folders that are ours alone.
uninstall:		## remove what install put into DESTDIR
	$(Q)rm -rf $(OUT)/uninstall
	$(Q)+$(MAKE) --no-print-directory install DESTDIR=$(OUT)/uninstall
	$(Q)cd $(OUT)/uninstall && find . ! -type d | while read -r file; do \
		rm -f "$(DESTDIR)/$$file" || exit; done
	$(Q)rm -rf $(DESTDIR)$(pythondir)/cxl_afu/__pycache__
	$(Q)for folder in $(own_libdir) $(own_includedir)/misc $(own_includedir)/rtl $(own_includedir) $(pythondir)/cxl_afu; do \
		[ ! -d $(DESTDIR)$$folder ] || rmdir $(DESTDIR)$$folder || exit; done
	$(Q)rm -rf $(OUT)/uninstall

install-kernel-headers:	## the headers for AFU drivers, and the example, into DESTDIR
	$(Q)install -d $(DESTDIR)$(headersdir)
	$(Q)cp -R --parents include examples/afu-driver $(DESTDIR)$(headersdir)
	$(Q)rm -f $(DESTDIR)$(headersdir)/examples/afu-driver/echo

install-dkms:		## the source of the modules, for dkms, into DESTDIR
	$(Q)install -d $(DESTDIR)$(dkmsdir)
	$(Q)cp -R --parents Kbuild COPYING LICENSES include drivers $(DESTDIR)$(dkmsdir)
	$(Q)install -m 755 packaging/keep-symvers packaging/dkms-build $(DESTDIR)$(dkmsdir)
	$(Q)sed 's/#MODULE_VERSION#/$(VERSION)/' packaging/dkms.conf >$(DESTDIR)$(dkmsdir)/dkms.conf

# The source folders stay clean: the modules are built in a mirror of them.
KDIR		?= /lib/modules/$(shell uname -r)/build
KDIR_OUT	= $(BUILD)/modules-$(subst /,_,$(realpath $(KDIR)))
KDIR_MAKE	= env -u MAKEFLAGS -u MFLAGS -u ARCH -u KERNEL -u BUILD $(MAKE) -C $(KDIR) M=$(KDIR_OUT) \
	DIRS="drivers/misc/cxl drivers/misc/cxl-sim drivers/misc/cxl-copy" CONFIG_DEBUG_INFO_BTF_MODULES=
install-modules:	## the modules, for the kernel that runs or KDIR=, without DKMS
	$(Q)scripts/mirror.sh $(KDIR_OUT) Kbuild drivers include
	$(Q)$(KDIR_MAKE) -j$(JOBS) modules
	$(Q)$(KDIR_MAKE) modules_install INSTALL_MOD_PATH=$(DESTDIR) INSTALL_MOD_DIR=updates \
		CONFIG_MODULE_SIG_ALL=

dist:			## the source as one archive, with RPM spec and PKGBUILD, in build
	$(Q)packaging/make-dist $(VERSION)

deb:			## Debian packages, in build/deb
	$(Q)packaging/build-deb $(VERSION)

check-deb: deb kernel	## install, boot, use and purge them in a fresh Debian; needs root
	$(Q)packaging/check-deb $(VERSION)
