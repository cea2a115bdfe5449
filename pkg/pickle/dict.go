package pickle

// Dict is a dictionary in its order.
type Dict struct {
	Items []Item
	index map[string]int // of the keys that are text or bytes
}

// Item is a key with its value.
type Item struct{ Key, Value any }

// Get finds the value of a key that is text or bytes.
func (d *Dict) Get(key string) (any, bool) {
	i, ok := d.index[key]
	if !ok {
		return nil, false
	}
	return d.Items[i].Value, true
}

// set adds a key, which must be new where it is text or bytes.
func (d *Dict) set(key, value any) error {
	if s, ok := Text(key); ok {
		if _, ok := d.index[s]; ok {
			return Refusef("the pickle has the key %.100q twice", s)
		}
		if d.index == nil {
			d.index = map[string]int{}
		}
		d.index[s] = len(d.Items)
	}
	d.Items = append(d.Items, Item{key, value})
	return nil
}

// DictOf returns the dictionary that a value is: a dictionary, or an object
// that has items as one has, such as those of a class derived from dict.
func DictOf(v any) (*Dict, bool) {
	switch d := v.(type) {
	case *Dict:
		return d, true
	case *Object:
		return &d.Dict, len(d.Items) > 0
	}
	return nil, false
}

// Ints returns a list of whole numbers that fit 32 bits.
func Ints(v any) ([]int32, bool) {
	items, ok := itemsOf(v)
	if !ok {
		return nil, false
	}
	ints := make([]int32, len(items))
	for i, e := range items {
		n, ok := e.(int64)
		if !ok || n != int64(int32(n)) {
			return nil, false
		}
		ints[i] = int32(n)
	}
	return ints, true
}

// Strings returns a list of texts.
func Strings(v any) ([]string, bool) {
	items, ok := itemsOf(v)
	if !ok {
		return nil, false
	}
	texts := make([]string, len(items))
	for i, e := range items {
		if texts[i], ok = Text(e); !ok {
			return nil, false
		}
	}
	return texts, true
}

func itemsOf(v any) ([]any, bool) {
	switch l := v.(type) {
	case *List:
		return l.Items, true
	case Tuple:
		return l, true
	}
	return nil, false
}
