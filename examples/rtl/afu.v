// SPDX-License-Identifier: GPL-2.0-only
//
// An AFU that copies memory and computes its CRC-32, in dedicated mode.
//
// The ports are those of every AFU for a POWER8 PSL, with the bits numbered as in
// IBM's documents: bit 0 is the most significant one. Inside, vectors are numbered
// as usual; an assignment keeps the leftmost bit leftmost.
//
//	job.v		reset, start, end of the AFU
//	mmio.v		registers, and the AFU descriptor
//	engine.v	follows a chain of work descriptors, one at a time
//	copy.v		copies lines, 32 of them at once
//	crc32.v		the CRC of 64 bytes in one cycle
//	commands.v	commands and responses: credits, restart after a fault
//	buffers.v	data of commands, and its parity
`default_nettype none

/* verilator lint_off LITENDIAN */
module afu (
	input  wire		ha_pclock,
	// Job
	input  wire		ha_jval,
	input  wire [0:7]	ha_jcom,
	input  wire		ha_jcompar,
	input  wire [0:63]	ha_jea,
	input  wire		ha_jeapar,
	output wire		ah_jrunning,
	output wire		ah_jdone,
	output wire		ah_jcack,
	output wire [0:63]	ah_jerror,
	output wire		ah_jyield,
	output wire		ah_tbreq,
	output wire		ah_paren,
	// Command
	input  wire [0:7]	ha_croom,
	output wire		ah_cvalid,
	output wire [0:7]	ah_ctag,
	output wire		ah_ctagpar,
	output wire [0:12]	ah_com,
	output wire		ah_compar,
	output wire [0:2]	ah_cabt,
	output wire [0:63]	ah_cea,
	output wire		ah_ceapar,
	output wire [0:15]	ah_cch,
	output wire [0:11]	ah_csize,
	// Buffer read: the PSL fetches the data of a write
	input  wire		ha_brvalid,
	input  wire [0:7]	ha_brtag,
	input  wire		ha_brtagpar,
	input  wire [0:5]	ha_brad,
	output wire [0:3]	ah_brlat,
	output wire [0:511]	ah_brdata,
	output wire [0:7]	ah_brpar,
	// Buffer write: the PSL delivers the data of a read
	input  wire		ha_bwvalid,
	input  wire [0:7]	ha_bwtag,
	input  wire		ha_bwtagpar,
	input  wire [0:5]	ha_bwad,
	input  wire [0:511]	ha_bwdata,
	input  wire [0:7]	ha_bwpar,
	// Response
	input  wire		ha_rvalid,
	input  wire [0:7]	ha_rtag,
	input  wire		ha_rtagpar,
	input  wire [0:7]	ha_response,
	input  wire [0:8]	ha_rcredits,
	input  wire [0:1]	ha_rcachestate,
	input  wire [0:12]	ha_rcachepos,
	// MMIO
	input  wire		ha_mmval,
	input  wire		ha_mmcfg,
	input  wire		ha_mmrnw,
	input  wire		ha_mmdw,
	input  wire [0:23]	ha_mmad,
	input  wire		ha_mmadpar,
	input  wire [0:63]	ha_mmdata,
	input  wire		ha_mmdatapar,
	output wire		ah_mmack,
	output wire [0:63]	ah_mmdata,
	output wire		ah_mmdatapar
);
/* verilator lint_on LITENDIAN */

// Job
wire		reset, start, running;
wire [63:0]	wed;
wire		bad_job, bad_mmio, bad_restart, bad_rtag, bad_brtag, bad_bwtag, bad_bwdata;

job job (
	.clock(ha_pclock),
	.jval(ha_jval), .jcom(ha_jcom), .jcompar(ha_jcompar), .jea(ha_jea), .jeapar(ha_jeapar),
	.jrunning(ah_jrunning), .jdone(ah_jdone), .jcack(ah_jcack), .jerror(ah_jerror),
	.fatal({bad_restart, bad_bwdata, bad_bwtag, bad_brtag, bad_rtag, bad_mmio, bad_job}),
	.reset(reset), .start(start), .running(running), .wed(wed), .bad_job(bad_job)
);

assign ah_jyield = 1'b0;	// no PSL has ever used it
assign ah_tbreq = 1'b0;		// the time is not needed here
assign ah_paren = 1'b1;		// all that we drive has the right parity

// Registers
wire		doorbell;
wire [63:0]	doorbell_address, last_address, last_status, cycles, restarts;
wire [56:0]	lines_done;
wire		busy;

mmio mmio (
	.clock(ha_pclock), .reset(reset),
	.mmval(ha_mmval), .mmcfg(ha_mmcfg), .mmrnw(ha_mmrnw), .mmdw(ha_mmdw),
	.mmad(ha_mmad), .mmadpar(ha_mmadpar), .mmdata(ha_mmdata), .mmdatapar(ha_mmdatapar),
	.ack(ah_mmack), .data(ah_mmdata), .datapar(ah_mmdatapar), .bad_mmio(bad_mmio),
	.doorbell(doorbell), .doorbell_address(doorbell_address),
	.running(running), .busy(busy), .last_address(last_address), .last_status(last_status),
	.lines_done(lines_done), .cycles(cycles), .restarts(restarts)
);

// Work
wire		engine_valid, engine_taken;
wire [12:0]	engine_code;
wire [63:0]	engine_address;
wire [11:0]	engine_size;
wire		copy_start, copy_done, copy_failed, copy_without_write;
wire [63:0]	copy_source, copy_destination, copy_failed_address;
wire [56:0]	copy_lines;
wire [31:0]	copy_seed, crc;
wire [7:0]	copy_failed_code;
wire [2:0]	abort_mode;
wire [511:0]	descriptor, status_line;
wire		response_valid, response_ok, response_again;
wire [7:0]	response_tag, response_code;

engine engine (
	.clock(ha_pclock), .reset(reset), .start(start), .wed(wed),
	.doorbell(doorbell), .doorbell_address(doorbell_address),
	.busy(busy), .last_address(last_address), .last_status(last_status), .cycles(cycles),
	.valid(engine_valid), .code(engine_code), .address(engine_address), .size(engine_size),
	.abort_mode(abort_mode), .taken(engine_taken),
	.response_valid(response_valid), .response_tag(response_tag),
	.response_code(response_code), .response_ok(response_ok),
	.response_again(response_again), .restarts(restarts),
	.descriptor(descriptor), .status_line(status_line),
	.copy_start(copy_start), .copy_source(copy_source), .copy_destination(copy_destination),
	.copy_lines(copy_lines), .copy_without_write(copy_without_write), .copy_seed(copy_seed),
	.copy_done(copy_done), .copy_failed(copy_failed), .copy_failed_code(copy_failed_code),
	.copy_failed_address(copy_failed_address), .lines_done(lines_done), .crc(crc)
);

wire		copy_valid, copy_write, copy_taken;
wire [4:0]	copy_slot, sum_slot;
wire [63:0]	copy_address;
wire		sum_beat;
wire [511:0]	sum_data;

copy copy (
	.clock(ha_pclock), .reset(reset),
	.start(copy_start), .source(copy_source), .destination(copy_destination),
	.lines(copy_lines), .without_write(copy_without_write), .seed(copy_seed),
	.done(copy_done), .failed(copy_failed), .failed_code(copy_failed_code),
	.failed_address(copy_failed_address), .lines_done(lines_done), .crc(crc),
	.valid(copy_valid), .write(copy_write), .slot(copy_slot), .address(copy_address),
	.taken(copy_taken),
	.response_valid(response_valid), .response_tag(response_tag),
	.response_code(response_code), .response_ok(response_ok),
	.response_again(response_again),
	.sum_slot(sum_slot), .sum_beat(sum_beat), .sum_data(sum_data)
);

// Commands and data
commands commands (
	.clock(ha_pclock), .reset(reset), .start(start), .running(running), .croom(ha_croom),
	.engine_valid(engine_valid), .engine_code(engine_code), .engine_address(engine_address),
	.engine_size(engine_size), .engine_taken(engine_taken),
	.copy_valid(copy_valid), .copy_write(copy_write), .copy_slot(copy_slot),
	.copy_address(copy_address), .copy_taken(copy_taken), .abort_mode(abort_mode),
	.cvalid(ah_cvalid), .ctag(ah_ctag), .ctagpar(ah_ctagpar), .com(ah_com),
	.compar(ah_compar), .cabt(ah_cabt), .cea(ah_cea), .ceapar(ah_ceapar), .csize(ah_csize),
	.rvalid(ha_rvalid), .rtag(ha_rtag), .rtagpar(ha_rtagpar), .response(ha_response),
	.rcredits(ha_rcredits),
	.response_valid(response_valid), .response_tag(response_tag),
	.response_code(response_code), .response_ok(response_ok),
	.response_again(response_again), .restarts(restarts),
	.bad_rtag(bad_rtag), .bad_restart(bad_restart)
);

assign ah_cch = 16'h0000;	// dedicated mode: there is one context

buffers buffers (
	.clock(ha_pclock), .reset(reset),
	.brvalid(ha_brvalid), .brtag(ha_brtag), .brtagpar(ha_brtagpar), .brad(ha_brad),
	.brlat(ah_brlat), .brdata(ah_brdata), .brpar(ah_brpar),
	.bwvalid(ha_bwvalid), .bwtag(ha_bwtag), .bwtagpar(ha_bwtagpar), .bwad(ha_bwad),
	.bwdata(ha_bwdata), .bwpar(ha_bwpar),
	.bad_brtag(bad_brtag), .bad_bwtag(bad_bwtag), .bad_bwdata(bad_bwdata),
	.sum_slot(sum_slot), .sum_beat(sum_beat), .sum_data(sum_data),
	.descriptor(descriptor), .status_line(status_line)
);

// Lines are not kept in the PSL's cache.
wire unused = &{1'b0, ha_rcachestate, ha_rcachepos};

endmodule
