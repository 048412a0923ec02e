# SPDX-License-Identifier: GPL-2.0-only
# Manual pages to the links that they need, "PAGE LINK" for each name of a page
# that is not the file's: cxl_afu_open_dev.3 cxl_afu_open_h.3

FNR == 1 {
	page = FILENAME
	sub(/.*\//, "", page)
	section = page
	sub(/.*\./, "", section)
	in_names = 0
}

/^\.Sh / {
	in_names = $2 == "NAME"
}

in_names && $1 == ".Nm" && $2 "." section != page {
	print page, $2 "." section
}
