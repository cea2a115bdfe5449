package cli

import "srn/pkg/device"

// Precision is what records say of the products: f32, or tf32.
func (c *Common) Precision() string {
	if c.TF32() {
		return "tf32"
	}
	return "f32"
}

// TF32 reports whether --device asks for convolutions whose factors are rounded.
func (c *Common) TF32() bool {
	p, err := device.ParsePlace(c.Device)
	return err == nil && p.TF32
}
