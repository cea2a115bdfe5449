// Command calibrate measures how often srn-report's conclusions are right: it
// simulates record files of runs whose truth is known, has each reported by the
// code of the command, and sets the rates at which the report is right or
// wrong beside those that it states.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
)

func main() {
	reports := flag.Int("reports", 1000, "simulated reports for each quantity")
	seed := flag.Uint64("seed", 1, "of the simulation")
	threads := flag.Int("threads", 2, "quantities measured at a time")
	only := flag.String("only", "", "part of the names of the quantities to be measured")
	flag.Parse()
	list := slices.DeleteFunc(quantities(), func(q quantity) bool { return !strings.Contains(q.name, *only) })
	rates, err := measure(list, *reports, *seed, *threads)
	if err != nil {
		fmt.Fprintln(os.Stderr, "calibrate:", err)
		os.Exit(1)
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "quantity\tnominal\tmeasured\treports\t")
	wrong := 0
	for i, q := range list {
		remark := ""
		if !q.holds(rates[i], 3) {
			remark = "does not hold"
			wrong++
		}
		fmt.Fprintf(t, "%s\t%s\t%.3f\t%d\t%s\n", q.name, q.nominal(), rates[i].value(), rates[i].of, remark)
	}
	t.Flush()
	if wrong > 0 {
		fmt.Fprintf(os.Stderr, "calibrate: %d of %d quantities do not hold\n", wrong, len(list))
		os.Exit(1)
	}
}

// measure measures all quantities, each with random numbers of its own.
func measure(list []quantity, reports int, seed uint64, threads int) ([]rate, error) {
	rates, errs := make([]rate, len(list)), make([]error, len(list))
	next := make(chan int)
	var workers sync.WaitGroup
	for range threads {
		workers.Go(func() {
			for i := range next {
				rates[i], errs[i] = simulate(list[i], reports, rand.New(rand.NewPCG(seed, uint64(i))))
			}
		})
	}
	for i := range list {
		next <- i
	}
	close(next)
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return rates, nil
}

// simulate measures one quantity in a folder of its own.
func simulate(q quantity, reports int, random *rand.Rand) (rate, error) {
	folder, err := os.MkdirTemp("", "calibrate-")
	if err != nil {
		return rate{}, err
	}
	defer os.RemoveAll(folder)
	return q.measure(&world{Rand: random, folder: folder}, reports)
}
