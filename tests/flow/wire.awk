# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# `tcpdump -q -A` of SIP -> one line a message: in|out, method or "status method", branch of the top Via, Call-ID.

function flush_message() {
	if (first != "" && method != "")
		print direction, (first ~ /^[0-9]/ ? first " " method : first), branch, call_id
	first = method = branch = call_id = ""
}

/^[0-9:.]+ IP / {
	flush_message()
	direction = $5 ~ /\.1\.[0-9]+:$/ ? "in" : "out"
	next
}

first == "" && match($0, /[A-Z]+ sips?:[^ ]+ SIP\/2\.0$/) {
	first = substr($0, RSTART, RLENGTH)
	sub(/ .*/, "", first)
	# What precedes the payload ends in the UDP checksum, which may look like letters.
	if (match(first, /(INVITE|PRACK|ACK|BYE|CANCEL|OPTIONS|REGISTER|INFO|UPDATE|MESSAGE|REFER|SUBSCRIBE|NOTIFY|PUBLISH)$/))
		first = substr(first, RSTART)
}

first == "" && match($0, /SIP\/2\.0 [1-6][0-9][0-9] /) {
	first = substr($0, RSTART + 8, 3)
}

branch == "" && /^Via:/ && match($0, /branch=[^;,]*/) {
	branch = substr($0, RSTART + 7, RLENGTH - 7)
}

/^CSeq:/ && method == "" {
	method = $3
}

/^Call-ID:/ && call_id == "" {
	call_id = $2
}

END {
	flush_message()
}
