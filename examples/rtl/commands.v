// SPDX-License-Identifier: GPL-2.0-only
//
// Sends commands as long as there are credits, and says what the responses mean:
//
//	response_ok	it is done
//	response_again	it met a fault (PAGED), or came after another that did
//			(FLUSHED): send it again
//	neither		it failed
//
// After PAGED, an address error or a data error, the PSL answers all commands with
// FLUSHED until it has answered RESTART:
//
//	AFU	read 1  read 2  read 3                          RESTART      read 2  read 3 ...
//	PSL	                DONE 1  PAGED 2  FLUSHED 3               DONE
//	flushing _______________________--------------------------------------_____________
//
// RESTART is sent when all other commands have been answered. It is answered when
// the page is there.
`default_nettype none

module commands (
	input  wire		clock,
	input  wire		reset,
	input  wire		start,
	input  wire		running,
	input  wire [7:0]	croom,
	// What to send: the engine's command goes first
	input  wire		engine_valid,
	input  wire [12:0]	engine_code,
	input  wire [63:0]	engine_address,
	input  wire [11:0]	engine_size,
	output wire		engine_taken,
	input  wire		copy_valid,
	input  wire		copy_write,
	input  wire [4:0]	copy_slot,
	input  wire [63:0]	copy_address,
	output wire		copy_taken,
	input  wire [2:0]	abort_mode,
	// To the PSL
	output reg		cvalid,
	output reg  [7:0]	ctag,
	output reg		ctagpar,
	output reg  [12:0]	com,
	output reg		compar,
	output reg  [2:0]	cabt,
	output reg  [63:0]	cea,
	output reg		ceapar,
	output reg  [11:0]	csize,
	// From the PSL
	input  wire		rvalid,
	input  wire [7:0]	rtag,
	input  wire		rtagpar,
	input  wire [7:0]	response,
	input  wire [8:0]	rcredits,
	// What it means
	output reg		response_valid,
	output reg  [7:0]	response_tag,
	output reg  [7:0]	response_code,
	output wire		response_ok,
	output wire		response_again,
	output reg  [63:0]	restarts,
	output wire		bad_rtag,
	output reg		bad_restart
);

`include "commands.vh"

// Signed, since a response may return a negative number
reg signed [9:0] credits;
reg [7:0]	in_flight;
reg		flushing;	// until RESTART is answered
reg		restarting;	// RESTART has been sent

wire		may_send = running && !reset && credits > 10'sd0;
wire		restart_now = may_send && flushing && !restarting && in_flight == 8'd0;

assign engine_taken = may_send && !flushing && engine_valid;
assign copy_taken = may_send && !flushing && copy_valid && !engine_valid;

wire		send = engine_taken || copy_taken || restart_now;
wire [7:0]	tag = restart_now ? TAG_RESTART : engine_taken ? TAG_ENGINE : {3'd0, copy_slot};
wire [12:0]	code = restart_now ? RESTART : engine_taken ? engine_code :
		       copy_write ? WRITE_NA : READ_CL_NA;
wire [63:0]	address = restart_now ? 64'd0 : engine_taken ? engine_address : copy_address;
wire [11:0]	size = restart_now ? 12'd0 : engine_taken ? engine_size : 12'd128;

assign response_ok = response_code == DONE;
assign response_again = response_code == PAGED || response_code == FLUSHED;

// A response without a command is as bad as a wrong tag.
assign bad_rtag = rvalid && running && (rtagpar != ~^rtag || in_flight == 8'd0);

wire		answered = rvalid && running && !bad_rtag;

initial
	cvalid = 1'b0;

always @(posedge clock) begin
	cvalid <= send;
	if (send) begin
		ctag <= tag;
		ctagpar <= ~^tag;
		com <= code;
		compar <= ~^code;
		cabt <= abort_mode;
		cea <= address;
		ceapar <= ~^address;
		csize <= size;
	end

	response_valid <= answered;
	response_tag <= rtag;
	response_code <= response;

	in_flight <= in_flight + {7'd0, send} - {7'd0, answered};
	credits <= credits - {9'd0, send} + (answered ? {rcredits[8], rcredits} : 10'd0);

	bad_restart <= 1'b0;
	if (restart_now)
		restarting <= 1'b1;
	if (answered && rtag == TAG_RESTART) begin
		restarting <= 1'b0;
		flushing <= 1'b0;
		restarts <= restarts + 64'd1;
		bad_restart <= response != DONE;
	end else if (answered && (response == PAGED || response == AERROR ||
				  response == DERROR)) begin
		flushing <= 1'b1;
	end

	if (start)
		credits <= {2'b00, croom};

	if (reset) begin
		cvalid <= 1'b0;
		response_valid <= 1'b0;
		in_flight <= 8'd0;
		credits <= 10'd0;
		flushing <= 1'b0;
		restarting <= 1'b0;
		restarts <= 64'd0;
		bad_restart <= 1'b0;
	end
end

endmodule
