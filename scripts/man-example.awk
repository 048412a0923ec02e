# SPDX-License-Identifier: GPL-2.0-only
# The program in a manual page's EXAMPLES, as the reader sees it.

/^\.Sh / {
	in_examples = $2 == "EXAMPLES"
}

/^\.Ed/ {
	in_display = 0
}

in_display {
	gsub(/\\e/, "\\")
	print
}

in_examples && /^\.Bd -literal/ {
	in_display = 1
}
