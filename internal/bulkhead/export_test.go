package bulkhead

// Projects is how many are in memory.
func (b *Bulkhead) Projects() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.projects)
}
