package command

import (
	"cmp"
	"flag"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// didYouMean is a question for a word that is none of the names, and a space after it;
// "" where none is near. Each name is shown with mark before it.
func didYouMean(word, mark string, names []string) string {
	found := nearest(word, names)
	if len(found) == 0 {
		return ""
	}
	return "did you mean " + mark + strings.Join(found, ", "+mark) + "? "
}

// nearest are the names that a word most likely stands for: those with the fewest letters
// to change, else those that it is a part of, the shortest first. Neither hyphens,
// underscores nor capitals count.
func nearest(word string, names []string) []string {
	const longest, most = 100, 3 // a comparison with more would take long, and a choice among more, too
	letters := lettersOf(word)
	if len(word) > longest || letters == "" {
		return nil
	}
	allowed := 1
	if len(letters) > 4 {
		allowed = max(2, len(letters)/4)
	}
	var near, parts []string
	for _, name := range names {
		switch distance := distanceOf(letters, lettersOf(name)); {
		case distance < allowed:
			near, allowed = []string{name}, distance
		case distance == allowed:
			near = append(near, name)
		}
		if len(letters) > 3 && strings.Contains(lettersOf(name), letters) {
			parts = append(parts, name)
		}
	}
	if len(near) == 0 {
		slices.SortStableFunc(parts, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
		near = parts
	}
	return near[:min(len(near), most)]
}

// distanceOf is how many letters differ; two that have changed places count as one.
func distanceOf(a, b string) int {
	distance := levenshtein.ComputeDistance(a, b)
	if distance == 2 && slices.Equal(slices.Sorted(strings.SplitSeq(a, "")), slices.Sorted(strings.SplitSeq(b, ""))) {
		return 1
	}
	return distance
}

func lettersOf(name string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
}

// callFlags are the flags of every command and of call, in a set of their own.
func callFlags(own *callCommand) *flag.FlagSet {
	fs := newFlagSet("")
	new(globals).register(fs)
	own.register(fs)
	return fs
}

func flagNames(flags *flag.FlagSet) (names []string) {
	flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

// dashed is what package flag says is wrong, with two dashes before names, as they are
// typed. undefined is the name of a flag that there is not, "" for another error.
func dashed(err error) (said, undefined string) {
	said = err.Error()
	const noFlag, noValue = "flag provided but not defined: -", "flag needs an argument: -"
	if name, ok := strings.CutPrefix(said, noFlag); ok {
		return noFlag + "-" + name, name
	}
	if name, ok := strings.CutPrefix(said, noValue); ok {
		return noValue + "-" + name, ""
	}
	for _, kind := range []string{"invalid value ", "invalid boolean value "} {
		rest, ok := strings.CutPrefix(said, kind)
		value, wrong := strconv.QuotedPrefix(rest)
		if !ok || wrong != nil {
			continue
		}
		before, after, ok := strings.Cut(rest[len(value):], " -") // the value could have anything in it
		if ok {
			return kind + value + before + " --" + after, ""
		}
	}
	return said, ""
}

// misplaced says more of a flag that there is not: that it is a tool's or another
// command's, or what it may have been meant as. It ends with where to look.
func misplaced(name string, args []string, all []*command, chosen *command, tools []definition) string {
	flags, look := callFlags(new(callCommand)), "; see --help"
	if chosen != nil {
		flags, look = chosen.flags, "; see "+chosen.name+" --help"
	}
	if chosen == nil || chosen.name == "call" {
		typed := slices.IndexFunc(tools, func(d definition) bool { return slices.Contains(args, d.Name) })
		for i, tool := range tools {
			if _, p := tool.property(name); p != nil && (typed < 0 || typed == i) {
				return ": it is an argument of a tool, and stands after the tool's name: " + program + " call " + tool.Name + " --" + name
			}
		}
	}
	if question := didYouMean(name, "--", flagNames(flags)); question != "" {
		return ": " + strings.TrimSpace(question) + strings.TrimPrefix(look, ";")
	}
	for _, c := range all {
		if slices.Contains(c.own, name) {
			return ": it is a flag of " + c.name + ", and stands after its name; see " + c.name + " --help"
		}
	}
	return look
}
