//go:build cuda

package cli

const hasCUDA = true
