package ratelimit

// Held is how many projects are in memory.
func (b *Budget) Held() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.projects)
}

// Waiting is how many owners have a place in a line of the project.
func (b *Budget) Waiting(project string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.projects[project]
	if p == nil {
		return 0
	}
	length := 0
	for i := range p.lines {
		length += p.lines[i].length
	}
	if length != len(p.places) {
		panic("the lines and the index of places disagree")
	}
	return length
}
