package page

// thin returns which of n values to keep, in ascending order: at most maxPoints. Among them are the
// first, the last, the least and the greatest, and those for which keep returns true; of these the
// newest, if they are more than half of maxPoints. The others are the extremes of equal parts.
func thin(n int, value func(i int) int64, keep func(i int) bool) (kept []int) {
	if n <= maxPoints {
		for i := range n {
			kept = append(kept, i)
		}
		return kept
	}
	chosen := make([]bool, n)
	chosen[0], chosen[n-1] = true, true
	marked := 2
	for i := n - 2; i > 0 && marked < maxPoints/2; i-- {
		if keep(i) {
			chosen[i] = true
			marked++
		}
	}
	parts := (maxPoints - marked) / 2
	for part := range parts {
		from, to := part*n/parts, (part+1)*n/parts
		least, greatest := from, from
		for i := from; i < to; i++ {
			if value(i) < value(least) {
				least = i
			}
			if value(i) >= value(greatest) {
				greatest = i
			}
		}
		chosen[least], chosen[greatest] = true, true
	}
	for i, c := range chosen {
		if c {
			kept = append(kept, i)
		}
	}
	return kept
}
