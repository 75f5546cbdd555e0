package retail

import "container/heap"

// task is a function that runs at a time, epoch ms.
type task struct {
	at  int64
	seq uint64 // tasks of one time run in the order in which they were added
	run func()
}

// agenda holds the tasks to come, earliest first.
type agenda struct {
	tasks taskHeap
	seq   uint64
}

func (a *agenda) add(at int64, run func()) {
	a.seq++
	heap.Push(&a.tasks, &task{at, a.seq, run})
}

// next removes and returns the earliest task that is due by the given time.
func (a *agenda) next(by int64) (*task, bool) {
	if len(a.tasks) == 0 || a.tasks[0].at > by {
		return nil, false
	}
	return heap.Pop(&a.tasks).(*task), true
}

type taskHeap []*task

func (h taskHeap) Len() int      { return len(h) }
func (h taskHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h taskHeap) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	return h[i].seq < h[j].seq
}
func (h *taskHeap) Push(t any) { *h = append(*h, t.(*task)) }
func (h *taskHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return t
}
