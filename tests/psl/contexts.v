// SPDX-License-Identifier: GPL-2.0-only
//
// An AFU for four contexts at a time: a WED is the address of a line of 16 numbers,
// big-endian. Their sum goes to the line after it, and an interrupt follows.
//
// The tag of a context's commands is its handle.
`default_nettype none

module afu (
	input  wire		ha_pclock,
	input  wire		ha_jval,
	input  wire [0:7]	ha_jcom,
	input  wire		ha_jcompar,
	input  wire [0:63]	ha_jea,
	input  wire		ha_jeapar,
	output reg		ah_jrunning,
	output reg		ah_jdone,
	output reg		ah_jcack,
	output wire [0:63]	ah_jerror,
	output wire		ah_jyield,
	output wire		ah_tbreq,
	output wire		ah_paren,
	input  wire [0:7]	ha_croom,
	output reg		ah_cvalid,
	output reg  [0:7]	ah_ctag,
	output wire		ah_ctagpar,
	output reg  [0:12]	ah_com,
	output wire		ah_compar,
	output wire [0:2]	ah_cabt,
	output reg  [0:63]	ah_cea,
	output wire		ah_ceapar,
	output reg  [0:15]	ah_cch,
	output reg  [0:11]	ah_csize,
	input  wire		ha_brvalid,
	input  wire [0:7]	ha_brtag,
	input  wire		ha_brtagpar,
	input  wire [0:5]	ha_brad,
	output wire [0:3]	ah_brlat,
	output reg  [0:511]	ah_brdata,
	output wire [0:7]	ah_brpar,
	input  wire		ha_bwvalid,
	input  wire [0:7]	ha_bwtag,
	input  wire		ha_bwtagpar,
	input  wire [0:5]	ha_bwad,
	input  wire [0:511]	ha_bwdata,
	input  wire [0:7]	ha_bwpar,
	input  wire		ha_rvalid,
	input  wire [0:7]	ha_rtag,
	input  wire		ha_rtagpar,
	input  wire [0:7]	ha_response,
	input  wire [0:8]	ha_rcredits,
	input  wire [0:1]	ha_rcachestate,
	input  wire [0:12]	ha_rcachepos,
	input  wire		ha_mmval,
	input  wire		ha_mmcfg,
	input  wire		ha_mmrnw,
	input  wire		ha_mmdw,
	input  wire [0:23]	ha_mmad,
	input  wire		ha_mmadpar,
	input  wire [0:63]	ha_mmdata,
	input  wire		ha_mmdatapar,
	output reg		ah_mmack,
	output reg  [0:63]	ah_mmdata,
	output wire		ah_mmdatapar
);

localparam RESET = 8'h80, START = 8'h90, LLCMD = 8'h45;
localparam ADD = 16'h0005, REMOVE = 16'h0002;
localparam READ_PE = 13'h0a52, READ_CL_NA = 13'h0a00, WRITE_NA = 13'h0d00, INTREQ = 13'h0000;
localparam NONE = 3'd0, DESCRIBE = 3'd1, READ = 3'd2, WRITE = 3'd3, TELL = 3'd4, OVER = 3'd5;

reg [2:0]	state [0:3];
reg		waiting [0:3];
reg [63:0]	wed [0:3];
reg [63:0]	sum [0:3];
reg [1:0]	turn;
reg [63:0]	to_write;
reg [63:0]	sum_of_beat;
integer		i, j;

wire [1:0] added = ha_jea[62:63];
wire [1:0] delivered = ha_bwtag[6:7];
wire [1:0] answered = ha_rtag[6:7];

assign ah_cabt = 3'd0;
assign ah_brlat = 4'd1;
assign ah_jerror = 64'd0;
assign {ah_jyield, ah_tbreq, ah_paren, ah_ctagpar, ah_compar, ah_ceapar} = 6'd0;
assign {ah_brpar, ah_mmdatapar} = 9'd0;

always @* begin
	sum_of_beat = 64'd0;
	for (i = 0; i < 8; i = i + 1)
		sum_of_beat = sum_of_beat + ha_bwdata[64 * i +: 64];
end

task send(input [12:0] code, input [63:0] address, input [11:0] size);
	begin
		waiting[turn] <= 1'b1;
		ah_cvalid <= 1'b1;
		ah_ctag <= turn;
		ah_cch <= turn;
		ah_com <= code;
		ah_cea <= address;
		ah_csize <= size;
	end
endtask

// The data come two cycles after the request.
always @(posedge ha_pclock) begin
	to_write <= sum[ha_brtag[6:7]];
	ah_brdata <= {8{to_write}};
end

always @(posedge ha_pclock) begin
	ah_jdone <= 1'b0;
	ah_jcack <= 1'b0;
	ah_cvalid <= 1'b0;
	turn <= turn + 2'd1;

	// The WED is in bytes 116 to 123 of a process element.
	if (ha_bwvalid && state[delivered] == DESCRIBE && ha_bwad[5])
		wed[delivered] <= ha_bwdata[416:479];
	if (ha_bwvalid && state[delivered] == READ)
		sum[delivered] <= ha_bwad[5] ? sum[delivered] + sum_of_beat : sum_of_beat;

	if (ha_rvalid) begin
		waiting[answered] <= 1'b0;
		if (state[answered] != NONE)
			state[answered] <= ha_response == 8'd0 ? state[answered] + 3'd1 : OVER;
	end

	if (ah_jrunning && !waiting[turn])
		case (state[turn])
		DESCRIBE: send(READ_PE, 64'd0, 12'd128);
		READ: send(READ_CL_NA, wed[turn], 12'd128);
		WRITE: send(WRITE_NA, wed[turn] + 64'd128, 12'd8);
		TELL: send(INTREQ, 64'd1, 12'd0);
		default: ;
		endcase

	if (ha_jval && ha_jcom == LLCMD) begin
		ah_jcack <= 1'b1;
		if (ha_jea[0:15] == ADD)
			state[added] <= DESCRIBE;
		if (ha_jea[0:15] == REMOVE)
			state[added] <= NONE;
	end
	if (ha_jval && ha_jcom == START)
		ah_jrunning <= 1'b1;
	if (ha_jval && ha_jcom == RESET) begin
		for (j = 0; j < 4; j = j + 1) begin
			state[j] <= NONE;
			waiting[j] <= 1'b0;
		end
		turn <= 2'd0;
		ah_jrunning <= 1'b0;
		ah_jdone <= 1'b1;
	end

	// 1 interrupt, 4 processes, directed mode; no problem state area
	ah_mmack <= ha_mmval;
	ah_mmdata <= ha_mmcfg && ha_mmad == 24'd0 ? 64'h0001_0004_0000_8004 : 64'd0;
end

endmodule
