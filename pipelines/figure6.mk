# Figure 6 shows Table 3's times.
.PHONY: figure6
figure6: table3
