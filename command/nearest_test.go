package command

import (
	"slices"
	"strings"
	"testing"
)

// What a word may have been meant as: few, the nearest, or nothing.
func TestNearest(t *testing.T) {
	for word, c := range map[string]struct{ names, want []string }{
		"bat":                    {[]string{"cat", "dog", "hat", "bath"}, []string{"cat", "hat", "bath"}},
		"bar":                    {[]string{"far", "war", "jar", "tar"}, []string{"far", "war", "jar"}},
		"orders":                 {[]string{"borders", "order-z", "orderXY"}, []string{"borders", "order-z"}},
		"ordres":                 {[]string{"ordxxs", "orders"}, []string{"orders"}}, // two letters that changed places
		"Get-Order":              {[]string{"get_order", "getOrders"}, []string{"get_order"}},
		"synchronise_targat":     {[]string{"synchronize_target"}, []string{"synchronize_target"}},
		"horse":                  {[]string{"house_a", "mouse"}, []string{"house_a", "mouse"}},
		"tool":                   {[]string{"list_all_tools", "list_tools", "too"}, []string{"too"}},
		"part":                   {[]string{"the_longer_part_of_it", "no", "a_larger_part"}, []string{"a_larger_part", "the_longer_part_of_it"}},
		"abc":                    {[]string{"xabcxx", "cbx"}, nil},
		"":                       {[]string{"a"}, nil},
		"--":                     {[]string{"a"}, nil},
		strings.Repeat("x", 200): {[]string{strings.Repeat("x", 199)}, nil},
	} {
		if got := nearest(word, c.names); !slices.Equal(got, c.want) {
			t.Errorf("%.20s: %v, want %v", word, got, c.want)
		}
	}
}
