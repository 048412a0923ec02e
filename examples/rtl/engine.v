// SPDX-License-Identifier: GPL-2.0-only
//
// Follows a chain of work descriptors: fetches one, has its lines copied, writes
// the status into it, raises an interrupt and goes on with the next. The address of
// the first is the WED, or is written to the doorbell; 0 means none.
//
// A work descriptor is a line of 128 bytes, big-endian, at a multiple of 128. The
// program fills the first half, the AFU the second:
//
//	00 source, 08 destination	multiples of 128
//	10 length			in bytes, a multiple of 128
//	18 control	bit 0: raise interrupt 1 at the end
//			bit 1: compute the CRC only
//			bits 8:10: what commands do at a fault (ah_cabt)
//	20 next				the next work descriptor, or 0
//	28 seed				CRC of what came before, or 0
//
//	40 status	bit 63: it is over; bits 0:7: 0, or what is wrong: the PSL's
//			response to the command that failed; 80: invalid descriptor
//	48 done				bytes that are copied, from the start
//	50 crc				CRC-32 of these, as zlib's crc32()
//	58 address			of the command that failed
//	60 cycles, 68 restarts
//
// After an error the AFU leaves the chain. If it cannot read or write the work
// descriptor itself, it raises interrupt 2; the registers ADDRESS and RESULT say why.
`default_nettype none

module engine (
	input  wire		clock,
	input  wire		reset,
	input  wire		start,
	input  wire [63:0]	wed,
	input  wire		doorbell,
	input  wire [63:0]	doorbell_address,
	output wire		busy,
	output reg  [63:0]	last_address,
	output reg  [63:0]	last_status,
	output reg  [63:0]	cycles,
	// A command, one at a time
	output wire		valid,
	output reg  [12:0]	code,
	output reg  [63:0]	address,
	output reg  [11:0]	size,
	output wire [2:0]	abort_mode,
	input  wire		taken,
	input  wire		response_valid,
	input  wire [7:0]	response_tag,
	input  wire [7:0]	response_code,
	input  wire		response_ok,
	input  wire		response_again,
	input  wire [63:0]	restarts,
	// Its data
	input  wire [511:0]	descriptor,
	output wire [511:0]	status_line,
	// The lines
	output reg		copy_start,
	output wire [63:0]	copy_source,
	output wire [63:0]	copy_destination,
	output wire [56:0]	copy_lines,
	output wire		copy_without_write,
	output wire [31:0]	copy_seed,
	input  wire		copy_done,
	input  wire		copy_failed,
	input  wire [7:0]	copy_failed_code,
	input  wire [63:0]	copy_failed_address,
	input  wire [56:0]	lines_done,
	input  wire [31:0]	crc
);

`include "commands.vh"

localparam [2:0] IDLE = 0, FETCH = 1, CHECK = 2, COPY = 3, REPORT = 4, INTERRUPT = 5,
		 GIVE_UP = 6;

localparam [7:0] INVALID = 8'h80;

reg [2:0]	state;
reg		sent;		// the command of this state has been sent
reg [7:0]	result;
reg [63:0]	failed_address;
reg [63:0]	restarts_before;
reg		began;		// the descriptor is there, so its bits mean something

wire [63:0]	length = descriptor[383:320];
wire [63:0]	control = descriptor[319:256];
wire [63:0]	next = descriptor[255:192];

wire aligned = copy_source[6:0] == 7'd0 && length[6:0] == 7'd0 &&
	       (copy_without_write || copy_destination[6:0] == 7'd0);

assign copy_source = descriptor[511:448];
assign copy_destination = descriptor[447:384];
assign copy_lines = aligned ? length[63:7] : 57'd0;
assign copy_without_write = control[1];
assign copy_seed = descriptor[159:128];
assign abort_mode = began ? control[10:8] : 3'd0;

// Both beats are the same: the status is in the second half of the line.
assign status_line = {
	1'b1, 55'd0, result,
	lines_done, 7'd0,
	32'd0, crc,
	failed_address,
	cycles,
	restarts - restarts_before,
	128'd0
};

assign busy = state != IDLE;
assign valid = !sent && (state == FETCH || state == REPORT || state == INTERRUPT ||
			 state == GIVE_UP);

always @* begin
	code = READ_CL_NA;
	address = last_address;
	size = 12'd128;
	case (state)
	REPORT: begin
		code = WRITE_NA;
		address = last_address | 64'h40;
		size = 12'd64;
	end
	INTERRUPT: begin
		code = INTREQ;
		address = 64'd1;
		size = 12'd0;
	end
	GIVE_UP: begin
		code = INTREQ;
		address = 64'd2;
		size = 12'd0;
	end
	default: ;
	endcase
end

wire answered = response_valid && response_tag == TAG_ENGINE;

// begin_with: begin with the descriptor at an address; 0 means none
task begin_with(input [63:0] where);
	begin
		began <= 1'b0;
		if (where == 64'd0) begin
			state <= IDLE;
		end else begin
			last_address <= where;
			failed_address <= 64'd0;
			cycles <= 64'd0;
			restarts_before <= restarts;
			state <= FETCH;
			if (where[6:0] != 7'd0)
				give_up(INVALID);
		end
	end
endtask

task after_report;
	if (result == DONE)
		begin_with(next);
	else
		state <= IDLE;
endtask

task give_up(input [7:0] why);
	begin
		last_status <= {1'b1, 55'd0, why};
		state <= GIVE_UP;
	end
endtask

always @(posedge clock) begin
	copy_start <= 1'b0;

	if (busy)
		cycles <= cycles + 64'd1;
	if (taken)
		sent <= 1'b1;
	if (answered)
		sent <= 1'b0;		// after a fault, it is sent again

	case (state)
	IDLE: begin
		if (start)
			begin_with(wed);
		else if (doorbell)
			begin_with(doorbell_address);
	end
	FETCH: begin
		if (answered && response_ok)
			state <= CHECK;
		else if (answered && !response_again)
			give_up(response_code);
	end
	CHECK: begin
		began <= 1'b1;
		result <= aligned ? DONE : INVALID;
		// Even without lines, so that the results are those of this descriptor
		copy_start <= 1'b1;
		state <= COPY;
	end
	COPY: begin
		if (copy_done && !copy_start) begin
			if (copy_failed && result == DONE) begin
				result <= copy_failed_code;
				failed_address <= copy_failed_address;
			end
			state <= REPORT;
		end
	end
	REPORT: begin
		if (answered && response_ok) begin
			last_status <= status_line[511:448];
			if (control[0])
				state <= INTERRUPT;
			else
				after_report;
		end else if (answered && !response_again) begin
			give_up(response_code);
		end
	end
	INTERRUPT: begin
		if (answered && !response_again)
			after_report;
	end
	GIVE_UP: begin
		if (answered && !response_again)
			state <= IDLE;
	end
	default:
		state <= IDLE;
	endcase

	if (reset) begin
		state <= IDLE;
		sent <= 1'b0;
		began <= 1'b0;
		result <= DONE;
		last_address <= 64'd0;
		last_status <= 64'd0;
		cycles <= 64'd0;
		failed_address <= 64'd0;
		restarts_before <= 64'd0;
		copy_start <= 1'b0;
	end
end

// Not all bits of control and seed have a meaning.
wire unused = &{1'b0, control[63:11], control[7:2], descriptor[191:160], descriptor[127:0]};

endmodule
