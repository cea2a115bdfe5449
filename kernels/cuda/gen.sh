#!/bin/sh
# Compiles every .cu to PTX for sm_75, those named *_tf32 for sm_80, which
# drivers compile for any newer card. The compiler is pinned: what it writes is committed and compared.
set -e
cd "$(dirname "$0")"
out=${1:-ptx}
clang=${CLANG:-clang++-19}
"$clang" --version | grep -q 'version 19\.1\.7' || { echo "gen.sh: needs clang 19.1.7 (Debian's clang-19)" >&2; exit 1; }
mkdir -p "$out"
for source in *.cu; do
	case $source in
	*_tf32.cu) card=sm_80 version=ptx70 ;;
	*) card=sm_75 version=ptx63 ;;
	esac
	"$clang" -x cuda --cuda-device-only --cuda-gpu-arch=$card --cuda-feature=+$version -nocudainc -nocudalib \
		-std=c++17 -O3 -ffp-contract=off -Wall -S "$source" -o - |
		sed -e '/^\/\//d' -e '/^[[:space:]]*\/\//d' -e '/^$/d' -e 's/[[:space:]]*\/\/.*$//' >"$out/${source%.cu}.ptx"
done
sha256sum *.cu *.cuh gen.sh >"$out/sources.sha256"
