// SPDX-License-Identifier: GPL-2.0-only
//
// Copies lines of 128 bytes, 32 of them at once. Line n is in slot n % 32, which is
// also the tag of its commands, and goes through these states:
//
//	free -> to_read -> (read sent) -> has_data -> its turn for the CRC ->
//	     -> to_write -> (write sent) -> written -> free
//
// Responses come in any order, but the CRC takes lines in order, and slots
// become free in order:
//
//	retired <= summed <= opened, opened - retired <= 32
//
// After a fault a line goes back to to_read or to_write. After an error no more
// commands are sent, and the copy is over once all have been answered.
`default_nettype none

module copy (
	input  wire		clock,
	input  wire		reset,
	input  wire		start,		// the inputs that follow must stay as they are
	input  wire [63:0]	source,
	input  wire [63:0]	destination,
	input  wire [56:0]	lines,
	input  wire		without_write,
	input  wire [31:0]	seed,
	output wire		done,
	output reg		failed,
	output reg  [7:0]	failed_code,
	output reg  [63:0]	failed_address,
	output wire [56:0]	lines_done,
	output wire [31:0]	crc,
	// A command
	output wire		valid,
	output wire		write,
	output wire [4:0]	slot,
	output wire [63:0]	address,
	input  wire		taken,
	input  wire		response_valid,
	input  wire [7:0]	response_tag,
	input  wire [7:0]	response_code,
	input  wire		response_ok,
	input  wire		response_again,
	// Data for the CRC, which comes in the next cycle
	output wire [4:0]	sum_slot,
	output reg		sum_beat,
	input  wire [511:0]	sum_data
);

reg [56:0]	opened, summed, retired;
reg [31:0]	to_read, to_write, has_data, written;
reg [5:0]	in_flight;
reg		sum_valid;
reg		active;

// The next command: writes come first, since they make room; then the lowest slot.
wire [31:0]	candidates = to_write != 32'd0 ? to_write : to_read;
wire [31:0]	lowest = candidates & (~candidates + 32'd1);

assign valid = active && candidates != 32'd0 && !failed;
assign write = to_write != 32'd0;
assign slot = {|(lowest & 32'hffff0000), |(lowest & 32'hff00ff00), |(lowest & 32'hf0f0f0f0),
	       |(lowest & 32'hcccccccc), |(lowest & 32'haaaaaaaa)};
assign address = address_of(slot, write ? destination : source, retired);

// address_of: address of the line in a slot; it is one of the 32 from 'first' on
function [63:0] address_of(input [4:0] in_slot, input [63:0] base, input [56:0] first);
	address_of = base + {first + {52'd0, in_slot - first[4:0]}, 7'd0};
endfunction

wire		ours = response_valid && response_tag < 8'd32;
wire [4:0]	answered = response_tag[4:0];
wire		read_answered = !has_data[answered];

wire [4:0]	next_slot = opened[4:0];
wire		open_now = active && opened != lines && opened - retired < 57'd32 &&
			   !failed;

assign sum_slot = summed[4:0];
wire		sum_now = summed != opened && has_data[sum_slot] && !failed;

wire [4:0]	oldest = retired[4:0];

assign lines_done = retired;
assign done = !active;

crc32 crc32 (
	.clock(clock), .load(start), .seed(seed), .valid(sum_valid), .data(sum_data), .crc(crc)
);

always @(posedge clock) begin
	sum_valid <= sum_now;

	if (open_now) begin
		to_read[next_slot] <= 1'b1;
		opened <= opened + 57'd1;
	end

	if (taken && write)
		to_write[slot] <= 1'b0;
	else if (taken)
		to_read[slot] <= 1'b0;

	if (ours && response_ok) begin
		if (read_answered)
			has_data[answered] <= 1'b1;
		else
			written[answered] <= 1'b1;
	end else if (ours && response_again) begin
		if (read_answered)
			to_read[answered] <= 1'b1;
		else
			to_write[answered] <= 1'b1;
	end else if (ours && !failed) begin
		failed <= 1'b1;
		failed_code <= response_code;
		failed_address <= address_of(answered, read_answered ? source : destination,
					     retired);
	end
	in_flight <= in_flight + {5'd0, taken} - {5'd0, ours};

	if (sum_now) begin
		sum_beat <= !sum_beat;
		if (sum_beat) begin
			summed <= summed + 57'd1;
			if (without_write)
				written[sum_slot] <= 1'b1;
			else
				to_write[sum_slot] <= 1'b1;
		end
	end

	if (written[oldest]) begin
		written[oldest] <= 1'b0;
		has_data[oldest] <= 1'b0;
		retired <= retired + 57'd1;
	end

	if (failed ? in_flight == 6'd0 : retired == lines && !sum_valid)
		active <= 1'b0;

	if (reset || start) begin
		active <= start;
		opened <= 57'd0;
		summed <= 57'd0;
		retired <= 57'd0;
		to_read <= 32'd0;
		to_write <= 32'd0;
		has_data <= 32'd0;
		written <= 32'd0;
		in_flight <= 6'd0;
		sum_valid <= 1'b0;
		sum_beat <= 1'b0;
		failed <= 1'b0;
	end
end

endmodule
