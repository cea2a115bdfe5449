# Prints what pending records cost. The first file lists them, a line each:
# DATASET/ARCH/EPOCHSepochs/ARM/seedN/KIND.jsonl.zst. The others are samples:
# …/ARCH/1epochs/ARM/seed0/sample.jsonl with images_per_second of a training,
# and lambda.jsonl with the seconds of one λ_max.

function number(key) {
	return match($0, "\"" key "\":[0-9.eE+-]+") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) + 0 : 0
}

FNR == 1 { n = split(FILENAME, path, "/") }

NR == FNR { pending[++lines] = $0; next }

path[n] == "sample.jsonl" && /"type":"epoch"/ { speed[path[n-4], path[n-2]] = number("images_per_second") }
path[n] == "lambda.jsonl" && /"lambda_max"/ { lambda[path[n-4]] = number("hessian_seconds") }

END {
	for (i = 1; i <= lines; i++) {
		if (split(pending[i], p, "/") < 6) continue
		row = p[1] " " p[2] " " p[4]
		epochs = p[3] + 0
		if (!(row in runs)) order[++rows] = row
		if (p[6] ~ /^fit/) {
			runs[row]++
			train[row] += epochs * 50000 / speed[p[2], p[4]] / 3600
		} else
			curve[row] += int((epochs + every - 1) / every) * lambda[p[2]] / 3600
	}
	printf "%-10s %-9s %-26s %5s %9s %10s %9s\n", "dataset", "network", "arm", "runs", "images/s", "training h", "λ_max h"
	for (i = 1; i <= rows; i++) {
		split(order[i], p, " ")
		printf "%-10s %-9s %-26s %5d %9.0f %10.2f %8.2f\n", p[1], p[2], p[3], runs[order[i]], speed[p[2], p[3]], train[order[i]], curve[order[i]]
		n1 += runs[order[i]]; n2 += train[order[i]]; n3 += curve[order[i]]
	}
	printf "%-10s %-9s %-26s %5d %9s %10.2f %8.2f\n", "all", "", "", n1, "", n2, n3
	printf "hours of this machine, one run after the other; 50,000 images an epoch; evaluation and other records not counted\n"
}
