# Packs short runs: joins lines, each the records of a run, until their epochs
# together would be more than most.

{
	epochs = match($0, /\/[0-9]+epochs\//) ? substr($0, RSTART + 1) + 0 : most
	if (line != "" && sum + epochs > most) {
		print line
		line = ""
		sum = 0
	}
	line = line (line == "" ? "" : " ") $0
	sum += epochs
}

END { if (line != "") print line }
