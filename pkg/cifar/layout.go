package cifar

import (
	"path"
	"slices"
	"strings"
)

// layout is what the two versions of a data set consist of.
type layout struct {
	name, title string
	files       []file
	labels      int    // label bytes of a binary record, the class last
	labelKey    string // of the class labels in the python version
	coarseKey   string
	meta        string // pickled class names
	namesKey    string // in meta
	coarseNames string
	namesFile   string // class names, a line each
	coarseFile  string
	classes     []string
	coarse      []string
}

// file holds images of a data set; its name in the binary version ends in .bin.
type file struct {
	name   string
	images int
	test   bool
}

var layouts = []*layout{
	{
		name: "cifar10", title: "CIFAR-10",
		files: []file{
			{"data_batch_1", 10_000, false},
			{"data_batch_2", 10_000, false},
			{"data_batch_3", 10_000, false},
			{"data_batch_4", 10_000, false},
			{"data_batch_5", 10_000, false},
			{"test_batch", 10_000, true},
		},
		labels:   1,
		labelKey: "labels",
		meta:     "batches.meta", namesKey: "label_names", namesFile: "batches.meta.txt",
		classes: strings.Fields("airplane automobile bird cat deer dog frog horse ship truck"),
	},
	{
		name: "cifar100", title: "CIFAR-100",
		files:    []file{{"train", 50_000, false}, {"test", 10_000, true}},
		labels:   2,
		labelKey: "fine_labels", coarseKey: "coarse_labels",
		meta: "meta", namesKey: "fine_label_names", coarseNames: "coarse_label_names",
		namesFile: "fine_label_names.txt", coarseFile: "coarse_label_names.txt",
		classes: strings.Fields(`apple aquarium_fish baby bear beaver bed bee beetle bicycle
			bottle bowl boy bridge bus butterfly camel can castle caterpillar cattle chair
			chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant
			flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion
			lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange
			orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum
			rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake
			spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger
			tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm`),
		coarse: strings.Fields(`aquatic_mammals fish flowers food_containers fruit_and_vegetables
			household_electrical_devices household_furniture insects large_carnivores
			large_man-made_outdoor_things large_natural_outdoor_scenes
			large_omnivores_and_herbivores medium_mammals non-insect_invertebrates people reptiles
			small_mammals trees vehicles_1 vehicles_2`),
	},
}

// find returns the index of the images file with the given path, or -1.
func (l *layout) find(name string) int {
	base := strings.TrimSuffix(path.Base(name), ".bin")
	return slices.IndexFunc(l.files, func(f file) bool { return f.name == base })
}

// isNames reports whether the file with the given path holds class names.
func (l *layout) isNames(name string) bool {
	base := path.Base(name)
	return base == l.meta || base == l.namesFile || l.coarseFile != "" && base == l.coarseFile
}

func (l *layout) train() int { return l.count(false) }
func (l *layout) test() int  { return l.count(true) }

func (l *layout) count(test bool) (n int) {
	for _, f := range l.files {
		if f.test == test {
			n += f.images
		}
	}
	return n
}

// archives names the official archives, for messages.
func (l *layout) archives() string {
	var names []string
	for _, a := range officialArchives {
		if a.dataset == l.name {
			names = append(names, a.name)
		}
	}
	return strings.Join(names, " or ")
}
