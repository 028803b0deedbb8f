package catalog

import "fmt"

// Verdict is how much a change matters to those who use a tool.
type Verdict string

// The verdicts, the worst first.
const (
	Breaking   Verdict = "breaking"   // calls or readers that worked may fail, or trust is misplaced
	Notable    Verdict = "notable"    // what a model reads, or what may come back, is different
	Compatible Verdict = "compatible" // everything that worked still works
)

// Values are all verdicts, the worst first.
func (Verdict) Values() []Verdict { return []Verdict{Breaking, Notable, Compatible} }

// rank is 0 for the worst.
func (v Verdict) rank() int {
	for i, known := range v.Values() {
		if v == known {
			return i
		}
	}
	return len(v.Values())
}

// Worst is the worst of verdicts, [Compatible] when there are none.
func Worst(verdicts ...Verdict) Verdict {
	worst := Compatible
	for _, v := range verdicts {
		if v.rank() < worst.rank() {
			worst = v
		}
	}
	return worst
}

const (
	maxDetails    = 20
	maxDetailText = 500 // runes
)

// Detail is one thing that changed, as a plain sentence without a full stop.
// Upstream text in it stands in quotation marks, shortened, its control and
// invisible characters shown as <U+202E>. A change has at most 20, the worst
// first, and then one that says "and N more", with the worst verdict of those.
type Detail struct {
	Verdict Verdict `json:"verdict"`
	Text    string  `json:"text"`
}

// details collects what a judgement finds, no more than is shown.
type details struct {
	kept  [3][]Detail // by rank
	count [3]int
}

func (d *details) add(v Verdict, format string, args ...any) {
	rank := v.rank()
	if d.count[rank]++; len(d.kept[rank]) < maxDetails {
		d.kept[rank] = append(d.kept[rank], Detail{v, shorten(fmt.Sprintf(format, args...), maxDetailText)})
	}
}

func (d *details) total() int { return d.count[0] + d.count[1] + d.count[2] }

func (d *details) list() []Detail {
	list := []Detail{}
	for rank, v := range Breaking.Values() {
		room := maxDetails - len(list)
		if d.count[rank] <= room {
			list = append(list, d.kept[rank]...)
			continue
		}
		list = append(list, d.kept[rank][:room]...)
		return append(list, Detail{v, fmt.Sprintf("and %d more", d.total()-maxDetails)})
	}
	return list
}
