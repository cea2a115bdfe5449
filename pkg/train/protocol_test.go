package train

import "testing"

func TestProtocolsJoinWhatIsMissing(t *testing.T) {
	external, err := FindProtocol("external")
	if err != nil {
		t.Fatal(err)
	}
	for method, want := range map[string]string{
		"ce":         "ce+autoaugment+cutout+label-smoothing",
		"sam+cutout": "sam+cutout+autoaugment+label-smoothing",
	} {
		if got := external.Join(method); got != want {
			t.Errorf("%s under the external protocol is %s, want %s", method, got, want)
		}
	}
	if paper := Protocols()[0]; paper.Join("sam") != "sam" || paper.LR != 0.06 {
		t.Errorf("the paper's protocol: %+v", paper)
	}
	if _, err := FindProtocol("none"); err == nil {
		t.Error("no error of an unknown protocol")
	}
}
