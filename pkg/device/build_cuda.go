//go:build cuda

package device

const hasCUDA = true
