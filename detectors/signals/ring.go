package signals

// A window slides in steps: it is a list of counts, of the step that is under way
// first and of those before it behind, newest to oldest. It covers its whole
// length, and up to one step more.

// age moves counts back by steps, and forgets those that leave the window.
func age[T uint8 | uint16](n []T, steps uint32) {
	switch {
	case steps == 0:
	case steps >= uint32(len(n)):
		clear(n)
	default:
		copy(n[steps:], n)
		clear(n[:steps])
	}
}

// raise counts one more in a step, as far as a count goes.
func raise[T uint8 | uint16](n *T) {
	if *n+1 != 0 {
		*n++
	}
}

// lower takes one back. A count that was forgotten stays 0.
func lower[T uint8 | uint16](n *T) {
	if *n > 0 {
		*n--
	}
}

// sum is the count of the whole window.
func sum[T uint8 | uint16](n []T) int {
	all := 0
	for _, v := range n {
		all += int(v)
	}
	return all
}

// move counts something in the present step that was counted in an earlier one,
// steps ago, or not at all.
func move[T uint8 | uint16](n []T, counted bool, steps uint32) {
	if counted {
		if steps == 0 {
			return
		}
		withdraw(n, steps)
	}
	raise(&n[0])
}

// withdraw takes back what was counted some steps ago.
func withdraw[T uint8 | uint16](n []T, steps uint32) {
	if steps < uint32(len(n)) {
		lower(&n[steps])
	}
}
