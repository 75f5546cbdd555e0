package workers

import "testing"

// TestOneJob has three processes share a job, and finds the truth in Redis.
func TestOneJob(t *testing.T) {
	s, dir := newShop(t, 3, 6000), t.TempDir()
	s.write(dir, "all", 4, 0, 6000)
	j := submit(t, newFleet(t, 3), s.options(dir))
	j.wait()
	if n := j.workers(); n != 3 {
		t.Errorf("%d processes have worked, want 3", n)
	}
	s.check(6000)
}
