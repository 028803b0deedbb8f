//go:build race

package tools_test

// raced tells that the race detector is on, with which megabytes take long.
const raced = true
