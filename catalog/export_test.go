package catalog

// Canonical is a tool's canonical form as text, over which it is hashed.
func Canonical(t Tool) ([]byte, error) {
	root, err := new(decoder).canonical(t)
	if err != nil {
		return nil, err
	}
	return appendValue(nil, root), nil
}
