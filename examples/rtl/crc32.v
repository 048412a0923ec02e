// SPDX-License-Identifier: GPL-2.0-only
//
// CRC-32 (IEEE 802.3, as zlib's crc32()) of 64 bytes in one cycle. XOR the last CRC
// into the first 32 bits of the data; then each bit of the next CRC is the XOR of
// some bits of the data. Which bits these are is a constant, worked out here.
`default_nettype none

module crc32 (
	input  wire		clock,
	input  wire		load,		// begin with the CRC of what came before
	input  wire [31:0]	seed,
	input  wire		valid,		// 64 bytes are there, the first one at the left
	input  wire [511:0]	data,
	output wire [31:0]	crc
);

localparam [31:0] POLYNOMIAL = 32'hedb88320;

// mask: the bits of the data whose XOR is bit 'which' of the CRC. Data are shifted in
// with the lowest bit of each byte first: c' = c >> 1 ^ (c[0] ^ d) * POLYNOMIAL. Go
// back from the last step to the first, keeping track of the bits of c that matter.
function [511:0] mask(input integer which);
	integer time_of;
	reg [31:0] matter;
	reg odd;

	begin
		matter = 32'd1 << which;
		for (time_of = 511; time_of >= 0; time_of = time_of - 1) begin
			odd = ^(matter & POLYNOMIAL);
			mask[504 - time_of / 8 * 8 + time_of % 8] = odd;
			matter = {matter[30:0], odd};
		end
	end
endfunction

reg  [31:0] state;
wire [31:0] next;
wire [511:0] mixed = data ^ {state[7:0], state[15:8], state[23:16], state[31:24], 480'd0};

genvar i;
generate
for (i = 0; i < 32; i = i + 1) begin : bits
	localparam [511:0] MASK = mask(i);

	assign next[i] = ^(mixed & MASK);
end
endgenerate

assign crc = ~state;

always @(posedge clock) begin
	if (load)
		state <= ~seed;
	else if (valid)
		state <= next;
end

endmodule
